"""The device grant but for its tokens (RFC 8628): a device asks, polls are paced, a person's browser answers.

The browser's part is an authorize request under way, with a user code in a redirect URI's place: signing in, single
sign-on, consent and refusals are those of every app. What the device gets in the end: grants/device_code.py.
"""

import re
from typing import NamedTuple

from callgate.model import authorize_faults, device_faults, faults, grant_faults
from callgate.model.changes import ConsentGiven
from callgate.model.client import Client, GrantType
from callgate.model.consent import SignIn
from callgate.model.decisions import AnswerDevice, AuthorizeRequest, Denied, Done, LookAgain
from callgate.model.device import (
    DEVICE_CODE_TTL_S,
    PENDING_PER_APP_MAX,
    PENDING_PER_NETWORK_MAX,
    POLL_INTERVAL_S,
    USER_CODE_ALPHABET,
    USER_CODE_CHARS,
    DeviceCode,
    DeviceState,
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
from callgate.model.evidence import ClientProven
from callgate.model.facts import AuthorizeFacts
from callgate.model.moment import Moment
from callgate.protocol import client_auth
from callgate.protocol.client_auth import Presented
from callgate.protocol.forms import Form, parse_form, parse_pairs
from callgate.protocol.guards import app_works, client_stands
from callgate.protocol.opening import Credential
from callgate.protocol.scopes import narrow_scope

_SECRETS = frozenset({"client_secret", "client_assertion"})
_TYPED_CHARS_MAX = 64
_BETWEEN = re.compile(r"[\s._-]+")
_WELL_FORMED = re.compile(f"[{USER_CODE_ALPHABET}]{{{USER_CODE_CHARS}}}")

_POLL_SLACK_MS = 500
"""A poll sent on time may overtake the one before it on the network by as much."""


class DeviceCall(NamedTuple):
    """A readable request for a code: which app says it is, and the scope it asks for."""

    presented: Presented
    scope: str | None


class Poll(NamedTuple):
    """When a code was last asked for, and how long to wait since."""

    at_ms: int
    interval_s: int = POLL_INTERVAL_S


# --- the device --------------------------------------------------------------------------------------------------


def read_call(*, content_type: str, body: bytes, query: bytes, authorization: str | None) -> DeviceCall | Denied:
    """RFC 8628 section 3.1: the client as at the token endpoint, and a scope. Who has neither to say sends no body."""
    asked = parse_pairs(query)
    if isinstance(asked, Denied):
        return asked
    if misplaced := frozenset(name for name, _ in asked) & _SECRETS:
        return Denied(fault=faults.SECRET_IN_QUERY, values=(("parameter", min(misplaced)),))
    form = parse_form(content_type, body) if body else Form({})
    if isinstance(form, Denied):
        return form
    shown = client_auth.presented(authorization, form)
    return shown if isinstance(shown, Denied) else DeviceCall(shown, form.get("scope"))


def issue(
    call: DeviceCall,
    *,
    client: ClientProven,
    network: str,
    user_code: str,
    moment: Moment,
    facts: DeviceAskFacts,
) -> DeviceWaits | Denied | LookAgain:
    """A code for the device and one for the person, unless too many wait already."""
    app, fresh = facts.client, moment.fresh
    if app is None or not client_stands(client, app):
        return LookAgain()
    refused = app_works(app) or grant_refused(app)
    if refused:
        return refused
    scope = narrow_scope(app, call.scope)
    if not scope:
        return Denied(fault=grant_faults.SCOPE_INVALID, why="no name in scope is one of the app's")
    if facts.of_network >= PENDING_PER_NETWORK_MAX:
        return Denied(fault=device_faults.DEVICE_CODES_TOO_MANY, why=f"network {network} has {facts.of_network}")
    if facts.of_app >= PENDING_PER_APP_MAX:
        return Denied(fault=device_faults.DEVICE_CODES_TOO_MANY, why=f"the app has {facts.of_app}")
    device = DeviceCode(
        id=fresh.row_id,
        client_id=app.id,
        secret_sha256=fresh.secret_sha256,
        user_code=user_code,
        scope=" ".join(scope),
        network=network,
        opened_ms=facts.now_ms,
        expires_ms=facts.now_ms + DEVICE_CODE_TTL_S * 1000,
        state=DeviceState.PENDING,
    )
    return DeviceWaits(device=device, client=app, secret=fresh.secret, changes=(DeviceCodeIssued(device),))


def grant_refused(app: Client) -> Denied | None:
    """Whether the app may use the grant at all."""
    if GrantType.DEVICE_CODE in app.grants:
        return None
    return Denied(fault=grant_faults.GRANT_NOT_ALLOWED, why="the app is not registered for the device grant")


def pace(before: Poll | None, *, now_ms: int) -> tuple[Poll, bool]:
    """The poll just made, and whether it came too soon: then the interval is five seconds longer from now on."""
    if before is None:
        return Poll(now_ms), False
    too_soon = now_ms < before.at_ms + before.interval_s * 1000 - _POLL_SLACK_MS
    return Poll(now_ms, before.interval_s + (POLL_INTERVAL_S if too_soon else 0)), too_soon


# --- the person --------------------------------------------------------------------------------------------------


def read_user_code(typed: str) -> str | None:
    """The code as it is stored, however it was typed: small letters, dashes, dots, blanks. None for what is no code."""
    bare = _BETWEEN.sub("", typed[:_TYPED_CHARS_MAX]).upper()
    return bare if _WELL_FORMED.fullmatch(bare) else None


def find_waiting(facts: UserCodeFacts) -> DeviceCode | Denied:
    """The device that waits under a code; whoever guesses learns nothing of those that do not wait any more."""
    device, app = facts.device, facts.client
    if device is None or app is None or not _waits(device, now_ms=facts.now_ms):
        return Denied(fault=device_faults.USER_CODE_UNKNOWN, why="no device waits with this code")
    return app_works(app) or grant_refused(app) or device


def hand_over(facts: UserCodeFacts) -> DeviceHandedOver | Denied:
    """To another cell, where its person is: from now on nobody answers it here."""
    device = facts.device
    if device is None or not _waits(device, now_ms=facts.now_ms):
        return Denied(fault=device_faults.USER_CODE_UNKNOWN, why="no device waits here with this code")
    return DeviceHandedOver(device=device, changes=(_moved(device, to=DeviceState.MOVED),))


def take_over(device: DeviceCode, facts: AuthorizeFacts) -> Done | Denied:
    """From another cell; one that began here comes home."""
    if facts.client is None:
        return Denied(fault=device_faults.USER_CODE_UNKNOWN, why="the app is not in this cell")
    before = facts.device
    if before is None:
        return Done((DeviceCodeIssued(device),))
    if before.state is not DeviceState.MOVED or before.id != device.id:
        return Denied(fault=device_faults.USER_CODE_UNKNOWN, why="this cell has another device of this code")
    return Done((_moved(before, to=DeviceState.PENDING),))


def is_elsewhere(facts: UserCodeFacts) -> bool:
    """Whether another cell may have the device that began here."""
    device = facts.device
    return device is not None and device.state is DeviceState.MOVED and facts.now_ms < device.expires_ms


def request_of(form: Form, client: Client) -> AuthorizeRequest | Denied:
    """A device's request under way; the service put into the form what it found under the code."""
    refused = grant_refused(client)
    if refused:
        return refused
    scope = tuple((form.get("scope") or "").split())
    code = form.get("user_code") or ""
    return AuthorizeRequest(client_id=client.id, response_type="", redirect_uri="", scope=scope, user_code=code)


def still_waits(request: AuthorizeRequest, facts: AuthorizeFacts) -> Denied | None:
    """Pages are open for minutes: meanwhile the code may expire, or somebody else answer."""
    if _device(request, facts) is not None:
        return None
    return Denied(fault=device_faults.USER_CODE_UNKNOWN, why="the code expired, or was answered meanwhile")


def approve(
    request: AuthorizeRequest,
    facts: AuthorizeFacts,
    *,
    sign_in: SignIn,
    credential: Credential,
    given: tuple[ConsentGiven, ...],
) -> AnswerDevice:
    """Yes, bound to the sign-in it was said in, and to what was behind that."""
    device = _device(request, facts)
    assert device is not None, "still_waits() comes first"
    after = device._replace(
        state=DeviceState.APPROVED,
        account_id=sign_in.account_id,
        extension_id=sign_in.extension_id,
        sign_in_id=sign_in.id,
        signed_in_ms=sign_in.signed_in_ms,
        approved_ms=facts.now_ms,
        credential_kind=credential.kind,
        credential_id=credential.id,
        credential_version=credential.version,
    )
    return AnswerDevice(request=request, approved=True, changes=(*given, DeviceApproved(device, after)))


def deny(request: AuthorizeRequest, facts: AuthorizeFacts, *, signed_in: bool) -> AnswerDevice | Denied:
    """No, by anybody who is signed in and has the code."""
    device = _device(request, facts)
    if device is None:
        return Denied(fault=device_faults.USER_CODE_UNKNOWN, why="the code expired, or was answered meanwhile")
    if not signed_in or facts.extension is None:
        return Denied(fault=authorize_faults.FORM_EXPIRED, why="nobody is signed in any more")
    return AnswerDevice(request=request, approved=False, changes=(DeviceDenied(device, str(facts.extension.id)),))


def _device(request: AuthorizeRequest, facts: AuthorizeFacts) -> DeviceCode | None:
    """The one the page was about: a code that was given out anew meanwhile belongs to another request."""
    device = facts.device
    if device is None or device.client_id != request.client_id or device.scope.split() != list(request.scope):
        return None
    return device if _waits(device, now_ms=facts.now_ms) else None


def _moved(device: DeviceCode, *, to: DeviceState) -> DeviceMoved:
    return DeviceMoved(device, device._replace(state=to))


def _waits(device: DeviceCode, *, now_ms: int) -> bool:
    return device.state is DeviceState.PENDING and now_ms < device.expires_ms
