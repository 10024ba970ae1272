"""How hard a password is to guess, and that nobody waits long for the answer."""

import pytest

from callgate.crypto.password_strength import STRENGTH_MAX, estimate_strength
from tests.stopwatch import stays_below

ABOUT = ("Ann", "Agent", "ann.agent@alder.example", "103", "Alder Telephony", "+12025550100")


@pytest.mark.parametrize(
    "password",
    ["Password1234", "qwertyuiop12345", "aaaaaaaaaaaaaaaa", "letmeinletmein", "P@ssw0rd!2024"],
)
def test_password_is_weak_when_everybody_has_it(password: str) -> None:
    """The kinds of characters in it change nothing."""
    assert estimate_strength(password, ()).score < 3


@pytest.mark.parametrize(
    "password", ["alder-telephony-1", "Agent.Alder!2025", "12025550100!", "ann.agent@alder", "4lder+Telephony"]
)
def test_password_is_weak_when_it_is_made_of_its_person(password: str) -> None:
    """Whoever guesses knows the names, and the signs that people put between them."""
    assert estimate_strength(password, ABOUT).score < 3


def test_password_is_strong_when_names_are_a_small_part_of_it() -> None:
    """Names count for nothing, and what is left is judged."""
    assert estimate_strength("an alder grows slowly in cold mud", ABOUT).score == STRENGTH_MAX


@pytest.mark.parametrize("password", ["correct horse battery", "J3dN8mQz7LwPx2RaT5vK", "zwölf Äpfel im Winterregen"])
def test_password_is_strong_when_it_takes_long_to_guess(password: str) -> None:
    """Words that do not belong together, or chance; of any script."""
    assert estimate_strength(password, ABOUT) == (STRENGTH_MAX, "", "")


def test_advice_is_given_when_it_is_weak() -> None:
    """The estimate says why, and what would be better."""
    weak = estimate_strength("Password1234", ())
    assert "commonly used password" in weak.warning
    assert "Add another word" in weak.advice


@pytest.mark.parametrize(
    "password",
    ["4@8({[<369&1!|0$5+7%2" * 40, "4@8({[<369&#!1/|0$5+7%2x4@8({[<369&#!1/|", "a" * 1024, "🜁" * 256, "\ud800" * 300],
)
def test_judging_ends_soon_when_the_password_is_made_to_last(password: str) -> None:
    """Its time grows with the cube of the length, and with every sign that may be a letter: both are bounded.

    Nobody else's request is served meanwhile: zxcvbn is Python.
    """
    estimate_strength("its lists are loaded", ())
    assert stays_below(0.3, lambda: estimate_strength(password, ABOUT))


@pytest.mark.parametrize(
    "password", ["83920475610293847561", "T(9{x[4<e!2|k$7+q%8@", "correct horse battery (4 {2 [1 <!"]
)
def test_password_of_many_signs_is_strong_all_the_same(password: str) -> None:
    """What is judged of it is enough."""
    assert estimate_strength(password, ABOUT).score >= 3
