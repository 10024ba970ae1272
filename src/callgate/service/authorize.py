"""The authorize endpoint: what to show, what to write, where to send the browser.

The forms of its pages (sign_in, consent) go on from here. The same pure judgement (protocol/consent) runs to choose the
page and again inside the writing transaction.
"""

from typing import NamedTuple

from callgate.crypto.secrets import session_id
from callgate.model import authorize_faults, faults
from callgate.model.client import GrantType
from callgate.model.decisions import (
    AnswerDevice,
    AskConsent,
    AskOther,
    AskSignIn,
    AuthorizeDecision,
    AuthorizeRequest,
    Denied,
    IssueCode,
    IssueImplicit,
    LookAgain,
    RedirectFault,
)
from callgate.model.device import DeviceState
from callgate.model.evidence import IdTokenHint
from callgate.model.facts import AuthorizeFacts
from callgate.model.faults import Fault
from callgate.model.ids import ClientId
from callgate.model.lookups import AuthorizeLookup, ClientLookup
from callgate.model.moment import Moment
from callgate.model.reference import Reference, TokenKind
from callgate.model.sso import SsoOfferLookup
from callgate.protocol import authorize as protocol
from callgate.protocol.consent import Visit, decide
from callgate.protocol.forms import Form, as_one_request, is_form, parse_form, parse_pairs
from callgate.service.browser import (
    Cookies,
    FormState,
    SignInKey,
    lead_to,
    new_binding,
    open_form_state,
    open_sign_in,
    seal_form_state,
)
from callgate.service.cells import Cells
from callgate.service.context import Context
from callgate.service.hint import read_hint
from callgate.service.outcome import (
    DeviceAnswer,
    GoTo,
    Outcome,
    Post,
    SendBack,
    ShowConsent,
    ShowDeviceAnswer,
    ShowFault,
    ShowRefusal,
    ShowSignIn,
)
from callgate.service.passkeys import ask_for_one, draw_challenge
from callgate.storage.port import Unit


class UnderWay(NamedTuple):
    """A checked request with everything it came from; `hint` is the app's word on whom it expects."""

    request: AuthorizeRequest
    state: FormState
    binding: str
    key: SignInKey | None
    request_id: str
    hint: IdTokenHint | None

    def __repr__(self) -> str:
        return f"UnderWay({self.request!r}, …)"


class Stopped(NamedTuple):
    """A request that goes no further, and whose it is where the app is known."""

    denial: Denied | RedirectFault
    client_id: str | None


async def begin(context: Context, query: bytes, *, cookies: Cookies, request_id: str) -> Outcome:
    """GET authorize: a new request, or (with `form_state` alone) one under way. Raises Unavailable."""
    pairs = parse_pairs(query)
    if isinstance(pairs, Denied):
        return refuse(context, pairs, request_id)
    names = [name for name, _ in pairs]
    if names == ["form_state"]:
        state = open_form_state(context, pairs[0][1], cookies.binding)
        if state is None:
            return refuse(context, Denied(fault=authorize_faults.FORM_EXPIRED), request_id)
        if state.own_page is not None:
            return GoTo(state.own_page)
    else:
        # A device's request begins at the page for its code, where guesses are counted.
        state = FormState([pair for pair in pairs if pair[0] != "user_code"], context.clock.now_ms())
    read = await _check(context, state, cookies=cookies, request_id=request_id)
    return await proceed(context, read, request_id, agreed=False) if isinstance(read, UnderWay) else read


async def take_up(context: Context, state: FormState, *, cookies: Cookies, request_id: str) -> UnderWay | Outcome:
    """The request that a browser is about, checked, or where it stops. Raises Unavailable."""
    if state.own_page is not None:
        return _own(context, state, cookies=cookies, request_id=request_id)
    return await _check(context, state, cookies=cookies, request_id=request_id)


async def _check(context: Context, state: FormState, *, cookies: Cookies, request_id: str) -> UnderWay | Outcome:
    read = await _read(context, state, cookies=cookies, request_id=request_id)
    return read if isinstance(read, UnderWay) else _stop(context, read, request_id)


def begin_own(context: Context, page: str, *, cookies: Cookies, request_id: str) -> UnderWay:
    """A sign-in that no app asked for: it leads to this page of the person's own."""
    state = lead_to(page, now_ms=context.clock.now_ms())
    return _own(context, state, cookies=cookies, request_id=request_id)


def read_post(context: Context, content_type: str, *, query: bytes, body: bytes, request_id: str) -> bytes | ShowFault:
    """A POST to an endpoint that takes GET too, as one query; it takes one type of body."""
    if not is_form(content_type):
        return refuse(context, Denied(fault=faults.BODY_NOT_FORM), request_id)
    return as_one_request(query, body)


async def open_post(context: Context, post: Post) -> tuple[Form, UnderWay] | Outcome:
    """The form and the request under way; only a page of ours, in its own browser, can bring both."""
    form = parse_form(post.content_type, post.body)
    if isinstance(form, Denied):
        return refuse(context, form, post.request_id)
    state = open_form_state(context, form.get("form_state"), post.cookies.binding)
    if state is None:
        return refuse(context, Denied(fault=authorize_faults.FORM_EXPIRED), post.request_id)
    read = await take_up(context, state, cookies=post.cookies, request_id=post.request_id)
    return (form, read) if isinstance(read, UnderWay) else read


async def _read(context: Context, state: FormState, *, cookies: Cookies, request_id: str) -> UnderWay | Stopped:
    form = protocol.read_form(state.pairs)
    if isinstance(form, Denied):
        return Stopped(form, None)
    client_id = ClientId((form.get("client_id") or "")[:128])
    client = (await context.store.read(ClientLookup(client_id))).client
    request = protocol.read_request(form, client)
    if not isinstance(request, AuthorizeRequest):
        return Stopped(request, client.id if client else None)
    shown = form.get("id_token_hint")
    hint = await read_hint(context, shown)
    refused = protocol.check_hint(request, hint) if shown else None
    if refused:
        return Stopped(refused, request.client_id)
    key = open_sign_in(context, cookies.sign_in)
    return UnderWay(request, state, cookies.binding or new_binding(context), key, request_id, hint)


def _own(context: Context, state: FormState, *, cookies: Cookies, request_id: str) -> UnderWay:
    request = protocol.own_request(context.policy.issuer)
    key = open_sign_in(context, cookies.sign_in)
    return UnderWay(request, state, cookies.binding or new_binding(context), key, request_id, None)


async def proceed(context: Context, read: UnderWay, request_id: str, *, agreed: bool) -> Outcome:
    """Judge on committed rows; where that would write, judge again inside the transaction."""
    lookup = lookup_of(read)
    if context.cells is not None and read.request.user_code:
        await _have_device_here(context, context.cells, lookup)

    def judge(moment: Moment, facts: AuthorizeFacts) -> AuthorizeDecision:
        visit = visit_of(read)._replace(agreed=agreed and _saw_this(read, facts))
        return decide(read.request, visit=visit, moment=moment, facts=facts)

    decision = judge(context.moment(), await context.store.read(lookup))
    if decision.changes:
        decision = await context.store.run(Unit(lookup, context.drawing(judge)))
    return await show_outcome(context, read, decision, request_id=request_id)


async def _have_device_here(context: Context, cells: Cells, lookup: AuthorizeLookup) -> None:
    """Its person is at this cell, or comes here to sign in; it may have begun at another."""
    device = (await context.store.read(lookup)).device
    if device is None or device.state is DeviceState.MOVED:
        await cells.devices.fetch(lookup.user_code)


def lookup_of(read: UnderWay) -> AuthorizeLookup:
    """The question behind every judgement of a request under way."""
    key, request = read.key, read.request
    sign_in = (key.account_id, key.row_id) if key else None
    return AuthorizeLookup(ClientId(request.client_id), sign_in, request.user_code)


def visit_of(read: UnderWay) -> Visit:
    """What the browser brings, before any button is pressed."""
    hinted = read.hint.extension_id if read.hint else None
    return Visit(read.key.secret if read.key else None, read.state.began_ms, hinted=hinted)


def _saw_this(read: UnderWay, facts: AuthorizeFacts) -> bool:
    """Whether the yes was said by the person now signed in, to the scopes now asked."""
    person = facts.extension
    return (
        person is not None
        and read.state.shown_to == person.id
        and read.state.shown_scope == " ".join(read.request.scope)
    )


async def show_outcome(context: Context, read: UnderWay, decision: AuthorizeDecision, *, request_id: str) -> Outcome:
    """What a judgement means to the browser. Raises Unavailable."""
    match decision:
        case Denied() | RedirectFault():
            return _stop(context, Stopped(decision, read.request.client_id), request_id)
        case AskSignIn():
            return await show_sign_in(context, read, None, fault=None)
        case AskConsent():
            state = read.state._replace(shown_to=decision.extension.id, shown_scope=" ".join(read.request.scope))
            form_state = seal_form_state(context, state, read.binding)
            if form_state is None:
                return _too_long(context, read)
            return ShowConsent(asked=decision, form_state=form_state, binding=read.binding)
        case AskOther():
            note(context, decision.denied, request_id=request_id, client_id=read.request.client_id)
            form_state = seal_form_state(context, read.state, read.binding)
            if form_state is None:
                return _too_long(context, read)
            return ShowRefusal(refused=decision, form_state=form_state, binding=read.binding)
        case IssueCode():
            return await _send_code(context, decision, request_id)
        case IssueImplicit():
            return await _send_token(context, decision, request_id)
        case AnswerDevice():
            context.events.done("device", request_id, client_id=read.request.client_id, changed=True)
            return ShowDeviceAnswer(answer=DeviceAnswer.APPROVED if decision.approved else DeviceAnswer.DENIED)
        case LookAgain():
            raise AssertionError("authorize relies on no proof")


async def _send_code(context: Context, issued: IssueCode, request_id: str) -> SendBack:
    session = issued.session
    await context.keeper.knows(session.key_number)
    reference = Reference(TokenKind.CODE, session.account_id, session.id, issued.secret, 0, session.key_number)
    _granted(context, issued, request_id)
    fields = [("code", context.keeper.seal(reference)), ("expires_in", str(issued.expires_in_s))]
    if issued.request.discovery:
        issuer = context.policy.issuer
        fields += [
            ("discovery_uri", f"{issuer}/.well-known/entry-points/external"),
            ("token_uri", f"{issuer}/restapi/oauth/token"),
        ]
    return _send_back(context, issued.request, fields)


async def _send_token(context: Context, issued: IssueImplicit, request_id: str) -> SendBack:
    session = issued.session
    await context.keeper.knows(session.key_number)
    reference = Reference(
        TokenKind.ACCESS, session.account_id, session.id, issued.secret, session.generation, session.key_number
    )
    _granted(context, issued, request_id)
    fields = [
        ("access_token", context.keeper.seal(reference)),
        ("token_type", "bearer"),
        ("expires_in", str(issued.times.expires_in_s)),
        ("endpoint_id", session.endpoint_id),
        ("scope", session.scope),
    ]
    return _send_back(context, issued.request, fields)


def _granted(context: Context, issued: IssueCode | IssueImplicit, request_id: str) -> None:
    session = issued.session
    grant = GrantType.IMPLICIT if isinstance(issued, IssueImplicit) else GrantType.AUTHORIZATION_CODE
    context.events.granted(
        "authorize",
        request_id,
        client_id=session.client_id,
        session_id=session_id(session.id, session.secret_sha256),
        extension_id=session.extension_id,
        grant=grant.value,
    )


async def show_sign_in(context: Context, read: UnderWay, form: Form | None, *, fault: Fault | None) -> Outcome:
    """The sign-in page, with what the person has filled in already and what was wrong with it. Raises Unavailable."""
    client = (await context.store.read(ClientLookup(ClientId(read.request.client_id)))).client
    offer = await context.store.read(SsoOfferLookup())
    challenge = draw_challenge(context) if offer.passkeys else b""
    form_state = seal_form_state(context, read.state._replace(challenge=challenge), read.binding)
    if (client is None and read.state.own_page is None) or form_state is None:
        return _too_long(context, read)
    return ShowSignIn(
        request=read.request,
        client=client,
        form_state=form_state,
        binding=read.binding,
        username=(form.get("username") if form else read.request.login_hint) or "",
        extension=(form.get("extension") if form else None) or "",
        remembered=form is not None and form.get("remember_me") is not None,
        fault=fault,
        sso_offered=offer.offered,
        passkey_options=ask_for_one(context, challenge, passkeys=()),
        part_silent=context.cells is not None and not (context.cells.are_whole or (client and client.private)),
    )


async def cancel(context: Context, read: UnderWay, request_id: str) -> Outcome:
    """Back to the app: the person does not want to. A device goes on waiting: who may say no to it signs in first."""
    if read.request.user_code:
        return ShowDeviceAnswer(answer=DeviceAnswer.NONE)
    if read.state.own_page is not None:
        return GoTo("/")
    denial = RedirectFault(request=read.request, fault=authorize_faults.ACCESS_DENIED)
    return _stop(context, Stopped(denial, read.request.client_id), request_id)


def _stop(context: Context, stopped: Stopped, request_id: str) -> Outcome:
    denial = stopped.denial
    note(context, denial, request_id=request_id, client_id=stopped.client_id)
    if isinstance(denial, Denied):
        return ShowFault(denied=denial)
    text = denial.fault.text.format_map(dict(denial.values))
    return _send_back(context, denial.request, [("error", denial.fault.error), ("error_description", text)])


def _send_back(context: Context, request: AuthorizeRequest, fields: list[tuple[str, str]]) -> SendBack:
    """State to the letter, and the issuer on success and error alike (RFC 9207)."""
    state = [] if request.state is None else [("state", request.state)]
    return SendBack(
        redirect_uri=request.redirect_uri,
        fields=(*fields, *state, ("iss", context.policy.issuer)),
        in_fragment=request.in_fragment,
    )


def _too_long(context: Context, read: UnderWay) -> Outcome:
    denied = Denied(fault=faults.BODY_TOO_LARGE, values=(("limit", "8 KB"),))
    return _stop(context, Stopped(denied, read.request.client_id), read.request_id)


def refuse(context: Context, denied: Denied, request_id: str) -> ShowFault:
    """A denial of a request that names no app yet."""
    note(context, denied, request_id=request_id, client_id=None)
    return ShowFault(denied=denied)


def note(context: Context, denial: Denied | RedirectFault, *, request_id: str, client_id: str | None) -> None:
    """One event for a denial."""
    named = ClientId(client_id) if client_id else None
    context.events.denied("authorize", denial, request_id=request_id, client_id=named, at_ms=context.clock.now_ms())
