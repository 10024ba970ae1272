"""The radar judged: what it finds, what it is silent about, and which jobs a change stops."""

import pytest

from callgate.model.account import AccountStatus, Extension, ExtensionStatus
from callgate.model.client_secret import SecretDates
from callgate.model.connection import SsoExemption
from callgate.model.credential import JwtCredential
from callgate.model.ids import ExtensionId
from callgate.model.radar import RecordedGrant, Survey
from callgate.model.session import CredentialKind
from callgate.protocol.radar import DAY_MS, UNUSED_MS, YOUNG_MS, advise_on, jobs_if_leaves, jobs_if_sso, look
from tests.factories import ACCOUNT, AGENT, CREDENTIAL, FOREIGN, NOW_MS, SCRIPT, WEB

HOUR_MS = 3_600_000
FRESH = CREDENTIAL._replace(created_ms=NOW_MS - DAY_MS, last_used_ms=NOW_MS - HOUR_MS, expires_ms=None)
GRANT = RecordedGrant(
    at_ms=NOW_MS - DAY_MS,
    extension_id=AGENT.id,
    client_id=SCRIPT.id,
    kind=CredentialKind.JWT_CREDENTIAL,
    credential_id=CREDENTIAL.id,
    scope=frozenset(SCRIPT.scopes),
    attended=False,
)
BY_PASSWORD = GRANT._replace(kind=CredentialKind.PASSWORD, credential_id=AGENT.id)


def survey(
    *credentials: JwtCredential,
    grants: tuple[RecordedGrant, ...] = (),
    person: Extension | None = AGENT,
    dates: SecretDates | None = None,
) -> Survey:
    """One account, one person, two apps of theirs and one of others."""
    return Survey(
        now_ms=NOW_MS,
        accounts={ACCOUNT.id: ACCOUNT},
        people={person.id: person} if person else {},
        apps={app.id: app for app in (SCRIPT, WEB, FOREIGN)},
        secret_dates={SCRIPT.id: dates} if dates else {},
        credentials=credentials,
        grants=grants,
    )


def found(seen: Survey) -> list[str]:
    """What is found, by name."""
    return [finding.what for finding in look(seen, within_ms=30 * DAY_MS)]


def test_nothing_is_found_when_all_is_well() -> None:
    """A credential that is used, of somebody who is there, without an end in sight."""
    assert found(survey(FRESH, grants=(GRANT,))) == []
    assert found(survey(FRESH._replace(expires_ms=NOW_MS + 31 * DAY_MS))) == []


@pytest.mark.parametrize("person", [None, AGENT._replace(status=ExtensionStatus.DISABLED)], ids=["deleted", "disabled"])
def test_owner_is_missed_when_they_are_gone(person: Extension | None) -> None:
    """Their credential works no more, and nobody may have noticed."""
    assert found(survey(FRESH, person=person)) == ["owner gone"]


def test_owner_is_missed_when_their_account_is_off() -> None:
    """Or when the account is not one of those looked at."""
    for accounts in ({}, {ACCOUNT.id: ACCOUNT._replace(status=AccountStatus.DISABLED)}):
        assert found(survey(FRESH)._replace(accounts=accounts)) == ["owner gone"]


def test_end_in_sight_is_told_unless_there_is_a_successor() -> None:
    """With the line that makes one."""
    soon = FRESH._replace(expires_ms=NOW_MS + 30 * DAY_MS)
    [finding] = look(survey(soon), within_ms=30 * DAY_MS)
    assert (finding.what, finding.mend) == ("expiring", f"callgate credentials rotate {soon.id} --overlap 7d")
    replaced = soon._replace(replaced_ms=NOW_MS - 2 * HOUR_MS)
    assert found(survey(replaced)) == ["replaced"]


@pytest.mark.parametrize(
    ("credential", "advice"),
    [
        (FRESH, None),
        (FRESH._replace(last_used_ms=None), None),
        (FRESH._replace(last_used_ms=None, created_ms=NOW_MS - YOUNG_MS), "never used since "),
        (FRESH._replace(last_used_ms=None, created_ms=NOW_MS - UNUSED_MS), "safe to delete: not used since "),
        (FRESH._replace(last_used_ms=NOW_MS - UNUSED_MS), "safe to delete: not used since "),
        (FRESH._replace(expires_ms=NOW_MS), "safe to delete: expired "),
        (FRESH._replace(replaced_ms=NOW_MS - HOUR_MS + 1, last_used_ms=None), "replaced less than an hour ago"),
        (FRESH._replace(replaced_ms=NOW_MS - 2 * HOUR_MS), "replaced, and still used: last at "),
        (FRESH._replace(replaced_ms=NOW_MS - HOUR_MS, last_used_ms=NOW_MS - DAY_MS), "safe to delete: not used since "),
    ],
)
def test_advice_on_a_credential(credential: JwtCredential, advice: str | None) -> None:
    """What `credentials list` says beside it."""
    said = advise_on(credential, now_ms=NOW_MS)
    assert (said is None) == (advice is None)
    if said is not None and advice is not None:
        assert said.text.startswith(advice)
        assert said.may_go == advice.startswith("safe to delete")


def test_findings_follow_the_advice() -> None:
    """Never used, or not for long; what is over is neither, used or not."""
    never = FRESH._replace(last_used_ms=None, created_ms=NOW_MS - YOUNG_MS)
    over = FRESH._replace(expires_ms=NOW_MS)
    assert found(survey(over, over._replace(last_used_ms=None))) == ["expired", "expired"]
    assert found(survey(never, FRESH._replace(last_used_ms=NOW_MS - UNUSED_MS))) == ["never used", "unused"]


def test_deleting_is_the_mend_only_of_what_may_go() -> None:
    """One story: whatever is told to be deleted is said to be safe to delete, and the other way round."""
    never = FRESH._replace(last_used_ms=None, created_ms=NOW_MS - YOUNG_MS)
    replaced = FRESH._replace(replaced_ms=NOW_MS - 2 * HOUR_MS)
    young = FRESH._replace(last_used_ms=None, replaced_ms=NOW_MS - HOUR_MS + 1)
    old = (FRESH._replace(last_used_ms=NOW_MS - UNUSED_MS), FRESH._replace(expires_ms=NOW_MS))
    findings = list(look(survey(never, replaced, young, *old), within_ms=0))
    delete = f"callgate credentials delete {FRESH.id}"
    assert [finding.mend for finding in findings] == [
        f"ask {AGENT.name} whether it is still to be installed",
        "give whoever uses it the successor",
        "give whoever uses it the successor",
        delete,
        delete,
    ]
    assert [finding.detail.startswith("safe to delete") for finding in findings] == [False] * 3 + [True] * 2


def test_of_whoever_is_gone_nothing_more_is_told() -> None:
    """Neither to make a successor that opens nothing, nor to ask somebody who left."""
    never = FRESH._replace(last_used_ms=None, created_ms=NOW_MS - YOUNG_MS, expires_ms=NOW_MS + DAY_MS)
    assert found(survey(never, person=None)) == ["owner gone"]


def test_scope_is_unused_when_no_grant_had_it() -> None:
    """What a used one includes is used; an app of which nothing is recorded is not judged, nor another account's."""
    narrow = GRANT._replace(scope=frozenset({"ReadCallLog"}))
    [finding] = look(survey(grants=(narrow,)), within_ms=0)
    assert (finding.what, finding.detail) == ("unused scopes", "ReadAccounts: in none of 1 grants")
    assert found(survey(grants=(narrow._replace(client_id=FOREIGN.id),))) == []


def test_former_secret_is_told_with_its_advice() -> None:
    """While it counts."""
    dates = SecretDates(NOW_MS - 2 * HOUR_MS, NOW_MS - HOUR_MS, NOW_MS + HOUR_MS, None)
    [finding] = look(survey(dates=dates), within_ms=0)
    assert (finding.what, finding.detail.partition(":")[0]) == ("former secret", "safe to retire")
    assert finding.mend == f"callgate apps retire-secret {SCRIPT.id}"
    [finding] = look(survey(dates=dates._replace(former_used_ms=NOW_MS - HOUR_MS)), within_ms=0)
    assert (finding.detail.partition(":")[0], finding.mend) == ("still used", "give whoever uses it the new secret")
    assert found(survey(dates=dates._replace(former_until_ms=NOW_MS))) == []


def test_jobs_of_whoever_leaves_are_those_without_a_browser() -> None:
    """By app and way, with how often and when last."""
    attended = BY_PASSWORD._replace(attended=True)
    by_saml = GRANT._replace(kind=CredentialKind.CONNECTION, client_id=WEB.id)
    service = GRANT._replace(kind=CredentialKind.ALLOWANCE)
    newer = GRANT._replace(at_ms=NOW_MS)
    seen = survey(grants=(GRANT, newer, BY_PASSWORD, attended, by_saml, service))
    jobs = jobs_if_leaves(seen, AGENT.id)
    assert {(job.app, job.way, job.grants) for job in jobs} == {
        (SCRIPT.name, f"JWT credential {CREDENTIAL.id}", 2),
        (SCRIPT.name, "password", 1),
        (WEB.name, "SAML assertion", 1),
    }
    assert max(job.last_ms for job in jobs) == NOW_MS
    assert {job.person for job in jobs} == {AGENT.name}
    assert jobs_if_leaves(seen, ExtensionId(1)) == []


def test_jobs_that_single_sign_on_stops_are_those_that_type_a_password() -> None:
    """Not of whoever is exempt."""
    seen = survey(grants=(GRANT, BY_PASSWORD, BY_PASSWORD._replace(attended=True)))
    assert [job.way for job in jobs_if_sso(seen)] == ["password"]
    exempt = survey(grants=(BY_PASSWORD,), person=AGENT._replace(sso_exemption=SsoExemption.EXEMPT))
    assert jobs_if_sso(exempt) == []
    assert jobs_if_sso(survey(grants=(BY_PASSWORD,), person=None)) == []


def test_job_of_an_app_that_is_gone_is_told_all_the_same() -> None:
    """By its id."""
    seen = survey(grants=(GRANT,))._replace(apps={}, people={})
    [job] = jobs_if_leaves(seen, AGENT.id)
    assert (job.client_id, job.app, job.person) == (SCRIPT.id, "", "")
