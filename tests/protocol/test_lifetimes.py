import pytest
from hypothesis import given

from callgate.protocol.lifetimes import access_ttl_s, refresh_ttl_s
from tests.factories import WEB, form
from tests.protocol.hostile import texts

BRIEF = WEB._replace(access_ttl_s=900, refresh_ttl_s=86_400)
WITHOUT = WEB._replace(issues_refresh_tokens=False)

NOT_NUMBERS = ("", "NaN", "1e3", "600.5", "-1", "+600", " 600", "0x10", "٣٠٠٠", "²", "true")


@pytest.mark.requirement("must-not-break N.2")
@pytest.mark.parametrize(
    ("asked", "ttl_s"),
    [
        *((text, 3600) for text in NOT_NUMBERS),
        ("0", 600),
        ("599", 600),
        ("600", 600),
        ("601", 601),
        ("3599", 3599),
        ("3600", 3600),
        ("3601", 3600),
        ("7200", 3600),
        ("0" * 20 + "700", 700),
        ("9" * 5000, 3600),
    ],
)
def test_access_ttl_is_clamped_when_one_is_asked(asked: str, ttl_s: int) -> None:
    """protocol.md D.1: below means 600, above and nonsense the default; never an error."""
    assert access_ttl_s(WEB, form(access_token_ttl=asked)) == ttl_s


@pytest.mark.requirement("ruling 4")
@pytest.mark.requirement("must-not-break N.2")
@pytest.mark.parametrize(
    ("asked", "ttl_s"),
    [
        *((text, 604_800) for text in NOT_NUMBERS),
        ("0", 0),
        ("0" * 30, 0),
        ("1", 1),
        ("604800", 604_800),
        ("604801", 604_800),
        ("2592000", 604_800),
        ("0" * 20 + "1000", 1000),
        ("9" * 5000, 604_800),
    ],
)
def test_refresh_ttl_is_clamped_when_one_is_asked(asked: str, ttl_s: int) -> None:
    """protocol.md D.1: above means the app's default, 0 none at all (ruling 4)."""
    assert refresh_ttl_s(WEB, form(refresh_token_ttl=asked)) == ttl_s


@pytest.mark.parametrize(
    ("asked", "ttls"), [("", (900, 86_400)), ("100", (600, 100)), ("800", (800, 800)), ("99999", (900, 86_400))]
)
def test_app_bounds_what_is_asked_when_its_own_lifetimes_are_shorter(asked: str, ttls: tuple[int, int]) -> None:
    """policy.py: an app's own default is the bound for its requests."""
    sent = form(access_token_ttl=asked, refresh_token_ttl=asked)
    assert (access_ttl_s(BRIEF, sent), refresh_ttl_s(BRIEF, sent)) == ttls


def test_no_refresh_token_lives_when_the_app_issues_none() -> None:
    """protocol.md A.1: "Issue refresh tokens? No"."""
    assert refresh_ttl_s(WITHOUT, form(refresh_token_ttl="1000")) == 0


@given(texts)
def test_lifetimes_stay_in_their_bounds_whatever_is_asked(asked: str) -> None:
    """No input makes an exception or a token that outlives the app's bound."""
    sent = form(access_token_ttl=asked, refresh_token_ttl=asked)
    assert 600 <= access_ttl_s(WEB, sent) <= 3600
    assert 0 <= refresh_ttl_s(WEB, sent) <= 604_800
