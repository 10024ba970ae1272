"""The radar: what is wrong with credentials, or will be soon, and which jobs a change would stop.

Judged from what is recorded anyway; what nobody recorded, it says nothing of.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby

from callgate.model.account import AccountStatus, Extension, ExtensionStatus
from callgate.model.client import Client
from callgate.model.connection import SsoPolicy
from callgate.model.credential import JwtCredential
from callgate.model.ids import ExtensionId
from callgate.model.instant import render_instant
from callgate.model.policy import CREDENTIAL_USE_STEP_MS
from callgate.model.radar import Advice, Finding, Job, RecordedGrant, Standing, Survey
from callgate.model.scope import covers
from callgate.model.session import CredentialKind
from callgate.model.ways import password_open
from callgate.protocol.administer.secrets import advise

DAY_MS = 24 * 3600 * 1000

UNUSED_MS = 90 * DAY_MS
"""A quarter: the slowest of usual jobs has run since."""

YOUNG_MS = 7 * DAY_MS
"""Who was given a credential may need a week to install it."""

_OF_PEOPLE = frozenset({CredentialKind.PASSWORD, CredentialKind.JWT_CREDENTIAL, CredentialKind.CONNECTION})


def look(survey: Survey, *, within_ms: int) -> Iterator[Finding]:
    """Everything found: credentials first, then apps."""
    for credential in survey.credentials:
        yield from _look_at(credential, survey, within_ms=within_ms)
    for app in survey.apps.values():
        if app.account_id not in survey.accounts:
            continue
        yield from _unused_scopes(app, survey)
        yield from _former_secret(app, survey)


def advise_on(credential: JwtCredential, *, now_ms: int) -> Advice | None:
    """Whether it can go; a use is known to the hour, so one hour must have passed."""
    used_ms, replaced_ms, expires_ms = credential.last_used_ms, credential.replaced_ms, credential.expires_ms
    if expires_ms is not None and expires_ms <= now_ms:
        return _may_go(Standing.EXPIRED, f"expired {render_instant(expires_ms)}")
    if replaced_ms is not None and used_ms is not None and used_ms >= replaced_ms:
        return Advice(Standing.REPLACED, f"replaced, and still used: last at {render_instant(used_ms)}", may_go=False)
    if replaced_ms is not None and now_ms < replaced_ms + CREDENTIAL_USE_STEP_MS:
        return Advice(Standing.REPLACED, "replaced less than an hour ago: wait", may_go=False)
    since_ms = credential.created_ms if used_ms is None else used_ms
    since, standing = render_instant(since_ms), Standing.NEVER_USED if used_ms is None else Standing.UNUSED
    if replaced_ms is not None or now_ms >= since_ms + UNUSED_MS:
        return _may_go(standing, f"not used since {since}")
    if used_ms is None and now_ms >= credential.created_ms + YOUNG_MS:
        return Advice(standing, f"never used since {since}", may_go=False)
    return None


def _may_go(standing: Standing, why: str) -> Advice:
    return Advice(standing, f"safe to delete: {why}", may_go=True)


def jobs_if_leaves(survey: Survey, extension_id: ExtensionId) -> list[Job]:
    """Which unattended work stops when this person's extension is disabled or deleted."""
    return _jobs(survey, (grant for grant in survey.grants if grant.extension_id == extension_id))


def jobs_if_sso(survey: Survey) -> list[Job]:
    """Which unattended work stops when single sign-on is enforced: what types a password."""
    return _jobs(survey, (grant for grant in survey.grants if _needs_password(grant, survey)))


def _needs_password(grant: RecordedGrant, survey: Survey) -> bool:
    person = survey.people.get(grant.extension_id)
    account = None if person is None else survey.accounts.get(person.account_id)
    if grant.kind is not CredentialKind.PASSWORD or person is None or account is None:
        return False
    enforced = account._replace(sso_policy=SsoPolicy.ENFORCED)
    return not password_open(enforced, person)


def _jobs(survey: Survey, grants: Iterable[RecordedGrant]) -> list[Job]:
    """By app, person and way; what began at a browser is no job: its person is there to sign in again."""

    def whose(grant: RecordedGrant) -> tuple[str, int, int, int]:
        return grant.client_id, grant.extension_id, grant.kind, grant.credential_id

    alone = sorted((each for each in grants if not each.attended and each.kind in _OF_PEOPLE), key=whose)
    return [_job(survey, tuple(of_one)) for _, of_one in groupby(alone, key=whose)]


def _job(survey: Survey, grants: tuple[RecordedGrant, ...]) -> Job:
    last = max(grants)
    app, person = survey.apps.get(last.client_id), survey.people.get(last.extension_id)
    way = {
        CredentialKind.PASSWORD: "password",
        CredentialKind.JWT_CREDENTIAL: f"JWT credential {last.credential_id}",
    }.get(last.kind, "SAML assertion")
    return Job(
        client_id=last.client_id,
        app=app.name if app else "",
        extension_id=last.extension_id,
        person=person.name if person else "",
        way=way,
        grants=len(grants),
        last_ms=last.at_ms,
    )


def _look_at(credential: JwtCredential, survey: Survey, *, within_ms: int) -> Iterator[Finding]:
    """Of whoever is gone, nothing more is told: it opens nothing, used or not."""
    subject = f"credential {credential.id} ({credential.label})"
    owner = survey.people.get(credential.extension_id)
    gone = "its extension was deleted" if owner is None else _gone(owner, survey)
    if owner is None or gone is not None:
        yield Finding("owner gone", subject, gone or "", f"callgate credentials delete {credential.id}")
        return
    if credential.expires_ms is not None and _expires_soon(credential, survey, within_ms=within_ms):
        mend = f"callgate credentials rotate {credential.id} --overlap 7d"
        yield Finding("expiring", subject, f"expires {render_instant(credential.expires_ms)}", mend)
    advice = advise_on(credential, now_ms=survey.now_ms)
    if advice is None:
        return
    yield Finding(advice.standing.value, subject, advice.text, _mend(credential, advice, owner=owner))


def _mend(credential: JwtCredential, advice: Advice, *, owner: Extension) -> str:
    """What to do about it: only what may go is to be deleted."""
    if advice.may_go:
        return f"callgate credentials delete {credential.id}"
    if advice.standing is Standing.NEVER_USED:
        return f"ask {owner.name} whether it is still to be installed"
    return "give whoever uses it the successor"


def _expires_soon(credential: JwtCredential, survey: Survey, *, within_ms: int) -> bool:
    """And has no successor yet."""
    expires_ms = credential.expires_ms
    if expires_ms is None or credential.replaced_ms is not None:
        return False
    return survey.now_ms < expires_ms <= survey.now_ms + within_ms


def _gone(owner: Extension, survey: Survey) -> str | None:
    if owner.status is not ExtensionStatus.ENABLED:
        return f"extension {owner.id} is {owner.status.value}"
    account = survey.accounts.get(owner.account_id)
    if account is None or account.status is not AccountStatus.CONFIRMED:
        return f"account {owner.account_id} is not active"
    return None


def _unused_scopes(app: Client, survey: Survey) -> Iterator[Finding]:
    """Scopes that no recorded grant of the app had; an app without any is not judged."""
    granted = [grant.scope for grant in survey.grants if grant.client_id == app.id]
    if not granted:
        return
    used = frozenset[str]().union(*granted)
    unused = [name for name in app.scopes if name not in used and not any(covers([name], each) for each in used)]
    if unused:
        names = " ".join(f"--remove-scope {name}" for name in unused)
        detail = f"{', '.join(unused)}: in none of {len(granted)} grants"
        yield Finding("unused scopes", f"app {app.id} ({app.name})", detail, f"callgate apps update {app.id} {names}")


def _former_secret(app: Client, survey: Survey) -> Iterator[Finding]:
    dates = survey.secret_dates.get(app.id)
    advice = None if dates is None else advise(dates, now_ms=survey.now_ms)
    if advice is None:
        return
    mend = f"callgate apps retire-secret {app.id}" if advice.may_go else "give whoever uses it the new secret"
    yield Finding(advice.standing.value, f"app {app.id} ({app.name})", advice.text, mend)
