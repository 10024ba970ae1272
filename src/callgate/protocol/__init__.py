"""Pure judgement: `decide(request, facts, evidence, moment) -> Decision`.

Floor 1. No I/O, no clock, no randomness, no logging; no `await`, `raise` or `try`. A denial is a value.
"""
