"""JSON Schema (2020-12, as OpenAPI 3.1 has it) in a few words: what a text, a number, an object of the wire may be."""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import NamedTuple

Schema = Mapping[str, object]


class Named(NamedTuple):
    """A schema that others refer to by its name."""

    name: str
    schema: Schema


class Maybe(NamedTuple):
    """A member that may be absent."""

    schema: "Schema | Named"


Kind = Schema | Named


def text(about: str = "", *, pattern: str = "", form: str = "", least: int = 0, most: int = 0) -> Schema:
    """A string. `form` is a format of JSON Schema's, such as `uri`."""
    return _kept(
        type="string", description=about, pattern=pattern, format=form, minLength=least or None, maxLength=most or None
    )


def whole(about: str = "", *, least: int | None = None, most: int | None = None) -> Schema:
    """A whole number."""
    return _kept(type="integer", description=about, minimum=least, maximum=most)


def amount(about: str = "") -> Schema:
    """Any number."""
    return _kept(type="number", description=about)


def flag(about: str = "") -> Schema:
    """A boolean."""
    return _kept(type="boolean", description=about)


def words(about: str, among: Iterable[str] | type[Enum]) -> Schema:
    """One of a few strings."""
    values = [member.value for member in among] if isinstance(among, type) else list(among)
    return _kept(type="string", description=about, enum=values)


def many(of: Kind, about: str = "", *, least: int | None = None, most: int | None = None) -> Schema:
    """An array."""
    return {**_kept(type="array", description=about, minItems=least, maxItems=most), "items": of}


def nullable(of: Schema) -> Schema:
    """The same, or null."""
    return {**of, "type": [of["type"], "null"]}


def anything(about: str) -> Schema:
    """An object whose members are somebody else's."""
    return {"type": "object", "description": about}


def part(**members: Kind | Maybe) -> Schema:
    """An object: every member is there, unless it is a Maybe."""
    described = {name: kind.schema if isinstance(kind, Maybe) else kind for name, kind in members.items()}
    required = [name for name, kind in members.items() if not isinstance(kind, Maybe)]
    return {"type": "object", "properties": described} | ({"required": required} if required else {})


def record(called: str, about: str, /, **members: Kind | Maybe) -> Named:
    """An object with a name of its own."""
    return Named(called, {"description": about, **part(**members)})


def wider(called: str, narrower: Named, /, **members: Kind | Maybe) -> Named:
    """Everything another object has, and more."""
    before, more = narrower.schema, part(**members)
    return Named(
        called,
        {
            **before,
            "properties": {**_members(before), **_members(more)},
            "required": [*_required(before), *_required(more)],
        },
    )


def _members(schema: Schema) -> Mapping[str, object]:
    found = schema["properties"]
    assert isinstance(found, Mapping)
    return found


def _required(schema: Schema) -> list[str]:
    found = schema.get("required", [])
    assert isinstance(found, list)
    return found


def _kept(**keywords: object) -> dict[str, object]:
    return {name: value for name, value in keywords.items() if value not in (None, "")}
