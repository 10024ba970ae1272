"""Keys as rows: what is stored of a root or a signing key, always wrapped (architecture.md, idea 3)."""

from enum import Enum, IntEnum
from typing import NamedTuple


class KeyUse(Enum):
    """What a key is for. Each use has its own keys and its own rotation."""

    SEALING = "sealing"
    """A root: everything symmetric is derived from it."""

    JWT_CREDENTIAL = "jwt_credential"
    """RSA pair that signs JWT credentials (RS256)."""

    ID_TOKEN_RS256 = "id_token_rs256"
    """RSA pair that signs ID tokens."""

    ID_TOKEN_ES256 = "id_token_es256"
    """P-256 pair that signs the ID tokens of apps that ask for ES256."""


class KeyState(IntEnum):
    """A key's life: known to every node, then in use, then kept while anything made with it can live."""

    PUBLISHED = 1
    ACTIVE = 2
    RETIRED = 3


class StoredKey(NamedTuple):
    """One key as stored: `wrapped` opens only with the key-encryption key, which the database does not hold.

    `number` counts from 1 within a use. Times are milliseconds since 1970; None until it happened.
    """

    use: KeyUse
    number: int
    state: KeyState
    wrapped: bytes
    published_ms: int
    active_ms: int | None
    retired_ms: int | None

    def __repr__(self) -> str:
        return f"StoredKey({self.use.value}, number={self.number}, {self.state.name}, …)"
