"""New passwords: how good they must be, how they are made up, and how they become hashes."""

import asyncio

from callgate.crypto.entropy import Entropy, alphanumeric
from callgate.crypto.password_pool import Busy, PasswordPool
from callgate.crypto.password_strength import STRENGTH_MAX, estimate_strength
from callgate.crypto.passwords import PASSWORD_BYTES_MAX, password_fits
from callgate.model.account import Account, Extension
from callgate.model.acts import Refused
from callgate.model.failure import Unavailable
from callgate.model.policy import Policy
from callgate.service.administer.desk import Desk

_GENERATED_CHARS = 20


def generate_password(desk: Desk) -> str:
    """A password of 119 bits that survives being read aloud, typed and pasted."""
    return alphanumeric(desk.entropy, _GENERATED_CHARS)


def known_of(account: Account, extension: Extension) -> tuple[str, ...]:
    """What whoever guesses this person's password would try first."""
    name = (extension.first_name, extension.last_name, extension.email or "", extension.number or "")
    return (*name, account.name, account.main_number)


async def hash_new_password(desk: Desk, password: str, *, about: tuple[str, ...]) -> str | Refused:
    """The hash of a password somebody chose, or what is wrong with it.

    Raises Unavailable when too many are being hashed.
    """
    refused = await judge_new_password(desk.policy, password, about=about)
    return refused or await hash_password(desk.passwords, password, entropy=desk.entropy)


async def judge_new_password(policy: Policy, password: str, *, about: tuple[str, ...]) -> Refused | None:
    """What is wrong with a password somebody chose, None when nothing is; `about` as `known_of` gives it."""
    if len(password) < policy.password_chars_min or not password_fits(password):
        return Refused(
            f"a password must have {policy.password_chars_min} characters, and at most {PASSWORD_BYTES_MAX} bytes"
        )
    strength = await asyncio.to_thread(estimate_strength, password, about)
    if strength.score >= policy.password_strength_min:
        return None
    said = " ".join(part for part in (strength.warning, strength.advice) if part)
    return Refused(
        f"this password is too easy to guess: {strength.score} of {STRENGTH_MAX}, where {policy.password_strength_min} "
        f"is asked. {said or 'Names and numbers of the person and the company count for nothing.'} "
        "Take several words that do not belong together, or have one made up"
    )


async def hash_password(passwords: PasswordPool, password: str, *, entropy: Entropy) -> str:
    """The hash of a password that was judged. Raises Unavailable when too many are being hashed."""
    hashed = await passwords.hash(password, entropy)
    if isinstance(hashed, Busy):
        raise Unavailable("too many passwords at once")
    return hashed
