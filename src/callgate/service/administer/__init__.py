"""Administrative acts carried out: mint and hash, decide in one transaction, hand secrets out once.

A noun per module. The judgement stands in `protocol/administer`; who may ask is for the caller to know: the command
line is its operator's.
"""
