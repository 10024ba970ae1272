"""A SAML document held against the connection it is for: the question, and what is told of each check."""

from dataclasses import dataclass
from typing import NamedTuple

from callgate.model.connection import Connection
from callgate.model.ids import AccountId

CONNECTION, SWITCH, PERSON, USE = "connection", "switch", "person", "use"
"""What is asked besides the document's own checks, by the names of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A document as it was saved, for which grant or page, and what is known of where it belongs."""

    content: bytes
    for_grant: bool
    account_id: AccountId | None = None
    connection: str | None = None
    at_ms: int | None = None


class Answer(NamedTuple):
    """One check, by its name; `mistake` is None where it passes."""

    check: str
    mistake: str | None


class Report(NamedTuple):
    """The connection that the document was held against, and what was found."""

    connection: Connection
    place: str
    answers: tuple[Answer, ...]
