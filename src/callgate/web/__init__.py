"""HTTP and HTML: bounded requests in, replies and pages out.

Floor 3. Imports `service` and `model` alone; what is decided is decided below.
"""
