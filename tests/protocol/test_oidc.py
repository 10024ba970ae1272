"""OpenID Connect judged: the request, the answer, the token endpoint's word, and a matrix of hostile ID tokens."""

from urllib.parse import parse_qs, urlsplit

import pytest

from callgate.model import faults, sso_faults
from callgate.model.decisions import Denied
from callgate.model.faults import Fault
from callgate.protocol.oidc import (
    AGE_MS_MAX,
    CODE_CHARS_MAX,
    SKEW_MS,
    SUBJECT_CHARS_MAX,
    TOKEN_CHARS_MAX,
    Callback,
    Claims,
    Tokens,
    Trip,
    judge_callback,
    judge_id_token,
    judge_tokens,
    judge_userinfo,
    read_callback,
    read_person,
    request_url,
)
from callgate.protocol.pkce import s256
from tests.factories import NOW_MS, OIDC

NOW_S = NOW_MS // 1000
SKEW_S, AGE_S = SKEW_MS // 1000, AGE_MS_MAX // 1000
STATE, NONCE, VERIFIER = "s" * 22, "n" * 22, "v" * 43
TRIP = Trip(STATE, NONCE, VERIFIER)
AT_HASH = "the hash of its access token"
GONE = "no such claim"
GOOD: Claims = {
    "iss": OIDC.issuer,
    "aud": OIDC.client_id,
    "sub": "248289761001",
    "nonce": NONCE,
    "iat": NOW_S,
    "exp": NOW_S + 300,
    "email": "Ada@Northwind.Example",
    "email_verified": True,
}


def but(**changes: object) -> Claims:
    """The good claims with some others; GONE takes one away."""
    return {name: value for name, value in (dict(GOOD) | changes).items() if value != GONE}


def wrong_with(claims: Claims, *, at_hash: str | None = AT_HASH) -> str | None:
    """What an ID token is refused for."""
    denied = judge_id_token(OIDC, claims, nonce=NONCE, at_hash=at_hash, now_ms=NOW_MS)
    if denied is None:
        return None
    assert denied.fault is sso_faults.SSO_ANSWER_REFUSED
    return denied.why


def fault_of(decision: object) -> Fault:
    """The fault of a denial."""
    assert isinstance(decision, Denied)
    return decision.fault


@pytest.mark.parametrize(
    ("place", "anew"),
    [("https://op.northwind.example/authorize", False), ("https://op.northwind.example/authorize?tenant=a", True)],
)
def test_request_has_what_the_answer_must_match(place: str, *, anew: bool) -> None:
    """OpenID Connect Core section 3.1.2.1, RFC 7636 section 4.3: the verifier itself stays here."""
    url = request_url(OIDC._replace(sso_url=place), TRIP, redirect_uri="https://gate.example/cb", anew=anew)
    assert url.startswith(place)
    asked = {name: value for name, [value] in parse_qs(urlsplit(url).query, strict_parsing=True).items()}
    assert asked == {
        **({"tenant": "a", "prompt": "login"} if anew else {}),
        "response_type": "code",
        "client_id": "callgate",
        "redirect_uri": "https://gate.example/cb",
        "scope": "openid email",
        "state": STATE,
        "nonce": NONCE,
        "code_challenge": s256(VERIFIER),
        "code_challenge_method": "S256",
    }
    assert VERIFIER not in url
    for kept in (TRIP, Tokens("an ID token", "an access token"), Callback(STATE, "a code", "", "")):
        assert all(secret not in repr(kept) for secret in (NONCE, VERIFIER, "an ID token", "an access token", "a code"))


@pytest.mark.parametrize(
    ("query", "read"),
    [
        (f"state={STATE}&code=c&iss=i&session_state=x".encode(), Callback(STATE, "c", "i", "")),
        (b"error=access_denied&error_description=no", Callback("", "", "", "access_denied")),
        (b"state=short&code=c", Callback("", "c", "", "")),
        (b"", Callback("", "", "", "")),
    ],
)
def test_answer_is_read(query: bytes, read: Callback) -> None:
    """What is not ours to read is ignored (RFC 6749 section 4.1.2)."""
    assert read_callback(query) == read


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        (b"code=a&code=b", faults.PARAMETER_DUPLICATED),
        (b"code=%zz", faults.BODY_MALFORMED),
        (b"&".join(b"a%d=b" % number for number in range(40)), faults.BODY_TOO_LARGE),
    ],
)
def test_answer_that_is_no_query_is_refused(query: bytes, fault: Fault) -> None:
    """Before anything in it is looked at."""
    assert fault_of(read_callback(query)) is fault


@pytest.mark.requirement("RFC 9207 section 2.4")
def test_code_is_taken_from_this_provider_alone() -> None:
    """RFC 9207 section 2.4: an issuer that is named must be the one asked; one that is announced must be named."""
    announcing = OIDC._replace(announces_iss=True)
    assert judge_callback(OIDC, Callback(STATE, "c", "", "")) == "c"
    assert judge_callback(OIDC, Callback(STATE, "c", OIDC.issuer, "")) == "c"
    assert judge_callback(announcing, Callback(STATE, "c", OIDC.issuer, "")) == "c"
    for connection, iss in ((announcing, ""), (OIDC, "https://evil.example"), (OIDC, f"{OIDC.issuer}/")):
        for error in ("", "access_denied"):
            denied = judge_callback(connection, Callback(STATE, "c", iss, error))
            assert fault_of(denied) is sso_faults.SSO_ANSWER_REFUSED


@pytest.mark.parametrize(
    ("callback", "fault"),
    [
        (Callback(STATE, "", "", "access_denied"), sso_faults.SSO_PROVIDER_REFUSED),
        (Callback(STATE, "c", "", "login_required"), sso_faults.SSO_PROVIDER_REFUSED),
        (Callback(STATE, "", "", "server_error"), sso_faults.SSO_PROVIDER_UNREACHABLE),
        (Callback(STATE, "", "", "temporarily_unavailable"), sso_faults.SSO_PROVIDER_UNREACHABLE),
        (Callback(STATE, "", "", ""), faults.PARAMETER_MISSING),
        (Callback(STATE, "c" * (CODE_CHARS_MAX + 1), "", ""), sso_faults.SSO_ANSWER_REFUSED),
    ],
    ids=["denied", "login required", "server error", "later", "no code", "long code"],
)
def test_answer_without_a_code_is_refused(callback: Callback, fault: Fault) -> None:
    """The provider's own no is told from one that passes, and from an answer that is none."""
    assert fault_of(judge_callback(OIDC, callback)) is fault


def test_error_that_is_no_word_is_not_repeated() -> None:
    """The log is for people: no control characters, and no novels."""
    for error in ("x" * 65, "a\nb", 'a"b', "ä"):
        denied = judge_callback(OIDC, Callback(STATE, "", "", error))
        assert isinstance(denied, Denied)
        assert denied.why == "the provider answered something unreadable"


def test_tokens_are_read() -> None:
    """An access token that could not be sent on is as none: it is optional to us."""
    assert judge_tokens(200, {"id_token": "i", "access_token": "a", "token_type": "Bearer"}) == Tokens("i", "a")
    for unusable in (None, 7, "", "a b", "a\r\nX: y", "a" * (TOKEN_CHARS_MAX + 1)):
        assert judge_tokens(200, {"id_token": "i", "access_token": unusable}) == Tokens("i", "")


@pytest.mark.parametrize(
    ("status", "members", "fault", "why"),
    [
        (200, None, sso_faults.SSO_ANSWER_REFUSED, "no JSON object"),
        (200, {}, sso_faults.SSO_ANSWER_REFUSED, "is openid among the scopes?"),
        (200, {"id_token": 7}, sso_faults.SSO_ANSWER_REFUSED, "is openid among the scopes?"),
        (400, {"error": "invalid_grant"}, sso_faults.SSO_ANSWER_REFUSED, "answered 400: invalid_grant"),
        (401, {"error": "invalid_client"}, sso_faults.SSO_CLIENT_REFUSED, "answered 401: invalid_client"),
        (400, {"error": "unauthorized_client"}, sso_faults.SSO_CLIENT_REFUSED, "unauthorized_client"),
        (400, {"error": ["x"]}, sso_faults.SSO_ANSWER_REFUSED, "answered 400: no reason"),
        (400, {"id_token": "i"}, sso_faults.SSO_ANSWER_REFUSED, "answered 400: no reason"),
    ],
)
def test_token_endpoints_refusal_is_told(status: int, members: Claims | None, fault: Fault, why: str) -> None:
    """RFC 6749 section 5.2; whose mistake it is, an administrator can see."""
    denied = judge_tokens(status, members)
    assert isinstance(denied, Denied)
    assert denied.fault is fault
    assert why in denied.why


@pytest.mark.parametrize(
    "claims",
    [
        GOOD,
        but(aud=["callgate"]),
        but(azp="callgate"),
        but(at_hash=AT_HASH),
        but(iat=NOW_S + SKEW_S, nbf=NOW_S + SKEW_S),
        but(iat=NOW_S - AGE_S - SKEW_S),
        but(exp=NOW_S - SKEW_S + 1),
        but(iat=NOW_S + 0.5),
        but(sub="s" * SUBJECT_CHARS_MAX),
    ],
    ids=["plain", "list", "azp", "at_hash", "early", "old", "late", "fraction", "long sub"],
)
def test_id_token_is_believed(claims: Claims) -> None:
    """OpenID Connect Core section 3.1.3.7, at the edges of what is."""
    assert wrong_with(claims) is None


@pytest.mark.requirement("OpenID Connect Core section 3.1.3.7")
@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"iss": GONE}, "iss is"),
        ({"iss": "https://evil.example"}, "iss is"),
        ({"iss": f"{OIDC.issuer}/"}, "iss is"),
        ({"iss": [OIDC.issuer]}, "iss is"),
        ({"aud": GONE}, "aud is"),
        ({"aud": "other"}, "aud is"),
        ({"aud": []}, "aud is"),
        ({"aud": ["callgate", "other"]}, "aud is"),
        ({"aud": {"callgate": True}}, "aud is"),
        ({"azp": "other"}, "azp is"),
        ({"azp": None}, "azp is"),
        ({"sub": GONE}, "sub is"),
        ({"sub": ""}, "sub is"),
        ({"sub": 7}, "sub is"),
        ({"sub": "s" * (SUBJECT_CHARS_MAX + 1)}, "sub is"),
        ({"nonce": GONE}, "nonce is"),
        ({"nonce": "m" * 22}, "nonce is"),
        ({"nonce": ""}, "nonce is"),
        ({"nonce": [NONCE]}, "nonce is"),
        ({"nonce": f"{NONCE}\ud800"}, "nonce is"),
        ({"at_hash": "other"}, "at_hash is"),
        ({"at_hash": None}, "at_hash is"),
        ({"exp": GONE}, "exp or iat"),
        ({"exp": str(NOW_S + 300)}, "exp or iat"),
        ({"exp": True}, "exp or iat"),
        ({"exp": -1}, "exp or iat"),
        ({"exp": 10**17}, "exp or iat"),
        ({"iat": GONE}, "exp or iat"),
        ({"iat": "now"}, "exp or iat"),
        ({"exp": NOW_S - SKEW_S}, "expired 60 s ago"),
        ({"iat": NOW_S + SKEW_S + 1}, "iat lies 61 s in the future"),
        ({"iat": NOW_S - AGE_S - SKEW_S - 1}, "issued 661 s ago"),
        ({"nbf": NOW_S + SKEW_S + 1}, "nbf lies"),
        ({"nbf": "now"}, "nbf lies"),
    ],
    ids=lambda each: "-".join(each) if isinstance(each, dict) else "",
)
def test_hostile_id_token_is_refused(changes: dict[str, object], why: str) -> None:
    """One thing wrong at a time; the log says which."""
    said = wrong_with(but(**changes))
    assert said is not None
    assert said.startswith(f"ID token: {why}")
    assert NONCE not in said


def test_hash_of_an_access_token_that_is_not_there_is_no_proof() -> None:
    """A token substituted by none is substituted too (section 3.1.3.8)."""
    for at_hash in (None, ""):
        said = wrong_with(but(at_hash=""), at_hash=at_hash)
        assert said is not None
        assert "at_hash" in said


@pytest.mark.parametrize(
    ("claims", "right"),
    [(None, False), ({}, False), ({"sub": "another"}, False), ({"sub": GOOD["sub"], "email": "x"}, True)],
)
def test_userinfo_is_about_the_same_person(claims: Claims | None, *, right: bool) -> None:
    """Section 5.3.2: else its claims must not be used."""
    assert (judge_userinfo(claims, subject=GOOD["sub"]) is None) == right


def test_address_is_read_from_the_claim_chosen() -> None:
    """In normal form; a claim that is not `email` is vouched for by whoever chose it."""
    assert read_person(OIDC, GOOD) == "ada@northwind.example"
    chosen = OIDC._replace(email_attribute="upn")
    assert read_person(chosen, but(upn="bob@northwind.example", email_verified=False)) == "bob@northwind.example"


@pytest.mark.parametrize("verified", [GONE, False, "true", 1, None])
def test_address_must_be_verified_unless_the_administrator_says_otherwise(verified: object) -> None:
    """Section 5.1: whoever may write any address into their profile would be anybody."""
    claims = but(email_verified=verified)
    denied = read_person(OIDC, claims)
    assert isinstance(denied, Denied)
    assert denied.fault is sso_faults.SSO_ANSWER_REFUSED
    assert "email_verified" in denied.why
    assert "--unverified-email" in denied.why
    assert read_person(OIDC._replace(believes_email=True), claims) == "ada@northwind.example"


@pytest.mark.parametrize("email", [GONE, "", "no address", "+12025550100", ["a@b.example"], None, 7])
def test_claim_that_is_no_address_is_refused(email: object) -> None:
    """Nothing else of the answer is taken instead; the log names the claims that came."""
    denied = read_person(OIDC, but(email=email))
    assert fault_of(denied) is sso_faults.SSO_ANSWER_REFUSED
