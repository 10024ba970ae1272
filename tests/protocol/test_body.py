"""JSON bodies read member by member: absent, meant, or refused by the member's path."""

import re
from collections.abc import Callable
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.model import api_faults
from callgate.model.decisions import Denied
from callgate.model.faults import Fault
from callgate.protocol.body import BodyReader
from tests.factories import plain


class Colour(Enum):
    """Something to choose from."""

    RED = "Red"
    BLUE = "Blue"


def denied(fault: Fault, name: str) -> Denied:
    """A refusal that names a member."""
    return Denied(fault=fault, values=(("parameterName", name),))


READ: list[tuple[object, Callable[[BodyReader], object], object]] = [
    ("x", lambda body: body.text("a"), "x"),
    ("", lambda body: body.text("a"), ""),
    (True, lambda body: body.flag("a"), True),
    (0, lambda body: body.number("a", most=5), 0),
    (5, lambda body: body.number("a", most=5), 5),
    (1.5, lambda body: body.amount("a"), 1.5),
    (2, lambda body: body.amount("a"), 2.0),
    (1002, lambda body: body.id("a"), 1002),
    ("1002", lambda body: body.id("a"), 1002),
    ("Red", lambda body: body.choice("a", among=Colour), Colour.RED),
    ({"b": "x"}, lambda body: body.part("a").text("b"), "x"),
    ([{"b": "x"}, {}], lambda body: [each.text("b") for each in body.parts("a") or ()], ["x", None]),
    (["x", "y"], lambda body: body.texts("a"), ["x", "y"]),
    ([], lambda body: body.parts("a"), []),
]


@pytest.mark.parametrize(("value", "read", "expected"), READ)
def test_member_is_read_when_it_has_its_type(
    value: object, read: Callable[[BodyReader], object], expected: object
) -> None:
    """And None where it is absent or null."""
    body = BodyReader({"a": value})
    assert read(body) == expected
    assert body.has("a")
    assert body.refused is None
    for absent in ({}, {"a": None}):
        body = BodyReader(absent)
        assert not read(body)
        assert not body.has("a")
        assert body.refused is None


WRONG: list[tuple[object, Callable[[BodyReader], object], str]] = [
    (1, lambda body: body.text("a"), "a"),
    ("true", lambda body: body.flag("a"), "a"),
    (1, lambda body: body.flag("a"), "a"),
    (6, lambda body: body.number("a", most=5), "a"),
    (-1, lambda body: body.number("a", most=5), "a"),
    (True, lambda body: body.number("a", most=5), "a"),
    (1.0, lambda body: body.number("a", most=5), "a"),
    (True, lambda body: body.amount("a"), "a"),
    ("1", lambda body: body.amount("a"), "a"),
    (0, lambda body: body.id("a"), "a"),
    (-1, lambda body: body.id("a"), "a"),
    (True, lambda body: body.id("a"), "a"),
    ("01", lambda body: body.id("a"), "a"),
    ("", lambda body: body.id("a"), "a"),
    ("\u0661", lambda body: body.id("a"), "a"),
    ("9" * 19, lambda body: body.id("a"), "a"),
    ([], lambda body: body.id("a"), "a"),
    ("Green", lambda body: body.choice("a", among=Colour), "a"),
    (["Red"], lambda body: body.choice("a", among=Colour), "a"),
    ([], lambda body: body.part("a"), "a"),
    ("x", lambda body: body.part("a"), "a"),
    ({}, lambda body: body.parts("a"), "a"),
    ([1], lambda body: body.parts("a"), "a"),
    ("x", lambda body: body.texts("a"), "a"),
    ([1], lambda body: body.texts("a"), "a"),
    ({"b": 1}, lambda body: body.part("a").text("b"), "a.b"),
    ([{}, {"b": {"c": 1}}], lambda body: (body.parts("a") or ())[1].part("b").text("c"), "a[1].b.c"),
]


@pytest.mark.parametrize(("value", "read", "name"), WRONG)
def test_member_is_refused_by_its_path_when_it_cannot_be_meant(
    value: object, read: Callable[[BodyReader], object], name: str
) -> None:
    """CMN-101."""
    body = BodyReader({"a": value})
    read(body)
    assert plain(body.refused) == denied(api_faults.PARAMETER_INVALID, name)
    assert body.refused is not None
    assert re.match("(not|none|neither) ", body.refused.why)


def test_first_refusal_stays() -> None:
    """Of the whole body, in the order of reading; what is required is refused likewise."""
    body = BodyReader({"a": {"b": 1}, "c": 1})
    inner = body.part("a")
    assert inner.require("x") == denied(api_faults.PARAMETER_REQUIRED, "a.x")
    body.text("c")
    assert inner.refuse("b") == body.refused == inner.refused == denied(api_faults.PARAMETER_REQUIRED, "a.x")


JSON: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


@given(JSON)
def test_reader_answers_when_a_member_is_anything(value: object) -> None:
    """With a value or one refusal, never an exception."""
    for _, read, _ in READ:
        body = BodyReader({"a": value})
        read(body)
        assert body.refused is None or body.refused.fault is api_faults.PARAMETER_INVALID
