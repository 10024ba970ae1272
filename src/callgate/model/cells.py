"""Cells: several databases behind one public URL, and what tells whose a request is (docs/cells.md)."""

from dataclasses import field
from enum import Enum
from typing import NamedTuple

from callgate.model.lookups import Lookup
from callgate.model.value import value


class Held(Enum):
    """What a cell may have, as cells ask each other."""

    CLIENT = "client"
    """An app, by its client id."""

    SERVICE = "service"
    """An account that lets this app in without a user."""

    ACCOUNT = "account"
    EXTENSION = "extension"
    LOGIN = "login"
    """Whoever a login name means, or the company whose number it begins with."""

    PROVIDER = "provider"
    """The identity provider that a login name leads to."""

    CONNECTION = "connection"
    PASSKEY = "passkey"
    DEVICE = "device"
    """A device's code, by its row: it may have gone from the cell where it began to that of its person."""


@value
class Question:
    """Whether a cell has this."""

    held: Held
    word: str = field(repr=False)


@value
class AccountHeldLookup(Lookup[bool]):
    """Whether there is an account of this id."""

    account_id: int


@value
class ExtensionHeldLookup(Lookup[bool]):
    """Whether there is an extension of this id."""

    extension_id: int


class Clue(NamedTuple):
    """What of a request tells whose it is, the strongest first.

    Args:
        cell: the cell that a token, a code or a person's code names.
        client_id: the app, which nearly always is in one cell.
        question: what decides where the app is in several.
        kept: the cell that this browser was at last, or at which this device began.
    """

    cell: str | None = None
    client_id: str | None = None
    question: Question | None = None
    kept: str | None = None

    def __repr__(self) -> str:
        return f"Clue(cell={self.cell!r}, …)"


HERE = Clue()
"""Nothing tells: whoever is asked answers."""


class Neighbour(NamedTuple):
    """Another cell, and where its door is for us."""

    cell: str
    url: str


class Errand(Enum):
    """What a cell sends a request for. A note for one is none for another."""

    FORWARDED = "forwarded"
    """Somebody's request, on its way to the cell it belongs to."""

    QUESTION = "question"
    HELLO = "hello"


class Head(NamedTuple):
    """All of a request that travels between cells but its body: path and query as they came, the fields in order."""

    method: str
    target: bytes
    fields: tuple[tuple[bytes, bytes], ...] = ()

    def __repr__(self) -> str:
        return f"Head({self.method}, …)"


class Note(NamedTuple):
    """What the cell that sends a request says of it, proven by a key that only cells have.

    Args:
        nonce: is good once.
        body_sha256: base64url; so the note can be checked before the body is read.
    """

    errand: Errand
    sender: str
    to: str
    at_ms: int
    network: str
    request_id: str
    nonce: str
    body_sha256: str
