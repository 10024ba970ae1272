"""The setting `limits.store` read: `memory`, or where Redis is."""

import re
from typing import Final
from urllib.parse import urlsplit

from callgate.model.counters import CounterStore

MEMORY: Final = "memory"

_PORT: Final = 6379
_SCHEMES: Final = {"redis": False, "rediss": True}
_DATABASE: Final = re.compile(r"/?|/[0-9]{1,4}", re.ASCII)
_FORM: Final = "must be memory, or redis://HOST:PORT/DATABASE, or the same with rediss:// for TLS"


def counter_store(text: str) -> CounterStore | None:
    """Where the store is; None for this process's memory. Raises ValueError, which shows nothing of the text."""
    if text == MEMORY:
        return None
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(_FORM) from None
    if parts.password is not None:
        raise ValueError("must not hold a password: set limits.store_password_file or limits.store_password")
    if parts.scheme not in _SCHEMES or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(_FORM)
    if not _DATABASE.fullmatch(parts.path):
        raise ValueError(_FORM)
    return CounterStore(
        host=parts.hostname,
        port=port or _PORT,
        database=int(parts.path[1:] or 0),
        user=parts.username,
        tls=_SCHEMES[parts.scheme],
        ca_file=None,
    )
