"""The device grant: codes for devices that have no browser, and the browser that answers them (RFC 8628).

A poll for tokens goes the token endpoint's way. Once a person has typed a code, their browser goes the authorize
endpoint's: signing in and agreeing are as for any app (protocol/device.py).
"""

from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlencode

from callgate.crypto.secrets import mint_user_code
from callgate.model import device_faults, faults
from callgate.model.decisions import AnswerDevice, Denied, LookAgain
from callgate.model.device import POLL_INTERVAL_S, spell_user_code
from callgate.model.device_grant import DeviceAskFacts, DeviceAskLookup, DeviceWaits, UserCodeLookup
from callgate.model.facts import AuthorizeFacts
from callgate.model.faults import Fault
from callgate.model.ids import ClientId
from callgate.model.moment import Moment
from callgate.model.reference import Reference, TokenKind
from callgate.protocol import device as protocol
from callgate.protocol.consent import refuse_device
from callgate.protocol.device import DeviceCall
from callgate.protocol.forms import Form, parse_form, parse_pairs, single
from callgate.service import authorize as pages
from callgate.service import client as clients
from callgate.service.authorize import UnderWay
from callgate.service.browser import Cookies, FormState, new_binding, open_sign_in
from callgate.service.context import Context
from callgate.service.limits import Guess
from callgate.service.outcome import Outcome, Post
from callgate.service.token import TokenRequest
from callgate.service.uses import note_use
from callgate.service.visit import Visit
from callgate.storage.port import Unit

PATH = "/restapi/oauth/device"
LOOKS_MAX = 3
"""How often the app is proven anew when it changed under the proof."""


class DeviceReply(NamedTuple):
    """What a device is given, and shows (RFC 8628 section 3.2)."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in_s: int
    interval_s: int = POLL_INTERVAL_S

    def __repr__(self) -> str:
        return "DeviceReply(…)"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskUserCode:
    """The page on which a person types what their device shows."""

    binding: str = field(repr=False)
    typed: str = ""
    fault: Fault | None = None
    ui_locales: str = ""


# --- the device --------------------------------------------------------------------------------------------------


async def ask(context: Context, request: TokenRequest) -> DeviceReply | Denied:
    """A device code and a user code, durable before this returns. Raises Unavailable."""
    call = protocol.read_call(
        content_type=request.content_type,
        body=request.body,
        query=request.query,
        authorization=request.authorization,
    )
    if isinstance(call, Denied):
        return await _refuse(context, request, denied=call, named="", client_id=None)
    decision, client_id = await _issue(context, call, network=request.network)
    if isinstance(decision, Denied):
        named = call.presented.client_id or ""
        return await _refuse(context, request, denied=decision, named=named, client_id=client_id)
    context.events.done("device-authorization", request.request_id, client_id=decision.client.id, changed=True)
    return _reply(context, decision)


async def _refuse(
    context: Context, request: TokenRequest, *, denied: Denied, named: str, client_id: ClientId | None
) -> Denied:
    denial = await Visit(context, request.network).refuse(denied, client_id or named)
    context.events.denied(
        "device-authorization",
        denial,
        request_id=request.request_id,
        client_id=client_id,
        at_ms=context.clock.now_ms(),
    )
    return denial


async def _issue(context: Context, call: DeviceCall, *, network: str) -> tuple[DeviceWaits | Denied, ClientId | None]:
    """Prove and decide, again when the proof was overtaken by a change; the app, where it is proven."""
    before = None
    for _ in range(LOOKS_MAX):
        proven = await clients.prove(context, call.presented, before=before)
        if isinstance(proven, Denied):
            return proven, None
        before = proven
        evidence = proven.evidence

        def judge(moment: Moment, facts: DeviceAskFacts) -> DeviceWaits | Denied | LookAgain:
            # A user code that is taken has the unit judged again, and gets another here.
            user_code = _mint_user_code(context)
            return protocol.issue(
                call,
                client=evidence,  # noqa: B023 - run at once
                network=network,
                user_code=user_code,
                moment=moment,
                facts=facts,
            )

        unit = Unit(DeviceAskLookup(proven.client.id, network), context.drawing(judge))
        decision = await context.store.run(unit)
        if isinstance(decision, DeviceWaits):
            note_use(context, proven.client, former=proven.former)
        if not isinstance(decision, LookAgain):
            return decision, proven.client.id
    return Denied(fault=faults.TEMPORARILY_UNAVAILABLE, why="the app kept changing"), None


def _mint_user_code(context: Context) -> str:
    """One that leads to this cell, where there are several."""
    while True:
        code = mint_user_code(context.entropy)
        if context.cells is None or context.cells.devices.is_own(code):
            return code


def _reply(context: Context, waits: DeviceWaits) -> DeviceReply:
    device, key_number = waits.device, context.keeper.rings.sealer.active_key_number
    reference = Reference(TokenKind.DEVICE, waits.client.account_id, device.id, waits.secret, 0, key_number)
    seal = context.keeper.seal if context.cells is None else context.cells.devices.seal
    shown, place = spell_user_code(device.user_code), f"{context.policy.issuer}{PATH}"
    return DeviceReply(
        device_code=seal(reference),
        user_code=shown,
        verification_uri=place,
        verification_uri_complete=f"{place}?{urlencode({'user_code': shown})}",
        expires_in_s=(device.expires_ms - device.opened_ms) // 1000,
    )


# --- the person --------------------------------------------------------------------------------------------------


def begin(context: Context, query: bytes, *, cookies: Cookies) -> AskUserCode:
    """GET of the page, with the code filled in where the address brings one; nothing is looked up for an address."""
    pairs = parse_pairs(query)
    form = pairs if isinstance(pairs, Denied) else single(pairs)
    asked = Form({}) if isinstance(form, Denied) else form
    code = protocol.read_user_code(asked.get("user_code") or "")
    return AskUserCode(
        binding=cookies.binding or new_binding(context),
        typed=spell_user_code(code) if code else "",
        ui_locales=(asked.get("ui_locales") or "")[:128],
    )


async def enter(context: Context, post: Post, *, network: str) -> AskUserCode | Outcome:
    """POST of the page: on to signing in or to the question, for a device that waits. Raises Unavailable."""
    form = parse_form(post.content_type, post.body)
    if isinstance(form, Denied):
        return pages.refuse(context, form, post.request_id)
    typed, binding = (form.get("user_code") or "")[:64], post.cookies.binding
    if binding is None:
        # Another site's form, or a browser without cookies, in which nobody could sign in either.
        return AskUserCode(binding=new_binding(context), typed=typed, fault=device_faults.USER_CODE_FOREIGN)
    found = await _find(context, typed, post=post, network=network)
    if isinstance(found, Denied):
        pages.note(context, found, request_id=post.request_id, client_id=None)
        return AskUserCode(binding=binding, typed=typed, fault=found.fault)
    read = await pages.take_up(context, found, cookies=post.cookies, request_id=post.request_id)
    return await pages.proceed(context, read, post.request_id, agreed=False) if isinstance(read, UnderWay) else read


async def deny(context: Context, read: UnderWay, request_id: str) -> Outcome:
    """The person signed in says no. Raises Unavailable."""

    def judge(facts: AuthorizeFacts) -> AnswerDevice | Denied:
        return refuse_device(read.request, visit=pages.visit_of(read), facts=facts)

    decision = await context.store.run(Unit(pages.lookup_of(read), judge))
    return await pages.show_outcome(context, read, decision, request_id=request_id)


async def _find(context: Context, typed: str, *, post: Post, network: str) -> FormState | Denied:
    """The device's request, to be taken up; what cannot be a code is no guess."""
    code = protocol.read_user_code(typed)
    if code is None:
        return Denied(fault=device_faults.USER_CODE_UNKNOWN, why="what was typed is no code")
    guesses = await _count(context, network, post=post)
    if isinstance(guesses, Denied):
        return guesses
    facts = await context.store.read(UserCodeLookup(code))
    if context.cells is not None and protocol.is_elsewhere(facts):
        await context.cells.devices.fetch(code)
        facts = await context.store.read(UserCodeLookup(code))
    found = protocol.find_waiting(facts)
    if isinstance(found, Denied):
        return found
    for guess in guesses:
        await context.limits.guessed(guess)
    pairs = [("client_id", str(found.client_id)), ("user_code", code), ("scope", found.scope)]
    return FormState(pairs, context.clock.now_ms())


async def _count(context: Context, network: str, *, post: Post) -> list[Guess] | Denied:
    """Of the network, and of whoever is signed in: a sign-in that moves from network to network stays the same."""
    key = open_sign_in(context, post.cookies.sign_in)
    whose = [("network", network)] if key is None else [("network", network), ("sign-in", str(key.row_id))]
    guesses = [await context.limits.guess(each) for each in whose]
    counted = [guess for guess in guesses if guess is not None]
    if len(counted) < len(guesses):
        return Denied(fault=device_faults.USER_CODES_TOO_MANY, why=f"network {network} tries codes")
    return counted
