import pytest

from callgate.model import faults, grant_faults
from callgate.model.account import Account, AccountStatus, Extension, ExtensionStatus, ExtensionType, Role
from callgate.model.client import Client, ClientStatus
from callgate.model.evidence import ClientProven, Reliance
from callgate.model.faults import Fault
from callgate.protocol.guards import app_works, client_stands, may_serve, may_sign_in, still_works
from tests.factories import ACCOUNT, AGENT, FOREIGN, OTHER_ACCOUNT, QUEUE, ROLE, SERVICE_EXTENSION, WEB, proven
from tests.protocol.hostile import explained

OFF = AGENT._replace(status=ExtensionStatus.DISABLED)
CLOSED = ACCOUNT._replace(status=AccountStatus.DISABLED)


@pytest.mark.parametrize(
    ("evidence", "client", "verdict"),
    [
        (proven(WEB), WEB, True),
        (proven(WEB), WEB._replace(version=2), False),
        (proven(WEB), FOREIGN, False),
        (proven(WEB), None, False),
        (ClientProven(WEB.id, ()), WEB, False),
        (ClientProven(WEB.id, (Reliance("client", WEB.id, 1), Reliance("client", WEB.id, 1))), WEB, False),
    ],
)
def test_proof_stands_when_the_app_is_what_it_relied_on(
    evidence: ClientProven, client: Client | None, *, verdict: bool
) -> None:
    """architecture.md, idea 4: all of `relied_on` is compared with fresh facts."""
    assert client_stands(evidence, client) is verdict


def test_app_is_refused_when_it_is_blocked() -> None:
    """protocol.md A.1."""
    refused = app_works(WEB._replace(status=ClientStatus.BLOCKED))
    assert refused is not None
    assert refused.fault is faults.CLIENT_BLOCKED
    assert app_works(WEB) is None


@pytest.mark.parametrize(
    ("account", "extension", "fault"),
    [
        (ACCOUNT, AGENT, None),
        *((ACCOUNT, AGENT._replace(type=kind), None) for kind in (ExtensionType.LIMITED, ExtensionType.FAX_USER)),
        (ACCOUNT, QUEUE, grant_faults.SIGN_IN_QUEUE),
        (CLOSED, QUEUE._replace(status=ExtensionStatus.DISABLED), grant_faults.SIGN_IN_QUEUE),
        (ACCOUNT, SERVICE_EXTENSION, grant_faults.SIGN_IN_TYPE),
        (ACCOUNT, AGENT._replace(type=ExtensionType.IVR_MENU), grant_faults.SIGN_IN_TYPE),
        *(
            (ACCOUNT, AGENT._replace(status=status), grant_faults.SIGN_IN_STATE)
            for status in set(ExtensionStatus) - {ExtensionStatus.ENABLED}
        ),
        *(
            (ACCOUNT._replace(status=status), AGENT, grant_faults.SIGN_IN_ACCOUNT_STATE)
            for status in set(AccountStatus) - {AccountStatus.CONFIRMED}
        ),
    ],
)
def test_person_may_sign_in_when_person_and_account_are_able(
    account: Account, extension: Extension, fault: Fault | None
) -> None:
    """protocol.md B: the wrong type OAU-105, a queue OAU-163, a wrong state OAU-141, the account's OAU-142."""
    refused = may_sign_in(account, extension)
    assert (refused and refused.fault) is fault
    assert refused is None or explained(refused)


@pytest.mark.parametrize(
    ("account", "extension", "fault"),
    [
        (ACCOUNT, AGENT, None),
        (ACCOUNT, SERVICE_EXTENSION, None),
        (ACCOUNT, OFF, grant_faults.EXTENSION_DISABLED),
        (CLOSED, AGENT, grant_faults.ACCOUNT_GONE),
        (CLOSED, OFF, grant_faults.ACCOUNT_GONE),
    ],
)
def test_tokens_work_when_person_and_account_are_able(
    account: Account, extension: Extension, fault: Fault | None
) -> None:
    """architecture.md, "The session": disabled means disabled."""
    refused = still_works(account, extension)
    assert (refused and refused.fault) is fault


PRIVATE = FOREIGN._replace(private=True)
WITHOUT = ROLE._replace(permissions=frozenset({"ReadCallLog"}))


@pytest.mark.requirement("ruling 8")
@pytest.mark.parametrize(
    ("client", "account", "role", "fault"),
    [
        (WEB, ACCOUNT, ROLE, None),
        (WEB, ACCOUNT, WITHOUT, None),
        (WEB._replace(private=False), ACCOUNT, None, None),
        (WEB, OTHER_ACCOUNT, ROLE, grant_faults.APP_PRIVATE),
        (FOREIGN, ACCOUNT, ROLE, None),
        (FOREIGN, ACCOUNT, WITHOUT, grant_faults.THIRD_PARTY_ACCESS),
        (FOREIGN, ACCOUNT, None, grant_faults.THIRD_PARTY_ACCESS),
        (PRIVATE, ACCOUNT, ROLE, grant_faults.APP_PRIVATE),
    ],
)
def test_app_may_serve_when_it_is_own_or_public_and_allowed(
    client: Client, account: Account, role: Role | None, fault: Fault | None
) -> None:
    """Ruling 8: ThirdPartyAppAccess is asked only for apps another account owns; protocol.md A.1: private."""
    refused = may_serve(client, account, role=role)
    assert (refused and refused.fault) is fault
    assert refused is None or explained(refused)


def test_missing_permission_is_named_as_on_the_wire() -> None:
    """protocol.md B: the body seen for CMN-408."""
    refused = may_serve(FOREIGN, ACCOUNT, role=WITHOUT)
    assert refused is not None
    assert refused.values == (("permissionName", "ThirdPartyAppAccess"),)
    assert refused.fault.text == "[ThirdPartyAppAccess] permission required"
