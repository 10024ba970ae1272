import pytest

from callgate.model import faults, grant_faults
from callgate.model.account import ExtensionStatus
from callgate.model.changes import CredentialUsed, SessionEnded, SessionOpened
from callgate.model.client import Client
from callgate.model.credential import JwtCredential
from callgate.model.decisions import Denied, Granted, LookAgain, TokenTimes
from callgate.model.evidence import ClientProven, CredentialPresented
from callgate.model.facts import OpeningFacts
from callgate.model.faults import Fault
from callgate.model.ids import ClientId, RowId
from callgate.model.lookups import CredentialOpening
from callgate.model.policy import CREDENTIAL_USE_STEP_MS
from callgate.model.session import CredentialKind, EndReason
from callgate.protocol.grants.jwt_bearer import JwtBearerRequest, decide, lookup, parse
from callgate.protocol.guards import client_reliance
from callgate.protocol.opening import Asked, Terms
from tests.factories import (
    ACTIVE,
    AGENT,
    CREDENTIAL,
    FOREIGN,
    FRESH,
    FRESH_SECRET,
    MOMENT,
    NOW_MS,
    OPENING_FACTS,
    ROLE,
    SCRIPT,
    form,
    proven,
    seated,
)

REQUEST = JwtBearerRequest("h.p.s", Asked(("ReadCallLog",), Terms(3600, 604_800, None)))
PRESENTED = CredentialPresented(CREDENTIAL)
OPENED = ACTIVE._replace(
    id=FRESH.row_id,
    client_id=SCRIPT.id,
    secret_sha256=FRESH.secret_sha256,
    key_number=FRESH.key_number,
    opened_ms=NOW_MS,
    first_issued_ms=NOW_MS,
    issued_ms=NOW_MS,
    scope="ReadCallLog",
    endpoint_id=FRESH.endpoint_id,
    credential_kind=CredentialKind.JWT_CREDENTIAL,
    credential_id=CREDENTIAL.id,
    credential_version=1,
)
USED = CredentialUsed(CREDENTIAL.id, NOW_MS)


def judge(facts: OpeningFacts = OPENING_FACTS, *, client: Client = SCRIPT) -> Granted | Denied | LookAgain:
    """The judgement of an app that is proven as it is."""
    return decide(REQUEST, client=proven(client), presented=PRESENTED, moment=MOMENT, facts=facts)


def test_credential_opens_nothing_when_only_the_assertion_was_to_prove_the_app() -> None:
    """A JWT credential proves a person: an app that only named itself stays unproven (RFC 7521 section 4.1)."""
    named = ClientProven(SCRIPT.id, client_reliance(SCRIPT), by_grant=True)
    refused = decide(REQUEST, client=named, presented=PRESENTED, moment=MOMENT, facts=OPENING_FACTS)
    assert isinstance(refused, Denied)
    assert (refused.fault, refused.changes) == (faults.CLIENT_PROOF_MISSING, ())


def granted(*changes: CredentialUsed, ended: tuple[SessionEnded, ...] = ()) -> Granted:
    """A session of the credential's person."""
    return Granted(
        session=OPENED,
        secret=FRESH_SECRET,
        times=TokenTimes(3600, 604_800, None, None, None),
        extension=AGENT,
        client=SCRIPT,
        now_ms=NOW_MS,
        changes=(*ended, SessionOpened(OPENED), *changes),
    )


def with_credential(credential: JwtCredential | None) -> OpeningFacts:
    """The facts with this row."""
    return OPENING_FACTS._replace(credential=credential)


def test_request_is_read_from_the_form() -> None:
    """RFC 7523 section 2.1."""
    assert parse(form(assertion="h.p.s", scope="ReadCallLog"), SCRIPT) == REQUEST


def test_row_is_looked_up_again() -> None:
    """architecture.md, idea 4."""
    assert lookup(proven(SCRIPT), PRESENTED) == CredentialOpening(SCRIPT.id, CREDENTIAL.id)


@pytest.mark.requirement("ruling 6")
@pytest.mark.requirement("RFC 7523 section 2.1")
def test_session_opens_when_the_row_is_there() -> None:
    """Ruling 6: accepted by row and hash; it may be used any number of times."""
    assert judge() == granted(USED)


@pytest.mark.parametrize(
    ("last_used_ms", "recorded"),
    [(None, True), (NOW_MS - CREDENTIAL_USE_STEP_MS, True), (NOW_MS - CREDENTIAL_USE_STEP_MS + 1, False)],
)
def test_use_is_recorded_once_an_hour(last_used_ms: int | None, *, recorded: bool) -> None:
    """protocol.md G: last use; a busy job writes it once an hour."""
    facts = with_credential(CREDENTIAL._replace(last_used_ms=last_used_ms))
    assert judge(facts) == granted(*((USED,) if recorded else ()))


def test_oldest_session_is_evicted_when_the_cap_is_reached() -> None:
    """must-not-break 8."""
    client = SCRIPT._replace(session_cap=1)
    former = ACTIVE._replace(client_id=SCRIPT.id, endpoint_id="other")
    decision = judge(OPENING_FACTS._replace(client=client, seat=seated(former)), client=client)
    assert isinstance(decision, Granted)
    ended = SessionEnded(former, EndReason.EVICTED, NOW_MS, SCRIPT.id)
    assert decision.changes == (ended, SessionOpened(OPENED), USED)


LISTED = with_credential(CREDENTIAL._replace(client_ids=frozenset({SCRIPT.id})))
OTHERS = with_credential(CREDENTIAL._replace(client_ids=frozenset({ClientId("X" * 22)})))
FOR_FOREIGN = with_credential(CREDENTIAL._replace(client_ids=frozenset({FOREIGN.id})))._replace(client=FOREIGN)


@pytest.mark.requirement("RFC 7523 section 3")
@pytest.mark.parametrize(
    ("facts", "client", "fault"),
    [
        (with_credential(None), SCRIPT, grant_faults.CREDENTIAL_GONE),
        (with_credential(CREDENTIAL._replace(sha256=bytes(32))), SCRIPT, grant_faults.CREDENTIAL_GONE),
        (with_credential(CREDENTIAL._replace(expires_ms=NOW_MS + 1)), SCRIPT, None),
        (with_credential(CREDENTIAL._replace(expires_ms=NOW_MS)), SCRIPT, grant_faults.CREDENTIAL_EXPIRED),
        (OPENING_FACTS._replace(extension=None), SCRIPT, grant_faults.EXTENSION_GONE),
        (OPENING_FACTS._replace(account=None), SCRIPT, grant_faults.EXTENSION_GONE),
        (LISTED, SCRIPT, None),
        (OTHERS, SCRIPT, grant_faults.CREDENTIAL_OTHER_APP),
        (OPENING_FACTS._replace(client=FOREIGN), FOREIGN, grant_faults.CREDENTIAL_OTHER_APP),
        (FOR_FOREIGN, FOREIGN, None),
        (
            FOR_FOREIGN._replace(client=FOREIGN._replace(private=True)),
            FOREIGN._replace(private=True),
            grant_faults.APP_PRIVATE,
        ),
        (
            FOR_FOREIGN._replace(role=ROLE._replace(permissions=frozenset())),
            FOREIGN,
            grant_faults.THIRD_PARTY_ACCESS,
        ),
        (
            OPENING_FACTS._replace(extension=AGENT._replace(status=ExtensionStatus.DISABLED)),
            SCRIPT,
            grant_faults.SIGN_IN_STATE,
        ),
    ],
)
def test_credential_opens_a_session_when_row_app_and_person_allow_it(
    facts: OpeningFacts, client: Client, fault: Fault | None
) -> None:
    """protocol.md G: all apps of the organisation or a list; an expiry the row states; its person's state."""
    decision = judge(facts, client=client)
    assert isinstance(decision, Granted) if fault is None else isinstance(decision, Denied)
    assert fault is None or (isinstance(decision, Denied) and decision.fault is fault and not decision.changes)


@pytest.mark.parametrize("client", [None, SCRIPT._replace(version=2)])
def test_app_is_proven_again_when_it_changed_since(client: Client | None) -> None:
    """architecture.md, idea 4."""
    assert judge(OPENING_FACTS._replace(client=client)) == LookAgain()


def test_row_ids_of_credentials_are_named_in_the_explanation_and_nothing_secret() -> None:
    """architecture.md, idea 5: the explanation leads to the rule that failed."""
    refused = judge(with_credential(None))
    assert isinstance(refused, Denied)
    assert refused.why == f"credential {RowId(60)} is gone"
