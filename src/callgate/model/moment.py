"""The moment of a decision: the one time and the only random values it may use."""

from typing import NamedTuple

from callgate.model.ids import RowId
from callgate.model.policy import Policy


class Fresh(NamedTuple):
    """Random values drawn before the transaction; a decision that opens something uses them, others leave them."""

    row_id: RowId
    secret: bytes
    secret_sha256: bytes
    endpoint_id: str
    key_number: int

    def __repr__(self) -> str:
        return f"Fresh(row_id={self.row_id}, …)"


class Moment(NamedTuple):
    """`now_ms` is stamped by the store inside the transaction: one clock per cell."""

    now_ms: int
    fresh: Fresh
    policy: Policy
