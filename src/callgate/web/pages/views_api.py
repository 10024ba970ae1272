"""What the reference of the programming interface shows: chapters, operations and shapes."""

from dataclasses import dataclass
from typing import NamedTuple


class ApiField(NamedTuple):
    """A parameter or a member. `shape` names the shape its `kind` leads to."""

    name: str
    kind: str
    shape: str | None
    about: str
    is_required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiOperation:
    """One method of one path. `takes` and `gives`: what bodies may be, each in words and by the shape it leads to."""

    id: str
    method: str
    path: str
    summary: str
    about: str
    parameters: tuple[ApiField, ...]
    takes: tuple[tuple[str, str | None], ...]
    gives: tuple[tuple[str, str | None], ...]
    replies: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiChapter:
    """Operations that are about one thing."""

    name: str
    about: str
    operations: tuple[ApiOperation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiShape:
    """An object with a name, as it is sent or answered."""

    name: str
    about: str
    fields: tuple[ApiField, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiPage:
    """The reference of the programming interface. Its words are English, like the wire's."""

    document_url: str
    chapters: tuple[ApiChapter, ...]
    shapes: tuple[ApiShape, ...]
