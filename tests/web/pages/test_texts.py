import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.web.pages.texts import coded, initials, label, origin


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Call Report Web", "Call Report Web"),
        ("  two\n\tlines ", "two lines"),
        ("exe.\u202egnp", "exe.gnp"),
        ("\u2066Trusted\u2069\u200b\x00\x1b[1m", "Trusted[1m"),
        ("Müller – Straße", "Müller – Straße"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("میخواهم", "میخواهم"),
        ("a" * 80, "a" * 80),
        ("a" * 81, "a" * 79 + "…"),
        ("a" * 4096, "a" * 79 + "…"),
        ("\u202e \x00", "?"),
        ("", "?"),
        ("Z" + "\u0335" * 40 + "y", "Z" + "\u0335" * 3 + "y"),
    ],
)
def test_label_is_one_bounded_line(text: str, shown: str) -> None:
    """A name cannot reverse, hide or cover the words around it."""
    assert label(text) == shown


@given(st.text(max_size=500))
def test_label_of_anything_is_short_and_visible(text: str) -> None:
    """No text makes a label that controls the page, or none."""
    shown = label(text)
    assert 1 <= len(shown) <= 80
    assert {unicodedata.category(char) for char in shown} <= {
        *("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No"),
        *("Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Co", "Cn"),
    } | ({"Cf"} if "\u200c" in shown or "\u200d" in shown else set())
    assert initials(text) == initials(shown)


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Ada Admin", "AA"), ("ada", "A"), ("Ada B. Countess Lovelace", "AL"), ("(Sales) Team", "T"), ("", "")],
)
def test_initials_are_of_the_first_and_last_word(name: str, letters: str) -> None:
    """A portrait for who has no picture."""
    assert initials(name) == letters


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("http://localhost:5000/oauth2callback", "localhost:5000"),
        ("https://app.example/cb?x=1", "app.example"),
        ("com.example.app:/cb", "com.example.app:"),
    ],
)
def test_origin_is_what_a_person_can_compare(uri: str, shown: str) -> None:
    """Where the flow ends, without its path."""
    assert origin(uri) == shown


def test_coded_escapes_everything_but_its_own_element() -> None:
    """Backticks become code, markup stays words."""
    assert coded("use `<b>` & see") == "use <code>&lt;b&gt;</code> &amp; see"
