import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.protocol.pkce import is_well_formed, s256, verifier_matches
from tests.protocol.hostile import texts

APPENDIX_B_VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
APPENDIX_B_CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
UNRESERVED = string.ascii_letters + string.digits + "-._~"

verifiers = st.text(UNRESERVED, min_size=43, max_size=128)


@pytest.mark.requirement("RFC 7636 appendix B")
def test_challenge_is_the_rfcs_when_its_verifier_is_hashed() -> None:
    """RFC 7636 appendix B."""
    assert s256(APPENDIX_B_VERIFIER) == APPENDIX_B_CHALLENGE
    assert verifier_matches(APPENDIX_B_VERIFIER, APPENDIX_B_CHALLENGE, plain=False)


@pytest.mark.requirement("RFC 7636 section 4.1")
@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("a" * 42, False),
        ("a" * 43, True),
        ("a" * 128, True),
        ("a" * 129, False),
        ("-._~" * 11, True),
        ("a" * 42 + "=", False),
        ("a" * 42 + "+", False),
        ("a" * 42 + "/", False),
        ("a" * 42 + " ", False),
        ("a" * 43 + "\n", False),
        ("a" * 42 + "é", False),
        ("", False),
    ],
)
def test_form_is_right_when_it_has_43_to_128_unreserved_characters(text: str, *, verdict: bool) -> None:
    """RFC 7636 sections 4.1 and 4.2."""
    assert is_well_formed(text) is verdict


@pytest.mark.requirement("RFC 7636 section 4.6")
@given(verifiers)
def test_verifier_matches_when_the_challenge_was_made_of_it(verifier: str) -> None:
    """RFC 7636 section 4.6, both methods; and neither passes for the other."""
    assert verifier_matches(verifier, s256(verifier), plain=False)
    assert verifier_matches(verifier, verifier, plain=True)
    assert not verifier_matches(verifier, s256(verifier), plain=True)
    assert not verifier_matches(verifier, verifier, plain=False)


@given(verifiers, texts, st.booleans())
def test_verifier_fails_when_the_challenge_is_anothers(verifier: str, other: str, plain: bool) -> None:
    """Whatever is presented is compared whole, and never raises."""
    challenge = verifier if plain else s256(verifier)
    assert verifier_matches(other, challenge, plain=plain) is (other == verifier)


def test_short_verifier_fails_though_its_challenge_fits() -> None:
    """RFC 7636 section 7.1: 43 characters are the entropy the protocol stands on."""
    assert not verifier_matches("short", s256("short"), plain=False)
