"""The moment of a decision: the only random values and settings it may use. Its time is the facts' `now_ms`."""

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
    """Drawn by the service before the transaction; the store stamps the time into the facts, inside it."""

    fresh: Fresh
    policy: Policy
