"""Limits and lifetimes the protocol is judged by. Each number carries its reason or its source."""

from enum import Enum
from typing import NamedTuple

ACCESS_TTL_MIN_S = 600
"""protocol.md D.1: below means this, never an error."""

ACCESS_TTL_MAX_S = 3600
"""protocol.md D.1: above means the app's default."""

REFRESH_TTL_DEFAULT_S = 604_800
"""Seven days (protocol.md D.1)."""

REFRESH_TTL_MAX_S = 2_592_000
"""Thirty days, the newest specification's bound; an app's own default is the bound for its requests."""

CODE_TTL_S = 60
"""protocol.md C.3; ASVS 10.4.3 asks for a minute at level 3."""

REPEAT_UNUSED_MS = 60 * 60 * 1000
"""A refresh may be repeated this long while its access token is unused (protocol.md E.2)."""

REPEAT_USED_MS = 10 * 1000
"""…and this long after that token's first use."""

CODE_REPEAT_GRACE_MS = 10 * 1000
"""A code sent twice within this is a page's double submit, not a thief."""

SESSION_CAP = 5
"""Sessions of one person with one app (protocol.md E.4); an app may set 1 to 100."""

SESSION_CAP_MAX = 100
"""An app's bound on its own session cap."""

CREDENTIAL_USE_STEP_MS = 60 * 60 * 1000
"""A JWT credential's last use is recorded this coarsely, so that a busy job writes it once an hour."""


class Statuses(Enum):
    """HTTP statuses of token-endpoint faults: as observed on the platform, or as RFC 6749 says (ruling 18)."""

    OBSERVED = "observed"
    RFC = "rfc"
    VENDOR = "vendor"


class Policy(NamedTuple):
    """The server's own settings a decision may depend on."""

    issuer: str
    statuses: Statuses = Statuses.OBSERVED
    query_tokens: bool = True
    sign_in_ttl_s: int = 12 * 3600
    remembered_sign_in_ttl_s: int = 30 * 24 * 3600
    password_chars_min: int = 12
    password_strength_min: int = 3
