"""OpenID Connect judged from the side of who relies on it: what is asked, what came back, whom it is about.

Signatures hold already when an ID token's claims get here (crypto); the requests themselves are the service's. Sections
are OpenID Connect Core 1.0's unless they say otherwise.
"""

import hmac
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from callgate.model import faults, sso_faults
from callgate.model.connection import Connection
from callgate.model.decisions import Denied
from callgate.protocol.forms import parse_pairs, single
from callgate.protocol.pkce import s256
from callgate.protocol.sso import read_email, read_handle

Claims = Mapping[str, object]

SKEW_MS = 60 * 1000
AGE_MS_MAX = 10 * 60 * 1000
"""An ID token is made when its code is redeemed; no trip of a browser takes longer."""

CODE_CHARS_MAX = 2048
TOKEN_CHARS_MAX = 8192
"""Of the access token, which is sent on to the provider's own UserInfo endpoint."""

SUBJECT_CHARS_MAX = 255
EMAIL = "email"

_VISIBLE = re.compile(r"[!-~]+")
_ERROR = re.compile(r"[ !#-\[\]-~]{1,64}")
_LATER = frozenset({"temporarily_unavailable", "server_error"})
"""Errors that pass by themselves (RFC 6749 section 4.1.2.1)."""

_SECONDS_MAX = 2**40
_SHOWN_CHARS_MAX = 120
_OK = 200


class Trip(NamedTuple):
    """What ties an answer to the browser that asked: `state` finds it, `nonce` and `verifier` never leave it sealed."""

    state: str
    nonce: str
    verifier: str

    def __repr__(self) -> str:
        return "Trip(…)"


class Callback(NamedTuple):
    """What a browser brought back; empty where absent."""

    state: str
    code: str
    iss: str
    error: str

    def __repr__(self) -> str:
        return f"Callback(iss={self.iss!r}, error={self.error!r}, …)"


class Tokens(NamedTuple):
    """What the token endpoint gave. `access_token` opens the UserInfo endpoint, and is kept nowhere."""

    id_token: str
    access_token: str

    def __repr__(self) -> str:
        return "Tokens(…)"


def request_url(connection: Connection, trip: Trip, *, redirect_uri: str, anew: bool) -> str:
    """Where a browser is sent (section 3.1.2.1), PKCE by S256 always. `anew`: whoever is signed in there is asked."""
    query = {
        "response_type": "code",
        "client_id": connection.client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(connection.scopes),
        "state": trip.state,
        "nonce": trip.nonce,
        "code_challenge": s256(trip.verifier),
        "code_challenge_method": "S256",
        **({"prompt": "login"} if anew else {}),
    }
    return f"{connection.sso_url}{'&' if '?' in connection.sso_url else '?'}{urlencode(query)}"


def read_callback(query: bytes) -> Callback | Denied:
    """The parameters of an answer, each once; `state` is empty unless it can be one of ours."""
    pairs = parse_pairs(query)
    form = pairs if isinstance(pairs, Denied) else single(pairs)
    if isinstance(form, Denied):
        return form
    state, code, iss, error = (form.get(name) or "" for name in ("state", "code", "iss", "error"))
    return Callback(read_handle(state) or "", code, iss, error)


def judge_callback(connection: Connection, callback: Callback) -> str | Denied:
    """The code, if the answer is this provider's. Whose it is comes first: another's error says nothing (RFC 9207)."""
    if callback.iss and callback.iss != connection.issuer:
        return _refused(f"iss names another issuer: {_shown(callback.iss)}")
    if connection.announces_iss and not callback.iss:
        return _refused("iss is missing, though the provider announces that it sends it (RFC 9207)")
    if callback.error:
        error = callback.error if _ERROR.fullmatch(callback.error) else "something unreadable"
        later = error in _LATER
        fault = sso_faults.SSO_PROVIDER_UNREACHABLE if later else sso_faults.SSO_PROVIDER_REFUSED
        return Denied(fault=fault, why=f"the provider answered {error}")
    if not callback.code:
        return Denied(fault=faults.PARAMETER_MISSING, values=(("parameter", "code"),))
    if len(callback.code) > CODE_CHARS_MAX:
        return _refused(f"the code has more than {CODE_CHARS_MAX} characters")
    return callback.code


def judge_tokens(status: int, members: Claims | None) -> Tokens | Denied:
    """The token endpoint's answer (section 3.1.3.3, RFC 6749 section 5.2)."""
    if members is None:
        return _refused(f"the token endpoint answered {status} and no JSON object")
    if status != _OK:
        error = members.get("error")
        error = error if isinstance(error, str) and _ERROR.fullmatch(error) else "no reason"
        ours = error in {"invalid_client", "unauthorized_client"}
        fault = sso_faults.SSO_CLIENT_REFUSED if ours else sso_faults.SSO_ANSWER_REFUSED
        return Denied(fault=fault, why=f"the token endpoint answered {status}: {error}")
    id_token, access_token = members.get("id_token"), members.get("access_token")
    if not isinstance(id_token, str):
        return _refused("the token endpoint gave no id_token: is openid among the scopes?")
    usable = isinstance(access_token, str) and len(access_token) <= TOKEN_CHARS_MAX and _VISIBLE.fullmatch(access_token)
    return Tokens(id_token, str(access_token) if usable else "")


def judge_id_token(
    connection: Connection, claims: Claims, *, nonce: str, at_hash: str | None, now_ms: int
) -> Denied | None:
    """The first thing wrong with a signed ID token (section 3.1.3.7); `at_hash` is what its access token has."""
    problem = next(_wrong(connection, claims, nonce=nonce, at_hash=at_hash), None) or _wrong_time(claims, now_ms=now_ms)
    return None if problem is None else _refused(f"ID token: {problem}")


def judge_userinfo(claims: Claims | None, *, subject: object) -> Denied | None:
    """Whether what the UserInfo endpoint says is about the same person (section 5.3.2)."""
    if claims is None:
        return _refused("the UserInfo endpoint gave no JSON object")
    if claims.get("sub") != subject:
        return _refused("the UserInfo endpoint speaks of another sub than the ID token")
    return None


def read_person(connection: Connection, claims: Claims) -> str | Denied:
    """The person's address, in normal form, in the claim the administrator chose."""
    name = connection.email_attribute
    if name == EMAIL and name in claims and not connection.believes_email and claims.get("email_verified") is not True:
        said = "is missing" if "email_verified" not in claims else "is not true"
        return _refused(
            f"email_verified {said}; if the provider vouches for its addresses all the same: "
            "`callgate sso update-oidc CONNECTION --unverified-email`"
        )
    attributes = tuple((each, (value,)) for each, value in claims.items() if isinstance(value, str))
    return read_email(connection, name_id="", attributes=attributes)


def _wrong(connection: Connection, claims: Claims, *, nonce: str, at_hash: str | None) -> Iterator[str]:
    issuer, audience, subject = claims.get("iss"), claims.get("aud"), claims.get("sub")
    if issuer != connection.issuer:
        yield f"iss is {_shown(issuer)}, not {connection.issuer}"
    if audience not in (connection.client_id, [connection.client_id]):
        # Beside another audience, somebody else holds the same token.
        yield f"aud is {_shown(audience)}, not {connection.client_id} alone"
    if "azp" in claims and claims["azp"] != connection.client_id:
        yield f"azp is {_shown(claims['azp'])}, not {connection.client_id}"
    if not (isinstance(subject, str) and 0 < len(subject) <= SUBJECT_CHARS_MAX):
        yield f"sub is missing, or no text of at most {SUBJECT_CHARS_MAX} characters"
    if not _same(claims.get("nonce"), nonce):
        yield "nonce is not the one this browser left with"
    if "at_hash" in claims and not (at_hash and _same(claims["at_hash"], at_hash)):
        yield "at_hash is not the access token's"


def _wrong_time(claims: Claims, *, now_ms: int) -> str | None:
    expires_ms, issued_ms, since_ms = (_time_ms(claims, name) for name in ("exp", "iat", "nbf"))
    if expires_ms is None or issued_ms is None:
        return "exp or iat is missing or no time"
    if now_ms >= expires_ms + SKEW_MS:
        return f"expired {(now_ms - expires_ms) // 1000} s ago"
    if issued_ms > now_ms + SKEW_MS:
        return f"iat lies {(issued_ms - now_ms) // 1000} s in the future"
    if issued_ms < now_ms - AGE_MS_MAX - SKEW_MS:
        return f"issued {(now_ms - issued_ms) // 1000} s ago, before this browser asked"
    if "nbf" in claims and (since_ms is None or since_ms > now_ms + SKEW_MS):
        return "nbf lies in the future, or is no time"
    return None


def _same(presented: object, expected: str) -> bool:
    """In constant time; what is no text is never the same, and nothing is the same as nothing."""
    if not (isinstance(presented, str) and expected):
        return False
    return hmac.compare_digest(presented.encode("utf-8", "surrogatepass"), expected.encode())


def _time_ms(claims: Claims, name: str) -> int | None:
    """A NumericDate (RFC 7519 section 2)."""
    value = claims.get(name)
    usable = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _SECONDS_MAX
    return int(value * 1000) if usable and isinstance(value, int | float) else None


def _shown(value: object) -> str:
    """For administrators; bounded, and printable."""
    return ascii(value)[:_SHOWN_CHARS_MAX]


def _refused(why: str) -> Denied:
    return Denied(fault=sso_faults.SSO_ANSWER_REFUSED, why=why)
