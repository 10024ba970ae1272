"""SQL: the port every store keeps, the only SELECTs (`load…`), the only writes (`save…`), and the engines.

Floor 1. Engines know nothing of OAuth; they load facts, call a decision, save its changes, and commit.
"""
