"""What is said of one operation, beyond what its row in the table says already."""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from callgate.model.faults import Fault
from callgate.model.operation import Operation
from callgate.web.openapi.schema import Kind, Named

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


class Tag(Enum):
    """What an operation is about: the chapters of the document."""

    TOKENS = "Tokens"
    SIGN_IN = "Sign-in"
    DISCOVERY = "Discovery"
    ACCOUNT = "Account"
    QUEUES = "Call queues"
    CALLS = "Call log"
    ROLES = "Roles and permissions"
    CREDENTIALS = "JWT credentials"
    SERVER = "Server"


class Proof(Enum):
    """What a caller proves itself by."""

    NOTHING = "nothing"
    CLIENT = "client"
    BEARER = "bearer"


class Parameter(NamedTuple):
    """One parameter of a query. One that `repeats` may be sent several times."""

    name: str
    kind: Kind
    required: bool = False
    repeats: bool = False


class Link(NamedTuple):
    """A way on: what stands at `pointer` in a reply is the `name` in another operation's path."""

    operation_id: str
    name: str
    pointer: str


class Answer(NamedTuple):
    """A reply: what it means, and what its body is. `kind` None: there is none."""

    about: str
    kind: Kind | None = None
    media: str = JSON
    leads: tuple[Link, ...] = ()


class Body(NamedTuple):
    """What a request brings. `media` is its one content type."""

    kind: Kind
    media: str = JSON


class Described(NamedTuple):
    """An operation as the document has it. `refusals` are the rows of the catalogue it may answer with.

    `scope` is what a bearer's app must have; `is_oauth` says whose envelope refusals wear.
    """

    id: str
    tag: Tag
    summary: str
    answers: Mapping[int, Answer]
    about: str = ""
    query: tuple[Parameter, ...] = ()
    body: Body | None = None
    proof: Proof = Proof.NOTHING
    scope: str | None = None
    refusals: tuple[Fault, ...] = ()
    is_oauth: bool = False


class Told(NamedTuple):
    """The same of an operation of the resource API, whose row says the rest. `shows` None: it answers with 204.

    `refusals` are those that no other operation has. `is_refused`: there is no other answer.
    """

    operation: Operation
    id: str
    tag: Tag
    shows: Named | None
    query: tuple[Parameter, ...] = ()
    takes: Named | None = None
    status: int = 200
    leads: tuple[Link, ...] = ()
    refusals: tuple[Fault, ...] = ()
    is_refused: bool = False


Descriptions = Mapping[tuple[str, str], Described]
"""By method and path."""
