"""Device codes judged, but for their tokens: how they are asked for, paced, typed, and answered at a browser."""

from base64 import b64encode

import pytest

from callgate.model import authorize_faults, device_faults, faults, grant_faults
from callgate.model.changes import ConsentGiven
from callgate.model.client import ClientStatus, GrantType
from callgate.model.consent import Consent
from callgate.model.decisions import (
    AnswerDevice,
    AskConsent,
    AskOther,
    AskSignIn,
    AuthorizeRequest,
    Denied,
    Done,
    LookAgain,
)
from callgate.model.device import (
    DEVICE_CODE_TTL_S,
    PENDING_PER_APP_MAX,
    PENDING_PER_NETWORK_MAX,
    USER_CODE_ALPHABET,
    DeviceCode,
    DeviceState,
    spell_user_code,
)
from callgate.model.device_grant import (
    DeviceApproved,
    DeviceAskFacts,
    DeviceCodeIssued,
    DeviceDenied,
    DeviceHandedOver,
    DeviceMoved,
    DeviceWaits,
    UserCodeFacts,
)
from callgate.model.facts import AuthorizeFacts
from callgate.model.faults import Fault
from callgate.model.ids import RowId
from callgate.protocol import authorize, device
from callgate.protocol.client_auth import ClientNamed, SecretPresented
from callgate.protocol.consent import Visit, decide, refuse_device
from callgate.protocol.device import DeviceCall, Poll
from tests.factories import (
    ACCOUNT,
    AGENT,
    APPROVED,
    AUTHORIZE_FACTS,
    DEVICE,
    FRESH,
    FRESH_SECRET,
    MOMENT,
    NATIVE,
    NOW_MS,
    OTHER_ACCOUNT,
    OTHER_SECRET,
    SECRET,
    SPA,
    form,
    proven,
)

FORM = "application/x-www-form-urlencoded"
TV = NATIVE._replace(grants=NATIVE.grants | {GrantType.DEVICE_CODE})
CALL = DeviceCall(ClientNamed(TV.id), "ReadCallLog")
ASKED = DeviceAskFacts(NOW_MS, TV, of_app=0, of_network=0)
TYPED = form(client_id=TV.id, user_code=DEVICE.user_code, scope=DEVICE.scope)
FACTS = AUTHORIZE_FACTS._replace(client=TV, device=DEVICE, consent=None)
HERE = Visit(SECRET, NOW_MS)
AGREED = HERE._replace(agreed=True)


def issue(facts: DeviceAskFacts = ASKED, *, call: DeviceCall = CALL) -> DeviceWaits | Denied | LookAgain:
    """An app that is proven as it was."""
    return device.issue(
        call, client=proven(TV), network=DEVICE.network, user_code=DEVICE.user_code, moment=MOMENT, facts=facts
    )


def request() -> AuthorizeRequest:
    """The request under way that a code leads to."""
    read = authorize.read_request(TYPED, TV)
    assert isinstance(read, AuthorizeRequest)
    return read


# --- the device --------------------------------------------------------------------------------------------------


@pytest.mark.requirement("RFC 8628 section 3.1")
def test_call_is_read_with_its_client_as_at_the_token_endpoint() -> None:
    """RFC 8628 section 3.1."""
    body = f"client_id={TV.id}&scope=ReadCallLog".encode()
    assert device.read_call(content_type=FORM, body=body, query=b"", authorization=None) == CALL
    proof = "Basic " + b64encode(f"{TV.id}:secret".encode()).decode()
    call = device.read_call(content_type="", body=b"", query=b"", authorization=proof)
    assert call == DeviceCall(SecretPresented(TV.id, "secret"), None)


@pytest.mark.parametrize(
    ("query", "content_type", "body", "fault"),
    [
        (b"client_secret=x", FORM, b"", faults.SECRET_IN_QUERY),
        (b"%zz", FORM, b"", faults.BODY_MALFORMED),
        (b"", "application/json", b"{}", faults.BODY_NOT_FORM),
        (b"", FORM, b"scope=a", faults.CLIENT_PROOF_MISSING),
    ],
)
def test_call_is_refused_when_it_is_no_form_of_a_client(
    query: bytes, content_type: str, body: bytes, fault: Fault
) -> None:
    """As everywhere: secrets are not for addresses."""
    denied = device.read_call(content_type=content_type, body=body, query=query, authorization=None)
    assert isinstance(denied, Denied)
    assert denied.fault is fault


@pytest.mark.requirement("RFC 8628 section 3.2")
def test_code_waits_a_quarter_of_an_hour() -> None:
    """RFC 8628 section 3.2: the row keeps the hash of the device code, and the network that asked."""
    expected = DEVICE._replace(
        id=FRESH.row_id,
        secret_sha256=FRESH.secret_sha256,
        opened_ms=NOW_MS,
        expires_ms=NOW_MS + DEVICE_CODE_TTL_S * 1000,
    )
    assert issue() == DeviceWaits(
        device=expected, client=TV, secret=FRESH_SECRET, changes=(DeviceCodeIssued(expected),)
    )


@pytest.mark.parametrize(
    ("facts", "call", "fault"),
    [
        (ASKED._replace(client=TV._replace(status=ClientStatus.BLOCKED)), CALL, faults.CLIENT_BLOCKED),
        (ASKED._replace(client=NATIVE), CALL, grant_faults.GRANT_NOT_ALLOWED),
        (ASKED, CALL._replace(scope="Nothing"), grant_faults.SCOPE_INVALID),
        (ASKED._replace(of_network=PENDING_PER_NETWORK_MAX), CALL, device_faults.DEVICE_CODES_TOO_MANY),
        (ASKED._replace(of_app=PENDING_PER_APP_MAX), CALL, device_faults.DEVICE_CODES_TOO_MANY),
    ],
)
def test_no_code_is_made_when_the_app_may_not_or_too_many_wait(
    facts: DeviceAskFacts, call: DeviceCall, fault: Fault
) -> None:
    """Capped for each app and network; a row that nobody may answer is not written."""
    denied = issue(facts, call=call)
    assert isinstance(denied, Denied)
    assert denied.fault is fault
    assert denied.changes == ()


def test_one_below_the_cap_is_let_wait() -> None:
    """The bound is the number itself."""
    below = ASKED._replace(of_network=PENDING_PER_NETWORK_MAX - 1, of_app=PENDING_PER_APP_MAX - 1)
    assert isinstance(issue(below), DeviceWaits)


def test_app_is_proven_anew_when_it_changed() -> None:
    """Architecture.md, idea 4."""
    assert issue(ASKED._replace(client=TV._replace(version=TV.version + 1))) == LookAgain()
    assert issue(ASKED._replace(client=None)) == LookAgain()


@pytest.mark.requirement("RFC 8628 section 3.5")
def test_each_poll_that_comes_too_soon_makes_the_interval_longer() -> None:
    """RFC 8628 section 3.5: by 5 seconds, for this and all that follow."""
    poll, hurries = device.pace(None, now_ms=0)
    assert (poll, hurries) == (Poll(0, 5), False)
    poll, hurries = device.pace(poll, now_ms=4_499)
    assert (poll, hurries) == (Poll(4_499, 10), True)
    poll, hurries = device.pace(poll, now_ms=4_499 + 9_499)
    assert (poll, hurries) == (Poll(13_998, 15), True)
    poll, hurries = device.pace(poll, now_ms=13_998 + 14_500)
    assert (poll, hurries) == (Poll(28_498, 15), False)


# --- the person --------------------------------------------------------------------------------------------------


@pytest.mark.requirement("RFC 8628 section 6.1")
@pytest.mark.parametrize(
    "typed", ["BCDF-GHJK", "bcdfghjk", " bcdf ghjk ", "BCDF–GHJK".replace("–", "-"), "b.c.d.f_g-h j\tk"]
)
def test_code_is_read_however_it_is_typed(typed: str) -> None:
    """RFC 8628 section 6.1: case and punctuation are the device's taste, not the person's duty."""
    assert device.read_user_code(typed) == "BCDFGHJK"


@pytest.mark.parametrize("typed", ["", "BCDFGHJ", "BCDFGHJKL", "ACDFGHJK", "8CDFGHJK", "BCDFGHJK" * 40, "ßßßßßßßß"])
def test_code_is_none_when_it_cannot_be_one(typed: str) -> None:
    """Such are no guesses, and are not counted as guesses."""
    assert device.read_user_code(typed) is None


def test_alphabet_has_nothing_to_confuse() -> None:
    """No vowels, no digits, twenty letters: 34 bits in eight."""
    assert len(set(USER_CODE_ALPHABET)) == 20
    assert not set(USER_CODE_ALPHABET) & set("AEIOUY0123456789")
    assert spell_user_code("BCDFGHJK") == "BCDF-GHJK"


@pytest.mark.parametrize(
    "facts",
    [
        UserCodeFacts(NOW_MS, None, None),
        UserCodeFacts(DEVICE.expires_ms, DEVICE, TV),
        UserCodeFacts(NOW_MS, APPROVED, TV),
        UserCodeFacts(NOW_MS, DEVICE._replace(state=DeviceState.DENIED), TV),
        UserCodeFacts(NOW_MS, DEVICE._replace(state=DeviceState.USED), TV),
    ],
)
def test_code_is_unknown_when_nobody_waits_with_it(facts: UserCodeFacts) -> None:
    """One answer for all of them: whoever tries codes learns nothing of others' devices."""
    denied = device.find_waiting(facts)
    assert isinstance(denied, Denied)
    assert denied.fault is device_faults.USER_CODE_UNKNOWN


def test_code_leads_to_its_device_and_its_app() -> None:
    """Unless the app may not be used any more."""
    assert device.find_waiting(UserCodeFacts(NOW_MS, DEVICE, TV)) == DEVICE
    blocked = device.find_waiting(UserCodeFacts(NOW_MS, DEVICE, TV._replace(status=ClientStatus.BLOCKED)))
    assert isinstance(blocked, Denied)
    assert blocked.fault is faults.CLIENT_BLOCKED


@pytest.mark.requirement("RFC 8628 section 5.4")
def test_person_is_asked_to_sign_in_and_then_always_asked() -> None:
    """RFC 8628 section 5.4: a former yes to the same scopes does not answer for a code somebody may have sent."""
    agreed = Consent(ACCOUNT.id, AGENT.id, TV.id, frozenset({"ReadCallLog"}), NOW_MS)
    facts = FACTS._replace(consent=agreed)
    unknown = decide(request(), visit=Visit(None, NOW_MS), moment=MOMENT, facts=facts._replace(sign_in=None))
    assert unknown == AskSignIn(request=request(), client=TV)
    asked = decide(request(), visit=HERE, moment=MOMENT, facts=facts)
    assert asked == AskConsent(request=request(), client=TV, owner_name=ACCOUNT.name, account=ACCOUNT, extension=AGENT)


def test_yes_is_bound_to_the_sign_in_it_was_said_in() -> None:
    """And to what was behind that, so that a new password takes it back."""
    after = APPROVED._replace(approved_ms=NOW_MS)
    consent = Consent(ACCOUNT.id, AGENT.id, TV.id, frozenset({"ReadCallLog"}), NOW_MS)
    assert decide(request(), visit=AGREED, moment=MOMENT, facts=FACTS) == AnswerDevice(
        request=request(), approved=True, changes=(ConsentGiven(consent), DeviceApproved(DEVICE, after))
    )


def test_no_is_noted_with_who_said_it() -> None:
    """Whether or not they might have said yes."""
    denied = AnswerDevice(request=request(), approved=False, changes=(DeviceDenied(DEVICE, str(AGENT.id)),))
    assert refuse_device(request(), visit=HERE, facts=FACTS) == denied


def test_no_counts_for_nothing_when_nobody_is_signed_in() -> None:
    """Or everybody who overhears a code could keep its device out."""
    refused = refuse_device(request(), visit=Visit(OTHER_SECRET, NOW_MS), facts=FACTS)
    assert isinstance(refused, Denied)
    assert refused.fault is authorize_faults.FORM_EXPIRED


@pytest.mark.parametrize(
    "facts",
    [
        FACTS._replace(device=None),
        FACTS._replace(device=APPROVED),
        FACTS._replace(device=DEVICE._replace(scope="ReadAccounts")),
        FACTS._replace(device=DEVICE._replace(client_id=SPA.id)),
        FACTS._replace(device=DEVICE._replace(expires_ms=NOW_MS)),
    ],
)
def test_answer_comes_too_late_when_the_device_waits_no_more(facts: AuthorizeFacts) -> None:
    """Pages are open for minutes; a code that was given out anew is another request's."""
    for denied in (
        decide(request(), visit=AGREED, moment=MOMENT, facts=facts),
        refuse_device(request(), visit=HERE, facts=facts),
    ):
        assert isinstance(denied, Denied)
        assert denied.fault is device_faults.USER_CODE_UNKNOWN


def test_person_is_refused_as_at_every_app() -> None:
    """Another company's private app: the page names who is signed in, and offers to be somebody else."""
    theirs = TV._replace(account_id=OTHER_ACCOUNT.id)
    refused = decide(request(), visit=AGREED, moment=MOMENT, facts=FACTS._replace(client=theirs))
    assert isinstance(refused, AskOther)
    assert refused.denied.fault is grant_faults.APP_PRIVATE


def test_request_is_refused_when_the_app_lost_the_grant() -> None:
    """On the way in, and while a page was open."""
    for denied in (
        authorize.read_request(TYPED, NATIVE),
        decide(request(), visit=AGREED, moment=MOMENT, facts=FACTS._replace(client=NATIVE)),
    ):
        assert isinstance(denied, Denied)
        assert denied.fault is grant_faults.GRANT_NOT_ALLOWED


def moved_to(state: DeviceState) -> DeviceCode:
    """The device as it is then."""
    return DEVICE._replace(state=state)


def test_device_that_waits_is_handed_over_once() -> None:
    """And nobody answers it where it was."""
    facts = UserCodeFacts(NOW_MS, DEVICE, TV)
    handed = device.hand_over(facts)
    assert isinstance(handed, DeviceHandedOver)
    assert handed.device == DEVICE
    assert handed.changes == (DeviceMoved(DEVICE, moved_to(DeviceState.MOVED)),)
    gone = facts._replace(device=moved_to(DeviceState.MOVED))
    assert device.is_elsewhere(gone)
    assert not device.is_elsewhere(facts)
    assert not device.is_elsewhere(gone._replace(now_ms=DEVICE.expires_ms))
    late = facts._replace(now_ms=DEVICE.expires_ms)
    for over in (gone, late, facts._replace(device=None), facts._replace(device=APPROVED)):
        assert isinstance(device.hand_over(over), Denied)
    assert isinstance(device.find_waiting(gone), Denied)
    assert isinstance(decide_at_browser(FACTS._replace(device=gone.device)), Denied)


def decide_at_browser(facts: AuthorizeFacts) -> object:
    """What the person who has agreed is told."""
    request = device.request_of(TYPED, TV)
    assert isinstance(request, AuthorizeRequest)
    return decide(request, visit=AGREED, moment=MOMENT, facts=facts)


def test_device_is_taken_over_where_its_app_is_and_comes_home_as_it_was() -> None:
    """Never over another, nor one that was answered."""
    there = FACTS._replace(device=None)
    taken = device.take_over(DEVICE, there)
    assert isinstance(taken, Done)
    assert taken.changes == (DeviceCodeIssued(DEVICE),)
    away = moved_to(DeviceState.MOVED)
    home = device.take_over(DEVICE, FACTS._replace(device=away))
    assert isinstance(home, Done)
    assert home.changes == (DeviceMoved(away, DEVICE),)
    for facts in (
        there._replace(client=None),
        FACTS,
        FACTS._replace(device=APPROVED),
        FACTS._replace(device=away._replace(id=RowId(DEVICE.id + 1))),
    ):
        assert isinstance(device.take_over(DEVICE, facts), Denied)
