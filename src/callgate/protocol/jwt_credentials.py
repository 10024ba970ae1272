"""JWT credentials made, replaced and deleted by the resource API: a token makes none that opens more than itself.

Who may ask at all stands in protocol/resources.py; what a credential may be, and who makes them in an account, in
protocol/administer/credentials.py.
"""

from collections.abc import Mapping
from typing import NamedTuple

from callgate.model import api_faults
from callgate.model.acts import CredentialActFacts, Refused
from callgate.model.client_secret import OVERLAP_MAX_MS
from callgate.model.credential import JwtCredential
from callgate.model.decisions import Admitted, Denied, Done
from callgate.model.ids import ClientId, RowId, read_id
from callgate.model.instant import DAY_MS, parse_instant
from callgate.model.scope import covers
from callgate.protocol.administer import credentials
from callgate.protocol.body import BodyReader
from callgate.protocol.resources import Subject, no_such, no_such_extension
from callgate.protocol.roles import exceeds_giver, refused

LIFE_MAX_MS = 90 * DAY_MS
"""A token lives days, and what it makes must not live for ever: a job replaces its credential each quarter."""

OVERLAP_DEFAULT_MS = 7 * DAY_MS
"""As on the command line."""

_CLIENT_ID_CHARS_MAX = 128


class CredentialWish(NamedTuple):
    """A credential as a body describes it."""

    label: str
    client_ids: frozenset[ClientId]
    expires_ms: int


class ReplacementWish(NamedTuple):
    """A credential's successor as a body describes it."""

    overlap_ms: int
    expires_ms: int


def parse_new_credential(body: Mapping[str, object]) -> CredentialWish | Denied:
    """`label`, `clientIds` and `expirationTime`; what the page leaves out to mean all, or never, must be said here."""
    reader = BodyReader(body)
    for name in ("label", "clientIds"):
        if not reader.has(name):
            reader.require(name)
    named = reader.texts("clientIds") or ()
    if len(named) > credentials.APPS_MAX or any(not 1 <= len(each) <= _CLIENT_ID_CHARS_MAX for each in named):
        reader.refuse("clientIds")
    client_ids = frozenset(ClientId(each) for each in named)
    wish = CredentialWish(reader.text("label") or "", client_ids, _read_expiry(reader))
    return reader.refused or wish


def parse_replacement(body: Mapping[str, object]) -> ReplacementWish | Denied:
    """`expirationTime`, and `overlap` in seconds."""
    reader = BodyReader(body)
    overlap_s = reader.number("overlap", most=OVERLAP_MAX_MS // 1000)
    overlap_ms = OVERLAP_DEFAULT_MS if overlap_s is None else overlap_s * 1000
    wish = ReplacementWish(overlap_ms, _read_expiry(reader))
    return reader.refused or wish


def find_credential_id(word: str | None) -> RowId:
    """The id of a credential that a path or a form names; 0, which none has, for what is no id."""
    return RowId(read_id(word or "") or 0)


def no_such_credential() -> Denied:
    """There is no such credential of this person."""
    return no_such("credentialId", why="the person has no credential of this id")


def create_credential(
    credential: JwtCredential, *, admitted: Admitted, subject: Subject, facts: CredentialActFacts
) -> Done | Denied:
    """A credential for apps that may do no more than the token, of a person who may do no more than its giver."""
    return (
        _no_such_person(subject, facts)
        or _exceeds(credential, admitted=admitted, facts=facts)
        or _told(
            credentials.create_credential(
                credential, facts=facts, by=str(admitted.extension.id), giver_id=admitted.extension.id
            )
        )
    )


def replace_credential(
    successor: JwtCredential, *, overlap_ms: int, admitted: Admitted, subject: Subject, facts: CredentialActFacts
) -> Done | Denied:
    """A successor, of which the same is asked as of any that the token makes."""
    if facts.credential is None:
        return _no_such_person(subject, facts) or no_such_credential()
    return (
        _no_such_person(subject, facts)
        or _exceeds(successor, admitted=admitted, facts=facts)
        or _told(
            credentials.replace_credential(
                successor,
                overlap_ms=overlap_ms,
                facts=facts,
                by=str(admitted.extension.id),
                giver_id=admitted.extension.id,
            )
        )
    )


def delete_credential(*, admitted: Admitted, subject: Subject, facts: CredentialActFacts) -> Done | Denied:
    """A credential gone; of a person whose role the giver's covers."""
    if facts.credential is None:
        return _no_such_person(subject, facts) or no_such_credential()
    return (
        _no_such_person(subject, facts)
        or exceeds_giver(facts.giver, facts.role)
        or _told(
            credentials.delete_credential(facts=facts, by=str(admitted.extension.id), giver_id=admitted.extension.id)
        )
    )


def _read_expiry(reader: BodyReader) -> int:
    if not reader.has("expirationTime"):
        reader.require("expirationTime")
        return 0
    expires_ms = parse_instant(reader.text("expirationTime") or "")
    if expires_ms is None:
        reader.refuse("expirationTime")
    return expires_ms or 0


def _no_such_person(subject: Subject, facts: CredentialActFacts) -> Denied | None:
    there = facts.account is not None and facts.account.id == subject.account_id
    return None if there else no_such_extension()


def _exceeds(credential: JwtCredential, *, admitted: Admitted, facts: CredentialActFacts) -> Denied | None:
    """Whether it lives too long, opens what its maker may not, or what the token does not."""
    exceeds = exceeds_giver(facts.giver, facts.role)
    if exceeds:
        return exceeds
    expires_ms = credential.expires_ms
    if expires_ms is None or not facts.now_ms < expires_ms <= facts.now_ms + LIFE_MAX_MS:
        return refused(f"expirationTime must be later than now, and at most {LIFE_MAX_MS // DAY_MS} days ahead")
    if credential.client_ids is None:
        values = (("clientId", "*"), ("permissionName", "all apps"))
        return Denied(fault=api_faults.CREDENTIAL_EXCEEDS_TOKEN, values=values, why="it is for all apps")
    granted = admitted.session.scope.split()
    for app in facts.apps:
        beyond = next((name for name in app.scopes if not covers(granted, name)), None)
        if beyond is not None:
            values = (("clientId", app.id), ("permissionName", beyond))
            why = f"the token was issued for [{admitted.session.scope}]"
            return Denied(fault=api_faults.CREDENTIAL_EXCEEDS_TOKEN, values=values, why=why)
    return None


def _told(outcome: Done | Refused) -> Done | Denied:
    return refused(outcome.problem) if isinstance(outcome, Refused) else outcome
