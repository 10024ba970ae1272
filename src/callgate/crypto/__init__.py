"""Keys, hashes, seals and signatures.

Floor 1. What belongs here turns bytes into bytes or proofs; what a proof allows is judged in `protocol`.
Randomness is read in `entropy` alone, and time is always a parameter.
"""
