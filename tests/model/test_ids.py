import pytest

from callgate.model.ids import read_id


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("007", 7),
        ("9223372036854775807", 2**63 - 1),
        ("9223372036854775808", None),
        ("9" * 19, None),
        ("0" * 20, None),
        ("", None),
        ("-1", None),
        (" 1", None),
        ("1\n", None),
        ("1_0", None),
        ("\u0661", None),
        ("x", None),
    ],
)
def test_id_is_what_a_column_can_hold(text: str, number: int | None) -> None:
    """A number beyond 64 bits is nobody's id, and never gets to the database."""
    assert read_id(text) == number
