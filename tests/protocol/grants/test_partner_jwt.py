import pytest

from callgate.model import faults, grant_faults, issuer_faults
from callgate.model.account import AccountStatus, ExtensionStatus
from callgate.model.changes import AssertionClaimed, OutsideTokenAccepted, SessionOpened
from callgate.model.client import GrantType
from callgate.model.decisions import Denied, Granted, LookAgain, TokenTimes
from callgate.model.faults import Fault
from callgate.model.ids import AccountId
from callgate.model.issuer import TrustFacts, TrustOpening
from callgate.model.session import CredentialKind
from callgate.protocol.grants import ALL
from callgate.protocol.grants.partner_jwt import PartnerJwtRequest, decide, lookup, parse
from callgate.protocol.opening import Asked, Terms
from tests.factories import (
    ACCOUNT,
    ACTIVE,
    FOREIGN,
    FRESH,
    FRESH_SECRET,
    MOMENT,
    NOW_MS,
    OTHER_ACCOUNT,
    OUTSIDE_PROVEN,
    SCRIPT,
    SERVICE_EXTENSION,
    TRUST,
    TRUST_FACTS,
    form,
    proven,
)
from tests.protocol.hostile import explained

REQUEST = PartnerJwtRequest("e.y.J", None, Asked(("ReadCallLog",), Terms(3600, 0, None)))


def judge(facts: TrustFacts = TRUST_FACTS) -> Granted | Denied | LookAgain:
    """The judgement of an app that is proven as it is."""
    return decide(REQUEST, client=proven(SCRIPT), proven=OUTSIDE_PROVEN, moment=MOMENT, facts=facts)


def test_vendors_name_is_the_same_grant() -> None:
    """protocol.md D.2: an app that has the JWT grant may use either name."""
    assert ALL["partner_jwt"] == (GrantType.JWT_BEARER, parse)


def test_request_is_read_from_the_form() -> None:
    """Access-only whatever the app has, and without an identity: a workload is nobody."""
    asked = form(assertion="e.y.J", scope="ReadCallLog openid", account_id="1001", refresh_token_ttl="5000")
    assert parse(asked, SCRIPT) == PartnerJwtRequest("e.y.J", AccountId(1001), REQUEST.asked)


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({}, faults.PARAMETER_MISSING),
        ({"assertion": ""}, faults.PARAMETER_MISSING),
        ({"assertion": "x", "scope": "Nothing"}, grant_faults.SCOPE_INVALID),
    ],
)
def test_request_is_refused_when_it_lacks_something(fields: dict[str, str], fault: Fault) -> None:
    """As for every opening grant."""
    refused = parse(form(**fields), SCRIPT)
    assert isinstance(refused, Denied)
    assert refused.fault is fault


def test_trust_is_looked_up_again() -> None:
    """Inside the transaction."""
    assert lookup(proven(SCRIPT), OUTSIDE_PROVEN) == TrustOpening(SCRIPT.id, OUTSIDE_PROVEN)


@pytest.mark.requirement("RFC 7523 section 2.1")
def test_session_of_the_service_extension_opens_when_the_token_is_accepted() -> None:
    """No slot, no refresh token; compared with the trust; the token spent and its subject noted."""
    session = ACTIVE._replace(
        id=FRESH.row_id,
        client_id=SCRIPT.id,
        extension_id=SERVICE_EXTENSION.id,
        slot=None,
        secret_sha256=FRESH.secret_sha256,
        key_number=FRESH.key_number,
        opened_ms=NOW_MS,
        first_issued_ms=NOW_MS,
        issued_ms=NOW_MS,
        refresh_ttl_s=0,
        scope="ReadCallLog",
        endpoint_id=FRESH.endpoint_id,
        credential_kind=CredentialKind.TRUSTED_ISSUER,
        credential_id=TRUST.id,
        credential_version=TRUST.version,
    )
    assert judge() == Granted(
        session=session,
        secret=FRESH_SECRET,
        times=TokenTimes(3600, None, None, None, None),
        extension=SERVICE_EXTENSION,
        client=SCRIPT,
        now_ms=NOW_MS,
        changes=(
            SessionOpened(session),
            AssertionClaimed(TRUST.issuer, "jti:1", OUTSIDE_PROVEN.remember_until_ms),
            OutsideTokenAccepted(OUTSIDE_PROVEN, NOW_MS),
        ),
    )


OFF = SERVICE_EXTENSION._replace(status=ExtensionStatus.DISABLED)
FOREIGN_SCRIPT = SCRIPT._replace(account_id=OTHER_ACCOUNT.id)


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        (TRUST_FACTS._replace(spent=True), issuer_faults.TOKEN_SPENT),
        (TRUST_FACTS._replace(extension=OFF), grant_faults.EXTENSION_DISABLED),
        (TRUST_FACTS._replace(account=ACCOUNT._replace(status=AccountStatus.DISABLED)), grant_faults.ACCOUNT_GONE),
        (TRUST_FACTS._replace(client=FOREIGN_SCRIPT), grant_faults.APP_PRIVATE),
        (
            TRUST_FACTS._replace(client=FOREIGN_SCRIPT._replace(private=False), role=None),
            grant_faults.THIRD_PARTY_ACCESS,
        ),
    ],
)
def test_session_is_refused_when_the_service_may_not_have_it(facts: TrustFacts, fault: Fault) -> None:
    """A disabled service is disabled whatever the issuer signs; nothing is spent by a refusal."""
    refused = judge(facts)
    assert isinstance(refused, Denied)
    assert (refused.fault, refused.changes) == (fault, ())
    assert explained(refused)


@pytest.mark.parametrize(
    "facts",
    [
        TRUST_FACTS._replace(trust=None),
        TRUST_FACTS._replace(trust=TRUST._replace(version=7)),
        TRUST_FACTS._replace(client=None),
        TRUST_FACTS._replace(client=FOREIGN),
        TRUST_FACTS._replace(extension=None, account=None),
    ],
)
def test_token_is_judged_again_when_what_it_relied_on_changed(facts: TrustFacts) -> None:
    """architecture.md, idea 4."""
    assert judge(facts) == LookAgain()
