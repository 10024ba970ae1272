"""The async shell: proves what is slow, asks the store, seals after the commit.

Floor 2. Modules are named after what they serve; the judgement itself stands in `protocol`.
"""
