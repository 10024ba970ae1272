"""Passwords: argon2id as OWASP asks, the same work for nobody, and nothing that fails."""

import string
import subprocess
import sys

import argon2
import pytest
from argon2 import Type
from hypothesis import given, settings
from hypothesis import strategies as st

from callgate.crypto import passwords
from callgate.crypto.entropy import SeededEntropy, SystemEntropy
from callgate.crypto.passwords import hash_password, needs_rehash, password_fits, verify_password

STORED = hash_password("correct horse", SeededEntropy(1))


def test_parameters_read_off_the_hash_are_owasp_s() -> None:
    """P1: argon2id, at least 19 MiB, two passes, one lane."""
    read = argon2.extract_parameters(STORED)
    assert (read.type, read.memory_cost, read.time_cost, read.parallelism) == (Type.ID, 19 * 1024, 2, 1)
    assert (read.version, read.salt_len, read.hash_len) == (19, 16, 32)


def test_nobody_costs_what_somebody_costs() -> None:
    """P4: the hash compared for an unknown person has the very parameters and lengths of a real one."""
    assert argon2.extract_parameters(passwords._NOBODY) == argon2.extract_parameters(STORED)
    assert len(passwords._NOBODY) == len(STORED)
    # argon2 has to take it for a hash and compute: a refusal to parse would answer at once.
    with pytest.raises(argon2.exceptions.VerifyMismatchError):
        argon2.PasswordHasher().verify(passwords._NOBODY, "anything")


def test_only_the_password_verifies() -> None:
    """Right, wrong, nobody, and rows that are no hash."""
    assert verify_password(STORED, "correct horse")
    assert not verify_password(STORED, "correct Horse")
    assert not verify_password(None, "correct horse")
    for damaged in ("", "x", "$argon2id$", STORED[:-4], STORED.replace("argon2id", "argon2x")):
        assert not verify_password(damaged, "correct horse")


def test_salts_come_from_the_entropy_given() -> None:
    """Equal passwords have unequal hashes, and a simulation repeats."""
    assert hash_password("a", SystemEntropy()) != hash_password("a", SystemEntropy())
    assert hash_password("correct horse", SeededEntropy(1)) == STORED


def test_composed_and_decomposed_letters_are_one_password() -> None:
    """RFC 8265 section 4.2.2: a Mac's é is a PC's é."""
    assert verify_password(hash_password("caf\u00e9", SystemEntropy()), "cafe\u0301")


def test_empty_and_huge_passwords_never_fit() -> None:
    """At most 1,024 bytes; the empty one is not a password even for a hash of it."""
    fitting = ["a", "\0", "é" * 512, string.printable, "a" * 1024]
    assert [password_fits(password) for password in fitting] == [True] * 5
    for password in ("", "a" * 1025, "é" * 513, "a" * 1_000_000):
        assert not password_fits(password)
        assert not verify_password(STORED, password)
        with pytest.raises(AssertionError):
            hash_password(password, SystemEntropy())
    of_nothing = argon2.PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1).hash("")
    assert not verify_password(of_nothing, "")


def test_a_nul_does_not_end_a_password() -> None:
    """All bytes count, as in no C string."""
    stored = hash_password("a\0b", SystemEntropy())
    assert verify_password(stored, "a\0b")
    assert not verify_password(stored, "a\0c")
    assert not verify_password(stored, "a")


@settings(max_examples=20)
@given(password=st.text(max_size=60))
def test_any_text_is_an_answer(password: str) -> None:
    """Halves of surrogate pairs, controls, anything: False, never an exception."""
    assert not verify_password(STORED, password)


@pytest.mark.parametrize(
    ("stored", "due"),
    [
        (STORED, False),
        (argon2.PasswordHasher(time_cost=1, memory_cost=19 * 1024, parallelism=1).hash("x"), True),
        (argon2.PasswordHasher(time_cost=2, memory_cost=9 * 1024, parallelism=1).hash("x"), True),
    ],
)
def test_weaker_hashes_are_due_for_another(stored: str, *, due: bool) -> None:
    """At the next right password."""
    assert needs_rehash(stored) is due


WITHOUT_MEMORY = f"""
import resource
from callgate.crypto.entropy import SystemEntropy
from callgate.crypto.passwords import hash_password, verify_password
from callgate.model.failure import Unavailable

used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (8 << 20), resource.RLIM_INFINITY))
for prove in (
    lambda: verify_password({STORED!r}, "correct horse"),
    lambda: verify_password(None, "correct horse"),
    lambda: hash_password("correct horse", SystemEntropy()),
):
    try:
        print(prove())
    except Unavailable:
        print("unavailable")
"""


def test_nobody_knows_whether_a_password_is_right_when_there_is_no_memory() -> None:
    """P2: neither right nor wrong, for anybody."""
    run = subprocess.run([sys.executable, "-c", WITHOUT_MEMORY], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["unavailable"] * 3
