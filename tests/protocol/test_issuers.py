"""Tokens of outside issuers judged: audience, times, conditions, and which of several trusts is meant."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.model import faults, grant_faults, issuer_faults
from callgate.model.changes import AssertionClaimed, OutsideTokenAccepted
from callgate.model.decisions import Denied
from callgate.model.faults import Fault
from callgate.model.ids import RowId
from callgate.model.issuer import SKEW_MS, Condition, OutsideProven, TrustedIssuer, TrustFacts
from callgate.protocol.issuers import (
    check_claims,
    choose,
    judge_claims,
    matches,
    refuse_spent,
    spend,
    stands,
    values_of,
)
from tests.factories import NOW_MS, OTHER_ACCOUNT, OUTSIDE_PROVEN, SCRIPT, TRUST, TRUST_FACTS, proven
from tests.stopwatch import stays_below

NOW_S = NOW_MS // 1000
GITHUB: dict[str, object] = {
    "iss": TRUST.issuer,
    "sub": "repo:acme/app:ref:refs/heads/main",
    "aud": TRUST.audience,
    "repository": "acme/app",
    "repository_id": "1296269",
    "ref_protected": "true",
    "run_attempt": 1,
    "jti": "6c2f3d1e",
    "nbf": NOW_S - 300,
    "iat": NOW_S,
    "exp": NOW_S + 300,
}
"""As GitHub Actions shapes them."""

KUBERNETES: dict[str, object] = {
    "iss": TRUST.issuer,
    "sub": "system:serviceaccount:jobs:archiver",
    "aud": [TRUST.audience],
    "kubernetes.io": {"namespace": "jobs", "serviceaccount": {"name": "archiver", "uid": "a"}, "pod": {"name": "p"}},
    "nbf": NOW_S,
    "iat": NOW_S,
    "exp": NOW_S + 3607,
}
"""As Kubernetes shapes them, without the jti that newer versions have."""


def judge(claims: dict[str, object], trust: TrustedIssuer = TRUST) -> OutsideProven | Denied:
    """The judgement at NOW_MS."""
    return judge_claims(trust, claims, digest="abc", now_ms=NOW_MS)


def trusting(*conditions: str) -> TrustedIssuer:
    """A trust under these conditions."""
    parted = (text.partition("=") for text in conditions)
    return TRUST._replace(conditions=tuple(Condition(claim, pattern) for claim, _, pattern in parted))


@pytest.mark.requirement("RFC 7523 section 3")
def test_token_is_accepted_when_everything_is_in_order() -> None:
    """Whom it is about, and the name under which it is spent until it can no longer be used."""
    expected = OutsideProven(TRUST, str(GITHUB["sub"]), "jti:6c2f3d1e", (NOW_S + 300) * 1000 + SKEW_MS)
    assert judge(GITHUB) == expected
    pods = trusting("sub=system:serviceaccount:jobs:archiver", "kubernetes.io/namespace=jobs")
    assert judge(KUBERNETES, pods) == OutsideProven(
        pods, str(KUBERNETES["sub"]), "sha256:abc", (NOW_S + 3607) * 1000 + SKEW_MS
    )


@pytest.mark.requirement("RFC 7523 section 3")
@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("aud", None, issuer_faults.TOKEN_AUDIENCE),
        ("aud", "https://gate.example/", issuer_faults.TOKEN_AUDIENCE),
        ("aud", "https://gate.example.attacker.example", issuer_faults.TOKEN_AUDIENCE),
        ("aud", [TRUST.audience, "https://vault.example"], issuer_faults.TOKEN_AUDIENCE),
        ("aud", [TRUST.audience, TRUST.audience], issuer_faults.TOKEN_AUDIENCE),
        ("aud", [], issuer_faults.TOKEN_AUDIENCE),
        ("aud", {"aud": TRUST.audience}, issuer_faults.TOKEN_AUDIENCE),
        ("exp", None, issuer_faults.TOKEN_TIME),
        ("exp", str(NOW_S + 300), issuer_faults.TOKEN_TIME),
        ("exp", True, issuer_faults.TOKEN_TIME),
        ("exp", 2**41, issuer_faults.TOKEN_TIME),
        ("exp", NOW_S - 60, issuer_faults.TOKEN_TIME),
        ("exp", NOW_S + 7201, issuer_faults.TOKEN_TIME),
        ("iat", NOW_S + 61, issuer_faults.TOKEN_TIME),
        ("iat", "now", issuer_faults.TOKEN_TIME),
        ("iat", NOW_S - 7000, issuer_faults.TOKEN_TIME),
        ("nbf", NOW_S + 61, issuer_faults.TOKEN_TIME),
        ("nbf", None, issuer_faults.TOKEN_TIME),
        ("repository", "acme/app2", issuer_faults.TOKEN_CONDITIONS),
        ("repository", "evil/acme/app", issuer_faults.TOKEN_CONDITIONS),
        ("repository", "ACME/app", issuer_faults.TOKEN_CONDITIONS),
        ("repository", None, issuer_faults.TOKEN_CONDITIONS),
        ("repository", {"acme/app": 1}, issuer_faults.TOKEN_CONDITIONS),
    ],
)
def test_token_is_refused_when_one_thing_differs(name: str, value: object, fault: Fault) -> None:
    """Each by its own row of the catalogue, with what was wanted and what was there."""
    refused = judge(GITHUB | {name: value})
    assert isinstance(refused, Denied)
    assert refused.fault is fault
    assert refused.why.startswith(f"trust {TRUST.id}: ")


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"exp": NOW_S - 100}, "expired 100 s ago"),
        ({"exp": NOW_S + 8000, "iat": NOW_S}, "it lives 8000 s, more than 7200"),
        ({"exp": NOW_S + 8000, "iat": None}, "iat is no time"),
        ({"repository": "x"}, "repository: must be acme/app; is 'x'"),
        ({"repository": ["x", "y"]}, "repository: must be acme/app; is 'x', 'y'"),
    ],
)
def test_explanation_says_what_was_wanted_and_what_was_there(claims: dict[str, object], why: str) -> None:
    """For the app's owner, by the reply's request id."""
    refused = judge(GITHUB | claims)
    assert isinstance(refused, Denied)
    assert why in refused.why


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": NOW_S - 59},
        {"iat": NOW_S + 60, "nbf": NOW_S + 60},
        {"exp": NOW_S + 7200},
        {"exp": NOW_S + 0.5},
    ],
)
def test_minute_between_clocks_is_forgiven(claims: dict[str, object]) -> None:
    """assurance.md P19."""
    assert isinstance(judge(GITHUB | claims), OutsideProven)


def test_life_is_bounded_when_the_token_does_not_say_when_it_began() -> None:
    """What remains of it is what its id must be remembered for."""
    undated = {name: value for name, value in GITHUB.items() if name not in {"iat", "nbf"}}
    assert isinstance(judge(undated | {"exp": NOW_S + 7200}), OutsideProven)
    assert isinstance(judge(undated | {"exp": NOW_S + 7201}), Denied)
    # One that claims a birth in the future to look short-lived is remembered a minute longer at most.
    assert isinstance(judge(undated | {"iat": NOW_S + 60, "exp": NOW_S + 7260}), OutsideProven)
    assert isinstance(judge(undated | {"iat": NOW_S + 60, "exp": NOW_S + 7261}), Denied)


@pytest.mark.parametrize(
    ("claim", "values"),
    [
        ("repository", ("acme/app",)),
        ("run_attempt", ("1",)),
        ("kubernetes.io/namespace", ("jobs",)),
        ("kubernetes.io/serviceaccount/name", ("archiver",)),
        ("kubernetes.io/serviceaccount/missing", ()),
        ("kubernetes.io/serviceaccount", ()),
        ("kubernetes.io", ()),
        ("https://claims.example/team", ("core",)),
        ("https://claims.example/nested/a/b", ("c",)),
        ("groups", ("ops", "dev")),
        ("flag", ("true",)),
        ("off", ("false",)),
        ("ratio", ()),
        ("missing", ()),
        ("repository/deeper", ()),
    ],
)
def test_claim_is_found_by_its_name_or_its_path(claim: str, values: tuple[str, ...]) -> None:
    """A name that holds slashes is found whole before it is taken for a path."""
    claims = {
        **KUBERNETES,
        **GITHUB,
        "https://claims.example/team": "core",
        "https://claims.example/nested": {"a/b": "c"},
        "groups": ["ops", "dev", 3],
        "flag": True,
        "off": False,
        "ratio": 0.5,
    }
    assert values_of(claims, claim) == values


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("acme/app", "acme/app", True),
        ("acme/app", "acme/app ", False),
        ("acme/app", "xacme/app", False),
        ("acme/*", "acme/app", True),
        ("acme/*", "acme/", True),
        ("acme/*", "acme/app/evil", False),
        ("acme/**", "acme/app/more", True),
        ("*", "", True),
        ("*/app", "acme/app", True),
        ("*/app", "evil/acme/app", False),
        ("a.c", "abc", False),
        ("a[bc]", "ab", False),
        ("repo:acme/*:ref:refs/heads/main", "repo:acme/app:ref:refs/heads/main", True),
        # A name that somebody may choose cannot bring the rest of the pattern with it.
        ("repo:acme/*:ref:refs/heads/main", "repo:acme/app:environment:x:ref:refs/heads/main", False),
        ("repo:acme/app:ref:refs/heads/*", "repo:acme/app:ref:refs/heads/a/b", False),
        ("repo:acme/app:ref:refs/heads/**", "repo:acme/app:ref:refs/heads/a/b", True),
        ("a**b*c", "a//b-c", True),
        ("a**b*c", "a//b/c", False),
        ("system:serviceaccount:jobs:*", "system:serviceaccount:jobs:archiver", True),
        ("system:serviceaccount:jobs:*", "system:serviceaccount:jobs:x:y", False),
        ("x" * 1024, "x" * 1024, True),
        ("x**", "x" * 1025, False),
    ],
)
def test_pattern_is_anchored_at_both_ends(pattern: str, value: str, *, expected: bool) -> None:
    """One star stays within a part, two reach across; everything else means itself."""
    assert matches(pattern, value) is expected


@given(st.text(alphabet="ab/:", max_size=12), st.text(alphabet="ab/:*", max_size=12))
def test_match_is_a_whole_match(value: str, literal: str) -> None:
    """A pattern without stars matches itself alone; `**` around anything finds it anywhere."""
    assert matches(value, value)
    if "*" not in literal:
        assert matches(literal, value) is (literal == value)
        assert matches(f"**{literal}**", value) is (literal in value)


def test_match_takes_no_longer_for_a_value_made_to_be_slow() -> None:
    """Four stars and a thousand characters: a backtracking matcher would take the night (assurance.md P14)."""
    for pattern in ("**a**a**a**b", "*a*a*a*b"):
        assert not matches(pattern, "a" * 1024)
        assert stays_below(0.1, partial(matches, pattern, "a" * 1024))


OTHER = TRUST._replace(id=RowId(81), account_id=OTHER_ACCOUNT.id)
MISSED = [
    Denied(fault=fault)
    for fault in (
        issuer_faults.TOKEN_UNSIGNED,
        faults.TEMPORARILY_UNAVAILABLE,
        issuer_faults.TOKEN_AUDIENCE,
        issuer_faults.TOKEN_TIME,
        issuer_faults.TOKEN_CONDITIONS,
    )
]


def test_first_trust_that_accepts_is_meant() -> None:
    """Among an account's own there is nothing to confuse; what others miss does not matter."""
    second = OUTSIDE_PROVEN._replace(trust=TRUST._replace(id=RowId(81)))
    assert choose([MISSED[4], OUTSIDE_PROVEN, second]) == OUTSIDE_PROVEN


def test_account_must_be_named_when_two_accounts_trust_the_same_token() -> None:
    """Whose data a job gets is never decided by the order of rows."""
    refused = choose([OUTSIDE_PROVEN, OUTSIDE_PROVEN._replace(trust=OTHER)])
    assert isinstance(refused, Denied)
    assert refused.fault is grant_faults.ACCOUNT_ID_NEEDED


@pytest.mark.parametrize("last", range(len(MISSED)))
def test_nearest_miss_says_what_to_mend(last: int) -> None:
    """The trust whose checks went furthest is the one that was meant."""
    assert choose(MISSED[last::-1]) == choose(MISSED[: last + 1]) == MISSED[last]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (TRUST_FACTS, True),
        (TRUST_FACTS._replace(trust=TRUST._replace(last_used_ms=NOW_MS)), True),
        (TRUST_FACTS._replace(trust=TRUST._replace(version=7)), False),
        (TRUST_FACTS._replace(trust=None), False),
        (TRUST_FACTS._replace(client=SCRIPT._replace(version=2)), False),
        (TRUST_FACTS._replace(client=None), False),
    ],
)
def test_proof_stands_while_trust_and_app_are_what_it_relied_on(facts: TrustFacts, *, expected: bool) -> None:
    """architecture.md, idea 4; that somebody used the trust meanwhile changes nothing."""
    assert stands(OUTSIDE_PROVEN, client=proven(SCRIPT), facts=facts) is expected


@pytest.mark.requirement("RFC 7523 section 3")
def test_token_is_good_once_unless_its_trust_says_otherwise() -> None:
    """Item 7: the jti; claimed by issuer, so that another app cannot present it either."""
    spent = TRUST_FACTS._replace(spent=True)
    refused = refuse_spent(OUTSIDE_PROVEN, spent)
    assert refused is not None
    assert refused.fault is issuer_faults.TOKEN_SPENT
    assert refuse_spent(OUTSIDE_PROVEN, TRUST_FACTS) is None
    accepted = OutsideTokenAccepted(OUTSIDE_PROVEN, NOW_MS)
    claimed = AssertionClaimed(TRUST.issuer, "jti:1", OUTSIDE_PROVEN.remember_until_ms)
    assert spend(OUTSIDE_PROVEN, now_ms=NOW_MS) == (claimed, accepted)

    repeatable = OUTSIDE_PROVEN._replace(trust=TRUST._replace(repeatable=True))
    assert refuse_spent(repeatable, spent) is None
    assert spend(repeatable, now_ms=NOW_MS) == (OutsideTokenAccepted(repeatable, NOW_MS),)


@pytest.mark.parametrize("jti", [None, "", 7, "j" * 256])
def test_token_without_an_id_is_known_by_what_was_signed(jti: object) -> None:
    """Issuers may leave jti out (RFC 7523 section 3); a token is good once all the same."""
    judged = judge(GITHUB | {"jti": jti})
    assert isinstance(judged, OutsideProven)
    assert judged.token_id == "sha256:abc"


def test_subject_is_noted_when_it_is_a_text() -> None:
    """It stands in the audit log; conditions decide, not its presence."""
    judged = judge(GITHUB | {"sub": 5})
    assert isinstance(judged, OutsideProven)
    assert judged.subject == ""
    long = judge(GITHUB | {"sub": "s" * 999})
    assert isinstance(long, OutsideProven)
    assert long.subject == "s" * 255


def test_every_check_is_shown_to_whoever_tries_a_token() -> None:
    """Also those after the first that fails."""
    checks = check_claims(trusting("repository=x", "sub=repo:**"), GITHUB | {"aud": "x"}, now_ms=NOW_MS)
    assert [(check.name, check.passed) for check in checks] == [
        ("aud", False),
        ("exp, nbf, iat", True),
        ("repository", False),
        ("sub", True),
    ]


@given(
    st.dictionaries(
        st.sampled_from(["aud", "exp", "nbf", "iat", "jti", "sub", "repository"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
            max_leaves=5,
        ),
    )
)
def test_any_claims_are_an_answer(claims: dict[str, object]) -> None:
    """Never an exception, and nothing accepted that is not bounded in time."""
    judged = judge(claims)
    if isinstance(judged, OutsideProven):
        assert judged.remember_until_ms <= NOW_MS + TRUST.life_max_s * 1000 + 2 * SKEW_MS
