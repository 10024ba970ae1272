"""Values: what Callgate knows, decides and writes.

Floor 0. Nothing here reads a clock, draws a random number or talks to anything; every module is a page of immutable
values and the few sums that belong to them.
"""
