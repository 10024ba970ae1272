"""How hard a password is to guess: zxcvbn's estimate, with what is known of its person counted as guessed.

No rule about kinds of characters (NIST SP 800-63B section 3.1.1.2): "Password1!" meets them all.
"""

from math import prod
from typing import Final, NamedTuple

STRENGTH_MAX: Final = 4
"""zxcvbn's scale: 0 is in every list of passwords, 3 takes 10⁸ guesses and more, 4 takes 10¹⁰ and more."""

_CHARS_JUDGED: Final = 40
"""zxcvbn's time grows with the cube of the length, to seconds; what comes after these only makes a password better."""

_SIGNS: Final = tuple(map(frozenset, ("4@", "8", "({[<", "3", "69", "1!|", "0", "1|7", "$5", "+7", "%", "2")))
"""What zxcvbn takes for an a, b, c, e, g, i, l, o, s, t, x and z (its L33T_TABLE)."""

_READINGS_JUDGED: Final = 32
"""It tries each letter's signs in every combination, for milliseconds of the interpreter that all others wait for."""

_WORD_CHARS_MIN: Final = 3
"""Shorter ones are in everything."""


class Strength(NamedTuple):
    """The estimate, 0 to STRENGTH_MAX, and what zxcvbn says about it, in English; both may be empty."""

    score: int
    warning: str
    advice: str


def estimate_strength(password: str, about: tuple[str, ...]) -> Strength:
    """Estimate a password that fits; `about` are texts its person is known by. Takes up to a tenth of a second."""
    from zxcvbn import zxcvbn  # noqa: PLC0415 - its lists are for those few who set a password

    words = _words_of(about)
    judged = _judged(password)
    # zxcvbn knows the names, but not that whoever guesses tries them with every sign between: what stands beside them
    # has to be good enough by itself.
    beside = _without(words, judged)
    if not beside:
        return Strength(0, "", "")
    worst = min(
        (zxcvbn(text, user_inputs=list(words)) for text in (judged, beside)), key=lambda found: int(found["score"])
    )
    feedback = worst["feedback"]
    return Strength(int(worst["score"]), str(feedback["warning"]), " ".join(feedback["suggestions"]))


def _judged(password: str) -> str:
    """As much of a password as can be judged in time."""
    judged = password[:_CHARS_JUDGED]
    while prod(len(signs & set(judged)) or 1 for signs in _SIGNS) > _READINGS_JUDGED:
        judged = judged[:-1]
    return judged


def _words_of(about: tuple[str, ...]) -> tuple[str, ...]:
    """The words of names and addresses, the longest first."""
    spaced = ("".join(char if char.isalnum() else " " for char in text.casefold()) for text in about)
    found = {word for text in spaced for word in text.split() if len(word) >= _WORD_CHARS_MIN}
    return tuple(sorted(found, key=lambda word: (-len(word), word)))


def _without(words: tuple[str, ...], password: str) -> str:
    left = password.casefold()
    for word in words:
        left = left.replace(word, "")
    return left
