"""Administrative acts as pure judgement: each takes what is wanted and fresh facts, and gives changes or a refusal.

A noun per module, as in `admin` and `service/administer`. Asking people and minting secrets belong there.
"""
