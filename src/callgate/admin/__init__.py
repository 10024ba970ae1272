"""The command line: a noun per module, and what development needs (serve, dev, demo, seed).

Floor 3. A command is a frozen value of options and an async function that gives a view; asking, printing and errors
stand in `command`, `asking` and `view`. What commands need is built by app.py and reaches them as `Composition`.
"""
