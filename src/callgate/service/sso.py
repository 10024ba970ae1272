"""Single sign-on at a browser: sent away to an identity provider, back with its word, signed in.

What is particular to a protocol stands in sso_saml and sso_oidc; what a browser carries in sso_travel. Each way ends
like the sign-in page's: a sign-in begins, and the authorize request under way goes on.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from callgate.model import authorize_faults, faults, sso_faults
from callgate.model.account import Account, Extension, LoginName
from callgate.model.connection import Connection, ConnectionKind, ConnectionSecret
from callgate.model.decisions import Denied, LookAgain
from callgate.model.evidence import IdentityProven
from callgate.model.ids import ClientId, ConnectionId
from callgate.model.lookups import AuthorizeLookup
from callgate.model.sso import ArrivalFacts, ArrivalLookup, ArrivedLookup, ConnectionLookup, RouteLookup
from callgate.protocol import oidc
from callgate.protocol import sso as protocol
from callgate.protocol.forms import parse_form, parse_pairs
from callgate.protocol.sessions import holds_sign_in
from callgate.protocol.sign_in import SignedIn
from callgate.service import sso_oidc
from callgate.service.browser import Cookies, FormState, Pairs, new_binding, open_sign_in, seal_form_state, seal_sign_in
from callgate.service.context import Context
from callgate.service.outcome import Post, SendAway
from callgate.service.password import NOBODY
from callgate.service.sign_out import end_sign_in
from callgate.service.sso_travel import (
    TRIPS_MAX,
    Arrival,
    Departure,
    new_handle,
    open_arrival,
    open_departure,
    seal_arrival,
    seal_departure,
)
from callgate.storage.port import Unit

ANSWER_BYTES_MAX = 512 * 1024
"""A document of 256 KiB in base64, percent-encoded."""

_NO_APP = ClientId("")

LOOKS_MAX = 3
"""How often an answer is checked anew when its connection changed meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bring:
    """Back with an accepted answer: on by a GET, which brings this browser's other cookies."""

    handle: str
    arrival: str = field(repr=False)


class Somebody(NamedTuple):
    """A person of an account, as pages show them."""

    person_name: str
    login: str
    account_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskWhetherMeant:
    """Somebody came without having asked: nobody is signed in as somebody else by a link they followed."""

    handle: str
    somebody: Somebody


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedInHere:
    """Signed in. `form_state` goes on with an authorize request; without one there is a page that says so."""

    handle: str
    binding: str = field(repr=False)
    sign_in_cookie: str = field(repr=False)
    form_state: str | None = field(repr=False)


class Confirmation(NamedTuple):
    """What the page that asks was answered."""

    handle: str
    meant: bool


Prove = Callable[[Connection], Awaitable[IdentityProven | Denied]]
"""Whom an answer vouches for, if it came by this connection as it is now."""


class Answer(NamedTuple):
    """What a provider made a browser post."""

    content_type: str
    body: bytes

    def __repr__(self) -> str:
        return f"Answer({len(self.body)} bytes)"


async def find_provider(context: Context, login: LoginName | None) -> Connection | Denied:
    """Whose identity provider a login name leads to. Raises Unavailable."""
    facts = await context.store.read(RouteLookup(login or NOBODY))
    return protocol.route(facts, login)


async def describe(context: Context, connection_id: ConnectionId) -> Connection | None:
    """A connection whose provider is to learn of us, whether it is in use yet or not. Raises Unavailable."""
    return (await context.store.read(ConnectionLookup(connection_id))).connection


async def find_connection(context: Context, connection_id: ConnectionId) -> Connection | Denied:
    """A connection people may be sent to. Raises Unavailable."""
    facts = await context.store.read(ConnectionLookup(connection_id))
    if facts.connection is None or facts.account is None:
        return protocol.CONNECTION_OFF
    return protocol.may_depart(facts.connection, facts.account) or facts.connection


async def depart(
    context: Context, connection: Connection, state: FormState | None, *, cookies: Cookies, anew: bool = False
) -> SendAway | Denied:
    """Send a browser to a provider, with the authorize request it is to go on with. Raises Unavailable."""
    secret = (await context.store.read(ConnectionLookup(connection.id))).secret
    if secret is None:
        return protocol.CONNECTION_OFF
    handle = new_handle(context)
    trip = sso_oidc.begin(context, handle) if connection.kind is ConnectionKind.OIDC else None
    departing = Departure(
        connection.id,
        state.pairs if state else None,
        state.began_ms if state else context.clock.now_ms(),
        *((trip.nonce, trip.verifier) if trip else ()),
    )
    sealed = seal_departure(context, departing, handle)
    if sealed is None:
        return Denied(fault=faults.BODY_TOO_LARGE, values=(("limit", "2.5 KB"),), why="it must fit into a cookie")
    return SendAway(
        url=sso_oidc.ask(context, connection, trip, anew=anew)
        if trip
        else _ask_saml(context, connection, secret, handle=handle, anew=anew),
        handle=handle,
        departure=sealed,
        forgotten=_given_up(cookies),
    )


def _ask_saml(context: Context, connection: Connection, secret: ConnectionSecret, *, handle: str, anew: bool) -> str:
    from callgate.service import sso_saml  # noqa: PLC0415 - whoever meets no SAML loads no XML (ADR 92)

    return sso_saml.ask(context, connection, secret, handle=handle, anew=anew)


async def accept(context: Context, connection_id: ConnectionId, answer: Answer) -> Bring | Denied:
    """A SAML response, posted by whatever browser: proven, spent, and handed on. Raises Unavailable."""
    from callgate.service import sso_saml  # noqa: PLC0415 - likewise

    form = parse_form(answer.content_type, answer.body, bytes_max=ANSWER_BYTES_MAX)
    if isinstance(form, Denied):
        return form
    response = form.get("SAMLResponse")
    if response is None:
        return Denied(fault=faults.PARAMETER_MISSING, values=(("parameter", "SAMLResponse"),))
    handle = sso_saml.handle_of(form.get("RelayState"))

    async def prove(connection: Connection) -> IdentityProven | Denied:
        if connection.kind is not ConnectionKind.SAML:
            return protocol.CONNECTION_OFF
        if handle is None and not connection.allows_idp_initiated:
            return Denied(fault=sso_faults.SSO_NOT_ASKED, why="nothing of ours was asked for (RelayState)")
        return await sso_saml.prove(context, connection, response, handle=handle)

    return await _arrive(context, connection_id, prove, asked=handle)


async def accept_code(
    context: Context, connection_id: ConnectionId, query: bytes, *, cookies: Cookies
) -> Bring | Denied:
    """An OpenID Connect answer, by a GET of the browser that asked: its code redeemed, its ID token proven and spent.

    Whose browser it is comes first, so that nobody else's answer costs the provider a request. Raises Unavailable.
    """
    callback = oidc.read_callback(query)
    if isinstance(callback, Denied):
        return callback
    departure = open_departure(context, cookies, callback.state)
    if departure is None or departure.connection_id != connection_id:
        return _EXPIRED
    facts = await context.store.read(ConnectionLookup(connection_id))
    connection = facts.connection
    if connection is None or connection.kind is not ConnectionKind.OIDC or not connection.enabled:
        return protocol.CONNECTION_OFF
    code = oidc.judge_callback(connection, callback)
    if isinstance(code, Denied):
        return code
    tokens = await sso_oidc.redeem(context, connection, facts.secret, code=code, verifier=departure.verifier)
    if isinstance(tokens, Denied):
        return tokens
    trip = oidc.Trip(callback.state, departure.nonce, departure.verifier)
    return await _arrive(
        context,
        connection_id,
        lambda connection: sso_oidc.prove(context, connection, tokens=tokens, trip=trip),
        asked=callback.state,
    )


async def _arrive(context: Context, connection_id: ConnectionId, prove: Prove, *, asked: str | None) -> Bring | Denied:
    for _ in range(LOOKS_MAX):
        connection = (await context.store.read(ConnectionLookup(connection_id))).connection
        if connection is None or not connection.enabled:
            return protocol.CONNECTION_OFF
        proven = await prove(connection)
        if isinstance(proven, Denied):
            return proven
        lookup = ArrivalLookup(connection_id, proven.email, proven.assertion_id)

        def judge(facts: ArrivalFacts) -> protocol.Arrived | Denied | LookAgain:
            return protocol.arrive(proven, facts)  # noqa: B023 - run at once

        decision = await context.store.run(Unit(lookup, judge))
        match decision:
            case Denied():
                return decision
            case protocol.Arrived():
                return _bring(context, decision, asked)
            case LookAgain():
                continue
    return Denied(fault=faults.TEMPORARILY_UNAVAILABLE, why="the connection kept changing")


async def finish(context: Context, handle: str, *, cookies: Cookies) -> SignedInHere | AskWhetherMeant | Denied:
    """Back by a GET: only the browser that left is signed in, and goes on with what it left. Raises Unavailable."""
    arrival = open_arrival(context, cookies, handle)
    if arrival is None:
        return _EXPIRED
    if not arrival.asked:
        return await _ask_whether_meant(context, arrival, handle)
    departure = open_departure(context, cookies, handle)
    if departure is None or departure.connection_id != arrival.connection_id:
        return _EXPIRED
    return await _enter(
        context, arrival, handle=handle, cookies=cookies, state=_state_of(departure.pairs, departure.began_ms)
    )


async def confirm(context: Context, handle: str, *, cookies: Cookies) -> SignedInHere | Denied:
    """Yes, it was meant: who came unasked is signed in. Raises Unavailable."""
    arrival = open_arrival(context, cookies, handle)
    if arrival is None or arrival.asked:
        return _EXPIRED
    return await _enter(context, arrival, handle=handle, cookies=cookies, state=None)


async def who_is_here(context: Context, cookies: Cookies) -> Somebody | None:
    """Who is signed in at this browser. Raises Unavailable."""
    key = open_sign_in(context, cookies.sign_in)
    if key is None:
        return None
    facts = await context.store.read(AuthorizeLookup(_NO_APP, (key.account_id, key.row_id)))
    if not holds_sign_in(key.secret, facts) or facts.account is None or facts.extension is None:
        return None
    return _shown(facts.account, facts.extension)


def read_handle(query: bytes) -> str | None:
    """The trip that an address names."""
    pairs = parse_pairs(query)
    named = [value for name, value in pairs if name == "arrival"] if isinstance(pairs, list) else []
    return protocol.read_handle(named[0]) if len(named) == 1 else None


def read_confirmation(post: Post) -> Confirmation | Denied:
    """The form of the page that asks."""
    form = parse_form(post.content_type, post.body)
    if isinstance(form, Denied):
        return form
    handle = protocol.read_handle(form.get("arrival"))
    return Confirmation(handle, meant=form.get("action") == "continue") if handle else _EXPIRED


def note(context: Context, denied: Denied, *, request_id: str) -> None:
    """One event for a denial; no app is told of it, for none is to know other companies' providers."""
    context.events.denied("sso", denied, request_id=request_id, client_id=None, at_ms=context.clock.now_ms())


def _shown(account: Account, extension: Extension) -> Somebody:
    return Somebody(extension.name, extension.email or "", account.name)


_EXPIRED = Denied(fault=authorize_faults.FORM_EXPIRED, why="the answer met no departure of this browser")


def _bring(context: Context, arrived: protocol.Arrived, asked: str | None) -> Bring:
    arrival = Arrival(arrived.connection.id, arrived.extension.id, arrived.connection.trust_version, asked is not None)
    handle = asked or new_handle(context)
    return Bring(handle=handle, arrival=seal_arrival(context, arrival, handle))


async def _ask_whether_meant(context: Context, arrival: Arrival, handle: str) -> AskWhetherMeant | Denied:
    facts = await context.store.read(ArrivedLookup(arrival.connection_id, arrival.extension_id))
    entering = protocol.enter(arrival.trust_version, facts, moment=context.moment())
    if isinstance(entering, Denied):
        return entering
    assert facts.account is not None
    assert facts.extension is not None
    return AskWhetherMeant(handle=handle, somebody=_shown(facts.account, facts.extension))


async def _enter(
    context: Context, arrival: Arrival, *, handle: str, cookies: Cookies, state: FormState | None
) -> SignedInHere | Denied:
    moment = context.moment()

    def judge(facts: ArrivalFacts) -> SignedIn | Denied:
        return protocol.enter(arrival.trust_version, facts, moment=moment)

    decision = await context.store.run(Unit(ArrivedLookup(arrival.connection_id, arrival.extension_id), judge))
    if isinstance(decision, Denied):
        return decision
    await end_sign_in(context, open_sign_in(context, cookies.sign_in))
    binding = new_binding(context)
    return SignedInHere(
        handle=handle,
        binding=binding,
        sign_in_cookie=seal_sign_in(context, decision.sign_in, moment.fresh.secret),
        form_state=None if state is None else seal_form_state(context, state, binding),
    )


def _state_of(pairs: Pairs | None, began_ms: int) -> FormState | None:
    return None if pairs is None else FormState(pairs, began_ms)


def _given_up(cookies: Cookies) -> tuple[str, ...]:
    """Cookies count against every request's headers: whoever leaves once more gives the trips before up."""
    handles = dict.fromkeys(handle for handle, _ in (*cookies.departures, *cookies.arrivals))
    return tuple(handles) if len(handles) >= TRIPS_MAX else ()
