"""Faults of outside issuers' tokens: rows of the catalogue in faults.py (RFC 7523 section 3).

The signature is checked before anything is said of the claims, so whoever reads these holds a token the issuer signed.
"""

from callgate.model.faults import Fault

TOKEN_UNSIGNED = Fault(
    code="CGT-220",
    error="invalid_grant",
    text="The issuer's keys do not verify this token",
    remedy="Send the token whole, as its issuer gave it out just now. Where keys are given as a file, "
    "`callgate issuers change TRUST --jwks FILE` brings new ones; `callgate issuers check` says what is missing.",
)
TOKEN_AUDIENCE = Fault(
    code="CGT-221",
    error="invalid_grant",
    text="The token is for another audience",
    remedy="Ask the issuer for a token whose aud is the audience trusted, and no other: `callgate issuers show TRUST`.",
)
TOKEN_TIME = Fault(
    code="CGT-222",
    error="invalid_grant",
    text="The token is expired, not valid yet, or valid for too long",
    remedy="Ask the issuer for a token just before it is used; `callgate issuers change TRUST --life-max-s …` accepts "
    "longer-lived ones, and a minute of difference between clocks is forgiven.",
)
TOKEN_CONDITIONS = Fault(
    code="CGT-223",
    error="invalid_grant",
    text="The token does not meet the conditions under which its issuer is trusted",
    remedy="Ask which claim differs, `callgate issuers check TRUST FILE`; mend it: `callgate issuers change`.",
)
TOKEN_SPENT = Fault(
    code="CGT-224",
    error="invalid_grant",
    text="The token was presented before",
    remedy="Ask the issuer for a new token for each exchange, and keep the access token while it lives. Where the "
    "issuer hands out one token for an hour (Kubernetes volumes): `callgate issuers change TRUST --repeatable`.",
)
TOKEN_NOT_TRUSTED = Fault(
    code="CGT-225",
    error="invalid_grant",
    text="The token's issuer is not trusted for this application",
    remedy="Have it trusted for this app, spelled as iss in the token: `callgate issuers trust`.",
)
