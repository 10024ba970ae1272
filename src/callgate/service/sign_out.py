"""Signing out: the browser's sign-in ends, after a question where nobody who may has said so already."""

from dataclasses import dataclass, field
from functools import partial

from callgate.model import authorize_faults, faults
from callgate.model.decisions import Denied
from callgate.model.facts import AuthorizeFacts
from callgate.model.ids import ClientId, ExtensionId
from callgate.model.lookups import AuthorizeLookup
from callgate.model.sign_out import AskSignOut, SignedOut, SignOutDecision, SignOutRequest
from callgate.protocol import sign_out as protocol
from callgate.protocol.forms import Form, parse_form, parse_pairs, single
from callgate.protocol.sign_out import Leaving
from callgate.service.authorize import note
from callgate.service.browser import (
    Cookies,
    Pairs,
    SignInKey,
    SignOutState,
    new_binding,
    open_sign_in,
    open_sign_out,
    seal_sign_out,
)
from callgate.service.context import Context
from callgate.service.hint import read_hint
from callgate.service.outcome import FormShown, Post, ShowFault
from callgate.storage.port import Unit

_NO_APP = ClientId("")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowSignOut(FormShown):
    """The page that asks."""

    asked: AskSignOut


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowFarewell:
    """The last page: signed out, or not because the person changed their mind."""

    ui_locales: str
    signed_out: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """Signed out, and on to the app's registered address."""

    redirect_uri: str
    state: str | None = field(repr=False)


SignOutOutcome = ShowFault | ShowSignOut | ShowFarewell | Leave


async def begin(context: Context, query: bytes, *, cookies: Cookies, request_id: str) -> SignOutOutcome:
    """The endpoint: an app sends a browser to be signed out, or a person comes alone. Raises Unavailable."""
    pairs = parse_pairs(query)
    form = pairs if isinstance(pairs, Denied) else single(pairs)
    if isinstance(form, Denied):
        return _fault(context, form, request_id)
    request = protocol.read_request(form)
    if isinstance(request, Denied):
        return _fault(context, request, request_id)
    key = open_sign_in(context, cookies.sign_in)
    leaving = Leaving(key.secret if key else None, await read_hint(context, form.get("id_token_hint")))
    return await _proceed(context, request, leaving=leaving, key=key, came=_Came(cookies.binding, request_id))


async def confirm(context: Context, post: Post) -> SignOutOutcome:
    """The form of the page that asks. Raises Unavailable."""
    form = parse_form(post.content_type, post.body)
    if isinstance(form, Denied):
        return _fault(context, form, post.request_id)
    state = open_sign_out(context, form.get("form_state"), post.cookies.binding)
    if state is None:
        return _fault(context, Denied(fault=authorize_faults.FORM_EXPIRED), post.request_id)
    request = protocol.read_request(Form(dict(state.pairs)))
    assert not isinstance(request, Denied), "it was read before"
    if form.get("action") != "sign-out":
        return ShowFarewell(ui_locales=request.ui_locales, signed_out=False)
    key = open_sign_in(context, post.cookies.sign_in)
    leaving = Leaving(key.secret if key else None, agreed=ExtensionId(state.shown_to))
    came = _Came(post.cookies.binding, post.request_id)
    return await _proceed(context, request, leaving=leaving, key=key, came=came)


async def end_sign_in(context: Context, key: SignInKey | None) -> None:
    """End the sign-in that a browser's cookie opens, if it still opens one. Raises Unavailable."""
    if key is not None:
        await context.store.run(Unit(_lookup(_NO_APP, key), partial(protocol.end_sign_in, key.secret)))


@dataclass(frozen=True, slots=True)
class _Came:
    """How a request came."""

    binding: str | None = field(repr=False)
    request_id: str


async def _proceed(
    context: Context, request: SignOutRequest, *, leaving: Leaving, key: SignInKey | None, came: _Came
) -> SignOutOutcome:
    """Judge on committed rows; where that would write, judge again inside the transaction."""

    def judge(facts: AuthorizeFacts) -> SignOutDecision:
        return protocol.decide(request, leaving=leaving, facts=facts)

    client_id = protocol.named_app(request, leaving.hint) or _NO_APP
    lookup = _lookup(client_id, key)
    decision = judge(await context.store.read(lookup))
    if decision.changes:
        decision = await context.store.run(Unit(lookup, judge))
    match decision:
        case Denied():
            return _fault(context, decision, came.request_id)
        case AskSignOut():
            return _ask(context, decision, came)
        case SignedOut():
            changed = bool(decision.changes)
            context.events.done("sign-out", came.request_id, client_id=client_id, changed=changed)
            if decision.redirect_uri is None:
                return ShowFarewell(ui_locales=request.ui_locales, signed_out=True)
            return Leave(redirect_uri=decision.redirect_uri, state=decision.state)


def _ask(context: Context, asked: AskSignOut, came: _Came) -> SignOutOutcome:
    if asked.denied:
        note(context, asked.denied, request_id=came.request_id, client_id=None)
    binding = came.binding or new_binding(context)
    form_state = seal_sign_out(context, SignOutState(_pairs(asked.request), asked.extension.id), binding)
    if form_state is None:
        return _fault(context, Denied(fault=faults.BODY_TOO_LARGE, values=(("limit", "8 KB"),)), came.request_id)
    return ShowSignOut(asked=asked, form_state=form_state, binding=binding)


def _pairs(request: SignOutRequest) -> Pairs:
    """The request without its hint: once the person has said yes, nobody is asked who they are."""
    values = {
        "client_id": request.client_id,
        "post_logout_redirect_uri": request.redirect_uri,
        "state": request.state,
        "ui_locales": request.ui_locales,
    }
    return [(name, value) for name, value in values.items() if value]


def _lookup(client_id: ClientId, key: SignInKey | None) -> AuthorizeLookup:
    return AuthorizeLookup(client_id, (key.account_id, key.row_id) if key else None)


def _fault(context: Context, denied: Denied, request_id: str) -> ShowFault:
    note(context, denied, request_id=request_id, client_id=None)
    return ShowFault(denied=denied)
