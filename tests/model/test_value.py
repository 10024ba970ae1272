"""Values of the hot path: equal by content, with slots, without a secret in their text; mypy keeps them frozen."""

import pytest

from callgate.model.ids import ClientId
from callgate.model.lookups import ClientLookup
from callgate.protocol.client_auth import SecretPresented

ONE = ClientId("a" * 22)


def test_values_are_equal_when_their_content_is() -> None:
    """As keys of a set too."""
    assert {ClientLookup(ONE), ClientLookup(ONE)} == {ClientLookup(ONE)}
    assert ClientLookup(ONE) != ClientLookup(ClientId("b" * 22))


def test_value_takes_no_field_it_was_not_given() -> None:
    """Slots: a misspelled name is an error, not a new attribute."""
    with pytest.raises(AttributeError):
        setattr(ClientLookup(ONE), "client", ONE)  # noqa: B010 - spelled out, mypy would refuse it


def test_value_shows_no_secret() -> None:
    """`field(repr=False)` is understood."""
    assert "hush" not in repr(SecretPresented(ONE, "hush"))
