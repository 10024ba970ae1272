"""Reading a query string's parameters one by one: present or not, and of the form they must have.

The reader remembers the first parameter that cannot be meant as it stands; whoever reads asks for it at the end. An
empty value counts as absent, unknown names are never looked at, and a list is a name that repeats (protocol.md I.5,
N.2). Which parameters there are and what they mean does not belong here.
"""

import re
from collections.abc import Sequence
from enum import Enum
from typing import TypeVar

from callgate.model import api_faults
from callgate.model.decisions import Denied
from callgate.model.instant import parse_instant
from callgate.protocol.forms import parse_pairs

Query = Sequence[tuple[str, str]]
"""Names and values in the order they were sent, decoded."""

E = TypeVar("E", bound=Enum)

_TWICE = "two different values of one name"
_FLAGS = {"true": True, "false": False}


def parse_query(raw: bytes) -> Query | Denied:
    """The pairs of a query string as sent; one that is no such thing, or too long, is refused in the API's words."""
    pairs = parse_pairs(raw)
    if isinstance(pairs, Denied):
        return Denied(fault=api_faults.PARAMETER_INVALID, values=(("parameterName", "query"),), why=pairs.fault.text)
    return pairs


class QueryReader:
    """Gives values by name; `refused` is the denial for the first bad one."""

    __slots__ = ("_values", "refused")

    def __init__(self, query: Query) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in query:
            if value:
                self._values.setdefault(name, []).append(value)
        self.refused: Denied | None = None

    def has(self, name: str) -> bool:
        """Whether a value was sent."""
        return name in self._values

    def texts(self, name: str, *, form: re.Pattern[str]) -> frozenset[str]:
        """Every value sent under a name, each of the form asked for."""
        values = self._values.get(name, [])
        if not all(form.fullmatch(value) for value in values):
            self.refuse(name, f"not of the form {form.pattern}")
            return frozenset()
        return frozenset(values)

    def text(self, name: str, *, form: re.Pattern[str]) -> str | None:
        """The one value of a name. The same value twice is one value; two different ones are a fault."""
        values = self.texts(name, form=form)
        if len(values) > 1:
            self.refuse(name, _TWICE)
            return None
        return next(iter(values), None)

    def choices(self, name: str, *, among: type[E]) -> frozenset[E]:
        """Every value of a name, each a member's wire spelling."""
        spelled = {member.value: member for member in among}
        values = self._values.get(name, [])
        if not all(value in spelled for value in values):
            self.refuse(name, f"none of {', '.join(spelled)}")
            return frozenset()
        return frozenset(spelled[value] for value in values)

    def choice(self, name: str, *, among: type[E]) -> E | None:
        """The one member a name's value spells."""
        members = self.choices(name, among=among)
        if len(members) > 1:
            self.refuse(name, _TWICE)
            return None
        return next(iter(members), None)

    def flag(self, name: str) -> bool | None:
        """`true` or `false`; languages differ in how they write the first letter."""
        values = {_FLAGS.get(value.lower()) for value in self._values.get(name, [])}
        if None in values or len(values) > 1:
            self.refuse(name, "neither true nor false")
            return None
        return next(iter(values), None)

    def instant(self, name: str) -> int | None:
        """Milliseconds since 1970 of an ISO 8601 date or date and time."""
        values = {parse_instant(value) for value in self._values.get(name, [])}
        if None in values or len(values) > 1:
            self.refuse(name, "not one date or instant of ISO 8601")
            return None
        return next(iter(values), None)

    def refuse(self, name: str, why: str = "") -> None:
        """Note that this parameter's value cannot be meant; the first note stays."""
        if self.refused is None:
            self.refused = Denied(fault=api_faults.PARAMETER_INVALID, values=(("parameterName", name),), why=why)
