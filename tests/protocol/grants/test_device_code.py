"""The device grant's tokens: once, when a person has said yes and everything they said it by still stands."""

import pytest

from callgate.model import device_faults, grant_faults
from callgate.model.account import ExtensionStatus
from callgate.model.changes import SessionEnded, SessionOpened
from callgate.model.client import Client
from callgate.model.decisions import Denied, Granted, LookAgain, TokenTimes
from callgate.model.device import DeviceState
from callgate.model.device_grant import DeviceCodeUsed, DeviceFacts, DeviceLookup
from callgate.model.faults import Fault
from callgate.model.ids import RowId
from callgate.model.reference import Reference, TokenKind
from callgate.model.session import EndReason
from callgate.protocol.grants.device_code import DeviceCodeRequest, decide, lookup, parse
from callgate.protocol.opening import Terms
from tests.factories import (
    ACCOUNT,
    ACTIVE,
    AGENT,
    APPROVED,
    CONSENT,
    DEVICE,
    FRESH,
    FRESH_SECRET,
    MOMENT,
    NATIVE,
    NOW_MS,
    OPENING_FACTS,
    OTHER_ACCOUNT,
    OTHER_SECRET,
    SECRET,
    SPA,
    form,
    proven,
    seated,
)

REQUEST = DeviceCodeRequest("opaque", Terms(3600, 604_800, None))
REFERENCE = Reference(TokenKind.DEVICE, ACCOUNT.id, DEVICE.id, SECRET, 0, 1)
OPENING = OPENING_FACTS._replace(client=NATIVE, credential=None)
AGREED = CONSENT._replace(client_id=NATIVE.id)
FACTS = DeviceFacts(APPROVED, OPENING, AGENT.password_version, AGREED)
OPENED = ACTIVE._replace(
    id=FRESH.row_id,
    client_id=NATIVE.id,
    secret_sha256=FRESH.secret_sha256,
    key_number=FRESH.key_number,
    opened_ms=NOW_MS,
    first_issued_ms=NOW_MS,
    issued_ms=NOW_MS,
    scope="ReadCallLog",
    endpoint_id=FRESH.endpoint_id,
    sign_in_id=APPROVED.sign_in_id,
    signed_in_ms=APPROVED.signed_in_ms,
)


def judge(
    facts: DeviceFacts = FACTS, *, client: Client = NATIVE, secret: bytes = SECRET
) -> Granted | Denied | LookAgain:
    """The judgement of an app that is proven as it is."""
    reference = REFERENCE._replace(secret=secret)
    return decide(REQUEST, client=proven(client), reference=reference, moment=MOMENT, facts=facts)


def granted(*ended: SessionEnded) -> Granted:
    """A session of the person, and the code spent with it."""
    return Granted(
        session=OPENED,
        secret=FRESH_SECRET,
        times=TokenTimes(3600, 604_800, None, None, None),
        extension=AGENT,
        client=NATIVE,
        now_ms=NOW_MS,
        changes=(*ended, SessionOpened(OPENED), DeviceCodeUsed(APPROVED)),
    )


def test_request_is_read_from_the_form() -> None:
    """RFC 8628 section 3.4; the scope was settled before."""
    assert parse(form(device_code="opaque", scope="Nothing"), NATIVE) == REQUEST
    assert isinstance(parse(form(), NATIVE), Denied)
    assert isinstance(parse(form(device_code="opaque", endpoint_id="a b"), NATIVE), Denied)
    assert "opaque" not in repr(REQUEST)


def test_lookup_asks_for_the_row_and_the_seat_of_the_app_that_asks() -> None:
    """Which need not be the app that the code was made for."""
    assert lookup(proven(NATIVE), REFERENCE) == DeviceLookup(NATIVE.id, DEVICE.id)


@pytest.mark.requirement("RFC 8628 section 3.4")
def test_session_is_opened_when_the_person_said_yes() -> None:
    """With what was behind their sign-in, in the person's seat; the code is spent in the same unit."""
    assert judge() == granted()


def test_oldest_session_rises_when_the_seat_is_full() -> None:
    """The cap counts sessions of every grant alike (protocol.md E.4)."""
    full = [
        OPENED._replace(id=RowId(slot + 1), slot=slot, endpoint_id=f"e{slot}", first_issued_ms=NOW_MS - 1000 + slot)
        for slot in range(NATIVE.session_cap)
    ]
    facts = FACTS._replace(opening=OPENING._replace(seat=seated(*full)))
    assert judge(facts) == granted(SessionEnded(full[0], EndReason.EVICTED, NOW_MS, NATIVE.id))


@pytest.mark.requirement("RFC 8628 section 3.5")
@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        (FACTS._replace(device=None), device_faults.DEVICE_CODE_INVALID),
        (FACTS._replace(device=DEVICE), device_faults.AUTHORIZATION_PENDING),
        (FACTS._replace(device=DEVICE._replace(expires_ms=NOW_MS)), device_faults.DEVICE_CODE_EXPIRED),
        (FACTS._replace(device=APPROVED._replace(expires_ms=NOW_MS)), device_faults.DEVICE_CODE_EXPIRED),
        (FACTS._replace(device=DEVICE._replace(state=DeviceState.DENIED)), device_faults.DEVICE_DENIED),
        (FACTS._replace(device=APPROVED._replace(state=DeviceState.USED)), device_faults.DEVICE_CODE_USED),
        (FACTS._replace(opening=OPENING._replace(extension=None)), device_faults.DEVICE_DENIED),
        (
            FACTS._replace(opening=OPENING._replace(extension=AGENT._replace(status=ExtensionStatus.DISABLED))),
            grant_faults.EXTENSION_DISABLED,
        ),
        (
            FACTS._replace(opening=OPENING._replace(account=OTHER_ACCOUNT)),
            grant_faults.APP_PRIVATE,
        ),
    ],
)
def test_code_opens_nothing_when_there_is_no_yes_or_its_person_may_not(facts: DeviceFacts, fault: Fault) -> None:
    """RFC 8628 section 3.5, and what every grant asks; nothing is written, however often it is asked."""
    denied = judge(facts)
    assert isinstance(denied, Denied)
    assert denied.fault is fault
    assert denied.changes == ()


@pytest.mark.parametrize(
    "facts",
    [
        FACTS._replace(credential_version=AGENT.password_version + 1),
        FACTS._replace(credential_version=None),
        FACTS._replace(consent=None),
        FACTS._replace(consent=AGREED._replace(scopes=frozenset({"ReadAccounts"}))),
        FACTS._replace(opening=OPENING._replace(sessions_from_ms=NOW_MS)),
        FACTS._replace(opening=OPENING._replace(extension=AGENT._replace(sessions_from_ms=NOW_MS))),
    ],
    ids=["password", "gone", "consent", "less", "restored", "signed out everywhere"],
)
def test_yes_is_taken_back_by_what_would_have_ended_the_session(facts: DeviceFacts) -> None:
    """Between the yes and the poll is a gap, in which a thief's device must not survive the mend."""
    denied = judge(facts)
    assert isinstance(denied, Denied)
    assert denied.fault is device_faults.DEVICE_DENIED


@pytest.mark.parametrize(("client", "secret"), [(SPA, SECRET), (NATIVE, OTHER_SECRET)])
def test_code_is_invalid_when_it_is_anothers_or_forged(client: Client, secret: bytes) -> None:
    """Bound to its app; a row's hash is of no use."""
    facts = FACTS._replace(opening=OPENING._replace(client=client))
    denied = judge(facts, client=client, secret=secret)
    assert isinstance(denied, Denied)
    assert denied.fault is device_faults.DEVICE_CODE_INVALID


def test_app_is_proven_anew_when_it_changed() -> None:
    """Architecture.md, idea 4."""
    changed = OPENING._replace(client=NATIVE._replace(version=NATIVE.version + 1))
    assert judge(FACTS._replace(opening=changed)) == LookAgain()
    assert judge(FACTS._replace(opening=OPENING._replace(client=None))) == LookAgain()
