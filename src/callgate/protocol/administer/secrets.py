"""An app's secret changed: at once, or with a time in which the former counts as well."""

from callgate.model.acts import Refused
from callgate.model.client import Client, ClientKeys
from callgate.model.client_secret import (
    OVERLAP_MAX_MS,
    FormerSecretRetired,
    SecretActFacts,
    SecretDates,
    SecretRotated,
)
from callgate.model.decisions import Done
from callgate.model.instant import render_instant
from callgate.model.policy import CREDENTIAL_USE_STEP_MS
from callgate.model.radar import Advice, Standing
from callgate.protocol.administer.apps import check_keys, keeps_secret


def rotate_secret(keys: ClientKeys, *, overlap_ms: int, facts: SecretActFacts, by: str) -> Done | Refused:
    """A new secret. With an overlap there are two, and never three: the one before must be over or retired first."""
    client = facts.client
    if client is None:
        return Refused("there is no such app")
    if not 0 <= overlap_ms <= OVERLAP_MAX_MS:
        return Refused("an overlap has at most 90 days")
    former_ms = former_until(facts.dates, now_ms=facts.now_ms)
    if overlap_ms and former_ms is not None:
        until = render_instant(former_ms)
        return Refused(
            f"{client.name} has two secrets until {until}: `callgate apps retire-secret APP` ends the former"
        )
    problem = _cannot_have(client, keys)
    if problem:
        return Refused(problem)
    until_ms = facts.now_ms + overlap_ms if overlap_ms else None
    return Done((SecretRotated(client, _next(client), keys, until_ms, facts.now_ms, by),))


def retire_secret(*, facts: SecretActFacts, by: str) -> Done | Refused:
    """The former secret is refused from now on."""
    client = facts.client
    if client is None:
        return Refused("there is no such app")
    if former_until(facts.dates, now_ms=facts.now_ms) is None:
        return Refused(f"{client.name} has no former secret that counts")
    return Done((FormerSecretRetired(client, _next(client), by),))


def former_until(dates: SecretDates, *, now_ms: int) -> int | None:
    """Until when a former secret counts; None where none does."""
    until_ms = dates.former_until_ms
    return until_ms if until_ms is not None and now_ms < until_ms else None


def advise(dates: SecretDates, *, now_ms: int) -> Advice | None:
    """Whether the former secret can go; a use is known to the hour, so one hour must have passed."""
    until_ms = former_until(dates, now_ms=now_ms)
    if until_ms is None or dates.made_ms is None:
        return None
    used_ms = dates.former_used_ms
    if used_ms is not None and used_ms >= dates.made_ms:
        return Advice(Standing.FORMER, f"still used: last at {render_instant(used_ms)}", may_go=False)
    if dates.used_ms is None:
        return Advice(Standing.FORMER, "wait: the new secret was not used yet", may_go=False)
    if now_ms < dates.made_ms + CREDENTIAL_USE_STEP_MS:
        return Advice(Standing.FORMER, "wait: the new secret is younger than an hour", may_go=False)
    since_ms = dates.made_ms if used_ms is None else used_ms
    return Advice(Standing.FORMER, f"safe to retire: not used since {render_instant(since_ms)}", may_go=True)


def _cannot_have(client: Client, keys: ClientKeys) -> str | None:
    if not keeps_secret(client):
        return f"{client.name} has no secret: it proves itself by {client.auth_method.value}"
    return check_keys(client, keys)


def _next(client: Client) -> Client:
    return client._replace(version=client.version + 1)
