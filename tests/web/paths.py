"""The paths of the server, as its documentation has them."""

import re
from pathlib import Path

AUTHORIZE = "/restapi/oauth/authorize"
CALLS = "/restapi/v1.0/account/~/call-log"
REDIRECT_URI = "http://localhost:5000/oauth2callback"

_ROW = re.compile(r"^\| `(/\S*)` \| ([A-Z, ]+) \| (.+) \|$", re.MULTILINE)
ENDPOINTS: list[tuple[str, frozenset[str], bool]] = [
    (path.replace("{", "").replace("}", ""), frozenset(methods.split(", ")), "page" in errors)
    for path, methods, errors in _ROW.findall((Path(__file__).parents[2] / "docs/endpoints.md").read_text())
]
"""Every path of the documentation with something for its ids, its methods, and whether it serves pages."""

assert ENDPOINTS, "the table of docs/endpoints.md is written in another way now"
