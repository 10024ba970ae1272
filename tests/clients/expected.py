"""What every client must see, whichever it is: the wire's figures and refusals."""

from collections.abc import Iterable

HOUR_S = 3600
WEEK_S = 604_800

CALLS = {"records": 100, "page": 1, "extensions": "several", "foreignAddresses": []}
"""The first page of the company's call log, with addresses that lead back to this server."""

ANSWERED = {"status": 200}

SUPERSEDED = {"status": 401, "code": "OAU-129"}
"""What the API says to an access token that a refresh replaced (protocol.md E.2, ruling 3)."""

ENDED = {"status": 401, "code": "OAU-213"}
"""What the API says to a token of a session that is over (ruling 3)."""


def granted(owner_id: str, scopes: Iterable[str], *, refresh_expires_in: int | None = WEEK_S) -> dict[str, object]:
    """The terms of a fresh token reply (protocol.md D.3), as the scripts report them."""
    terms: dict[str, object] = {"token_type": "bearer", "expires_in": HOUR_S}
    if refresh_expires_in is not None:
        terms["refresh_token_expires_in"] = refresh_expires_in
    return terms | {"scope": sorted(scopes), "owner_id": owner_id}
