"""References: what a code, an access token and a refresh token say once they are opened (ruling 1)."""

from enum import StrEnum
from typing import NamedTuple

from callgate.model.ids import AccountId, RowId


class TokenKind(StrEnum):
    """What a reference is for. The kind is bound into the seal and stands nowhere in the token."""

    CODE = "code"
    ACCESS = "access"
    REFRESH = "refresh"
    DEVICE = "device"


class Reference(NamedTuple):
    """A place in a session: its row, the secret only a token's holder brings, and the generation.

    Or a waiting device's row, in the account of its app, at generation 0.

    `secret` is 20 bytes. A code is generation 0, the first tokens generation 1. `key_number` names the root
    the token is sealed with; the row keeps it, so that a repeat gives the same string after a rotation.
    """

    kind: TokenKind
    account_id: AccountId
    row_id: RowId
    secret: bytes
    generation: int
    key_number: int

    def __repr__(self) -> str:
        return f"Reference({self.kind.value}, row_id={self.row_id}, generation={self.generation}, …)"
