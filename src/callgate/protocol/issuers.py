"""Tokens of outside issuers judged: whom a signed token is for, when, and whether it is about who is trusted.

The signature holds already when anything here is asked (RFC 7523 section 3). The conditions are what keeps everybody
else's repository out: a public issuer signs for all the world.
"""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from callgate.model import faults, grant_faults, issuer_faults
from callgate.model.changes import AssertionClaimed, Change, OutsideTokenAccepted
from callgate.model.decisions import Denied
from callgate.model.evidence import ClientProven
from callgate.model.faults import Fault
from callgate.model.issuer import SKEW_MS, Condition, OutsideProven, TrustedIssuer, TrustFacts
from callgate.protocol.guards import client_stands

Claims = Mapping[str, object]

TOKEN_ID_CHARS_MAX = 255
_VALUE_CHARS_MAX = 1024
"""A claim longer than this meets no condition."""

_SECONDS_MAX = 2**40
_SHOWN_CHARS_MAX = 120
_WILD = re.compile(r"(\*\*|\*)")
_BETWEEN_PARTS = frozenset("/:")
"""What separates the parts of `repo:acme/app:ref:refs/heads/main`; one star does not reach across."""


class Check(NamedTuple):
    """One thing a token must satisfy, for whoever wants to know why it does not."""

    name: str
    passed: bool
    detail: str
    fault: Fault


def check_claims(trust: TrustedIssuer, claims: Claims, *, now_ms: int) -> list[Check]:
    """Every check of a signed token in their order; the first that failed is the answer."""
    conditions = (_check_condition(condition, claims) for condition in trust.conditions)
    return [_check_audience(trust, claims), _check_times(trust, claims, now_ms=now_ms), *conditions]


def judge_claims(trust: TrustedIssuer, claims: Claims, *, digest: str, now_ms: int) -> OutsideProven | Denied:
    """What a signed token proves under this trust, or the first check it fails. `digest` names a token without jti."""
    failed = next((check for check in check_claims(trust, claims, now_ms=now_ms) if not check.passed), None)
    if failed:
        return Denied(fault=failed.fault, why=f"trust {trust.id}: {failed.name}: {failed.detail}")
    subject, expires_ms = claims.get("sub"), _time_ms(claims, "exp")
    assert expires_ms is not None, "its times were checked"
    return OutsideProven(
        trust=trust,
        subject=subject[:TOKEN_ID_CHARS_MAX] if isinstance(subject, str) else "",
        token_id=_token_id(claims, digest),
        remember_until_ms=expires_ms + SKEW_MS,
    )


def choose(judged: Iterable[OutsideProven | Denied]) -> OutsideProven | Denied:
    """The trust to act under: the first that accepts, if all that accept are of one account; else the nearest miss."""
    proven: list[OutsideProven] = []
    denied: list[Denied] = []
    for each in judged:
        if isinstance(each, OutsideProven):
            proven.append(each)
        else:
            denied.append(each)
    if len({each.trust.account_id for each in proven}) > 1:
        return Denied(fault=grant_faults.ACCOUNT_ID_NEEDED, values=(("parameter", "account_id"),))
    if proven:
        return proven[0]
    return max(denied, key=lambda each: _NEARNESS.index(each.fault))


def stands(proven: OutsideProven, *, client: ClientProven, facts: TrustFacts) -> bool:
    """Whether app and trust are still what the token was judged by; otherwise it is judged again."""
    trust = facts.trust
    return trust is not None and trust.version == proven.trust.version and client_stands(client, facts.client)


def refuse_spent(proven: OutsideProven, facts: TrustFacts) -> Denied | None:
    """A token is good once, on every process, unless its trust says otherwise (RFC 7523 section 3, item 7)."""
    if facts.spent and not proven.trust.repeatable:
        return Denied(fault=issuer_faults.TOKEN_SPENT, why=f"trust {proven.trust.id}: jti was presented before")
    return None


def spend(proven: OutsideProven, *, now_ms: int) -> tuple[Change, ...]:
    """What is written of an accepted token: that it was presented, by whom it was made and whom it is about."""
    accepted = OutsideTokenAccepted(proven, now_ms)
    if proven.trust.repeatable:
        return (accepted,)
    # By issuer, not by app: what one app's job presented is spent for every other app too.
    return (AssertionClaimed(proven.trust.issuer, proven.token_id, proven.remember_until_ms), accepted)


def matches(pattern: str, value: str) -> bool:
    """Whether a value is what a pattern says, whole: `*` stands for part of a part, `**` for anything.

    Takes no longer than pattern times value, whatever they are: a stranger wrote the value.
    """
    if len(value) > _VALUE_CHARS_MAX:
        return False
    reached = {0}
    for token in _WILD.split(pattern):
        if token == "**":
            reached = set(range(min(reached), len(value) + 1))
        elif token == "*":
            reached = _within_parts(reached, value)
        else:
            reached = {start + len(token) for start in reached if value.startswith(token, start)}
        if not reached:
            return False
    return len(value) in reached


def _within_parts(reached: set[int], value: str) -> set[int]:
    further: set[int] = set()
    for start in sorted(reached):
        at = start
        while at not in further:
            further.add(at)
            if at == len(value) or value[at] in _BETWEEN_PARTS:
                break
            at += 1
    return further


def values_of(claims: Claims, name: str) -> tuple[str, ...]:
    """The texts a claim has; `kubernetes.io/namespace` leads into an object where no claim has that name whole."""
    if name in claims:
        return _texts(claims[name])
    for slash in (found.start() for found in re.finditer("/", name)):
        inside = claims.get(name[:slash])
        if isinstance(inside, Mapping):
            found = values_of(inside, name[slash + 1 :])
            if found:
                return found
    return ()


def _texts(value: object) -> tuple[str, ...]:
    match value:
        case bool():
            return ("true" if value else "false",)
        case int():
            return (str(value),)
        case str():
            return (value,)
        case list():
            return tuple(each for each in value if isinstance(each, str))
        case _:
            return ()


def _check_audience(trust: TrustedIssuer, claims: Claims) -> Check:
    """One audience, ours: beside another, somebody else holds the same token (RFC 7523 section 3, item 3)."""
    audience = claims.get("aud")
    meant = audience in (trust.audience, [trust.audience])
    return Check("aud", meant, f"must be {trust.audience}; is {_shown(audience)}", issuer_faults.TOKEN_AUDIENCE)


def _check_times(trust: TrustedIssuer, claims: Claims, *, now_ms: int) -> Check:
    problem = _time_problem(trust, claims, now_ms=now_ms)
    return Check("exp, nbf, iat", problem is None, problem or "in order", issuer_faults.TOKEN_TIME)


def _time_problem(trust: TrustedIssuer, claims: Claims, *, now_ms: int) -> str | None:
    expires_ms, issued_ms = _time_ms(claims, "exp"), _time_ms(claims, "iat")
    if expires_ms is None:
        return "exp is missing or no time"
    for name in ("nbf", "iat"):
        since_ms = _time_ms(claims, name)
        if name in claims and since_ms is None:
            return f"{name} is no time"
        if since_ms is not None and since_ms > now_ms + SKEW_MS:
            return f"{name} lies in the future"
    if now_ms >= expires_ms + SKEW_MS:
        return f"expired {(now_ms - expires_ms) // 1000} s ago"
    # Without iat the life behind it is unknown; the life before it is what must be remembered, and is bounded always.
    began_ms = now_ms if issued_ms is None else issued_ms
    if expires_ms - began_ms > trust.life_max_s * 1000 or expires_ms - now_ms > trust.life_max_s * 1000 + SKEW_MS:
        return f"it lives {(expires_ms - began_ms) // 1000} s, more than {trust.life_max_s}"
    return None


def _check_condition(condition: Condition, claims: Claims) -> Check:
    values = values_of(claims, condition.claim)
    met = any(matches(condition.pattern, value) for value in values)
    is_now = ", ".join(_shown(value) for value in values) if values else "missing"
    detail = f"must be {condition.pattern}; is {is_now}"
    return Check(condition.claim, met, detail[: 4 * _SHOWN_CHARS_MAX], issuer_faults.TOKEN_CONDITIONS)


def _token_id(claims: Claims, digest: str) -> str:
    jti = claims.get("jti")
    usable = isinstance(jti, str) and 0 < len(jti) <= TOKEN_ID_CHARS_MAX
    return f"jti:{jti}" if usable else f"sha256:{digest}"


def _time_ms(claims: Claims, name: str) -> int | None:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _SECONDS_MAX:
        return None
    return int(value * 1000)


def _shown(value: object) -> str:
    return repr(value)[:_SHOWN_CHARS_MAX]


_NEARNESS = (
    issuer_faults.TOKEN_UNSIGNED,
    faults.TEMPORARILY_UNAVAILABLE,
    issuer_faults.TOKEN_AUDIENCE,
    issuer_faults.TOKEN_TIME,
    issuer_faults.TOKEN_CONDITIONS,
)
"""Denials in the order of their checks: of several trusts, the one that went furthest says what to mend."""
