"""Where several processes count together: a Redis or Valkey server, as settings name it."""

from typing import NamedTuple


class CounterStore(NamedTuple):
    """The server, the number of its database, and how to come in. `ca_file` None trusts the system's authorities.

    `wait_ms` is the longest that a request waits for it.
    """

    host: str
    port: int
    database: int
    user: str | None
    tls: bool
    ca_file: str | None
    password: str | None = None
    wait_ms: int = 250

    def __repr__(self) -> str:
        return f"CounterStore({self.host}:{self.port}/{self.database})"
