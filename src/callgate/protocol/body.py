"""Reading the members of a JSON body one by one: present or not, and of the type they must have.

The counterpart of protocol/query.py: the reader remembers the first member that cannot be meant as it stands, by its
path (`contact.email`, `records[2].id`). null counts as absent, unknown members are never looked at. Which members
there are and what they mean does not belong here.
"""

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache
from typing import TypeVar

from callgate.model import api_faults
from callgate.model.decisions import Denied
from callgate.model.faults import Fault
from callgate.model.ids import read_id

E = TypeVar("E", bound=Enum)


@cache
def _spelled(among: type[E]) -> Mapping[str, E]:
    return {member.value: member for member in among}


class BodyReader:
    """Gives members by name; `refused` is the denial for the first bad one of the whole body."""

    __slots__ = ("_members", "_path", "_refusals")

    def __init__(self, members: Mapping[str, object], *, path: str = "", refusals: list[Denied] | None = None) -> None:
        self._members = members
        self._path = path
        self._refusals = [] if refusals is None else refusals

    @property
    def refused(self) -> Denied | None:
        """The first refusal, of this reader or of one for a part of the body."""
        return self._refusals[0] if self._refusals else None

    def has(self, name: str) -> bool:
        """Whether the member is there, and not null."""
        return self._members.get(name) is not None

    def has_any(self, names: frozenset[str]) -> bool:
        """Whether one of the members is there, null or not."""
        return not names.isdisjoint(self._members)

    def text(self, name: str) -> str | None:
        """A string."""
        value = self._members.get(name)
        if value is None or isinstance(value, str):
            return value
        self.refuse(name, "not a text")
        return None

    def line(self, name: str, *, most: int) -> str | None:
        """A string of at most so many characters, all of which can be printed; an empty one counts as absent."""
        value = self._members.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, str) and len(value) <= most and value.isprintable():
            return value
        self.refuse(name, f"not a line of at most {most} printable characters")
        return None

    def word(self, name: str, *, form: re.Pattern[str]) -> str | None:
        """A string of a form, or a number whose digits have it; an empty one counts as absent."""
        value = self._members.get(name)
        if value is None or value == "":
            return None
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if isinstance(text, str) and form.fullmatch(text):
            return text
        self.refuse(name, f"not of the form {form.pattern}")
        return None

    def flag(self, name: str) -> bool | None:
        """A boolean."""
        value = self._members.get(name)
        if value is None or isinstance(value, bool):
            return value
        self.refuse(name, "neither true nor false")
        return None

    def number(self, name: str, *, most: int) -> int | None:
        """A whole number from 0 to `most`."""
        value = self._members.get(name)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most:
            return value
        self.refuse(name, f"not a whole number from 0 to {most}")
        return None

    def amount(self, name: str) -> float | None:
        """Any number."""
        value = self._members.get(name)
        if value is None:
            return None
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        self.refuse(name, "not a number")
        return None

    def id(self, name: str) -> int | None:
        """An id, as a number or as its digits: the wire has both, and people mix them up."""
        value = self._members.get(name)
        if value is None:
            return None
        found = _id_of(value)
        if found is None:
            self.refuse(name, "not an id")
        return found

    def ids(self, name: str, *, most: int) -> frozenset[int]:
        """The ids of an array, each as `id` takes it; none where there is no array."""
        value = self._members.get(name)
        if value is None:
            return frozenset()
        if not isinstance(value, list) or len(value) > most:
            self.refuse(name, f"not an array of at most {most} ids")
            return frozenset()
        found = [_id_of(each) for each in value]
        if None in found:
            self.refuse(name, "not ids alone")
        return frozenset(each for each in found if each is not None)

    def choice(self, name: str, *, among: type[E]) -> E | None:
        """The member of an enumeration that a string spells."""
        value = self._members.get(name)
        if value is None:
            return None
        found = _spelled(among).get(value) if isinstance(value, str) else None
        if found is None:
            self.refuse(name, f"none of {', '.join(_spelled(among))}")
        return found

    def part(self, name: str) -> "BodyReader":
        """An object within; one that is absent has no members."""
        value = self._members.get(name)
        if isinstance(value, dict):
            return self._within(value, name)
        if value is not None:
            self.refuse(name, "not an object")
        return self._within({}, name)

    def within(self, name: str) -> "BodyReader | None":
        """An object within, or None where there is none."""
        return self.part(name) if self._members.get(name) is not None else None

    def parts(self, name: str) -> "Sequence[BodyReader] | None":
        """The objects of an array; None where there is none."""
        value = self._members.get(name)
        if value is None:
            return None
        if isinstance(value, list) and all(isinstance(each, dict) for each in value):
            return [self._within(each, f"{name}[{number}]") for number, each in enumerate(value)]
        self.refuse(name, "not an array of objects")
        return None

    def texts(self, name: str) -> Sequence[str] | None:
        """The strings of an array; None where there is none."""
        value = self._members.get(name)
        if value is None:
            return None
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return value
        self.refuse(name, "not an array of texts")
        return None

    def refuse(self, name: str, why: str = "") -> Denied:
        """Note that this member's value cannot be meant; the first note stays, and is given."""
        return self._note(api_faults.PARAMETER_INVALID, name, why=why)

    def require(self, name: str) -> Denied:
        """Note that this member must be there; the first note stays, and is given."""
        return self._note(api_faults.PARAMETER_REQUIRED, name)

    def deny(self, name: str, fault: Fault, **values: str) -> Denied:
        """Note that this member cannot be, for a reason of its own; the first note stays, and is given."""
        return self._note(fault, name, values=tuple(values.items()))

    def _note(self, fault: Fault, name: str, *, why: str = "", values: tuple[tuple[str, str], ...] = ()) -> Denied:
        named = ("parameterName", f"{self._path}{name}")
        self._refusals.append(Denied(fault=fault, values=(named, *values), why=why))
        return self._refusals[0]

    def _within(self, members: Mapping[str, object], name: str) -> "BodyReader":
        return BodyReader(members, path=f"{self._path}{name}.", refusals=self._refusals)


def _id_of(value: object) -> int | None:
    digits = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return None if digits.startswith("0") else read_id(digits)
