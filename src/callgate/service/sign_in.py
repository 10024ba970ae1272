"""The sign-in page's form: who sits at the browser is proven, and the authorize request under way goes on."""

from callgate.model import faults, mfa_faults
from callgate.model.decisions import Denied, LookAgain
from callgate.model.facts import OpeningFacts
from callgate.model.ids import ClientId
from callgate.model.lookups import PasswordOpening
from callgate.model.mfa import FactorsFacts
from callgate.model.moment import Moment
from callgate.protocol import sign_in as protocol
from callgate.protocol.forms import Form
from callgate.protocol.login_name import parse_login_name
from callgate.protocol.passkeys import enter
from callgate.service import passkeys, second_factor, sso
from callgate.service import password as passwords
from callgate.service.authorize import UnderWay, cancel, note, open_post, show_sign_in
from callgate.service.browser import new_binding, seal_form_state, seal_sign_in
from callgate.service.context import Context
from callgate.service.outcome import Continue, Outcome, Post, SendAway
from callgate.service.sign_out import end_sign_in
from callgate.storage.port import Unit

LOOKS_MAX = 3
"""How often the proof is made anew when what it relied on changed under it."""


_Decided = protocol.SignedIn | protocol.AskFactor | Denied


async def sign_in(context: Context, post: Post) -> Outcome:
    """POST of the sign-in page. Raises Unavailable."""
    opened = await open_post(context, post)
    if not isinstance(opened, tuple):
        return opened
    form, read = opened
    match form.get("action"):
        case "cancel":
            return await cancel(context, read, post.request_id)
        case "sso":
            return await _leave(context, read, form=form, post=post)
        case "passkey":
            return await _by_passkey(context, read, form=form, request_id=post.request_id)
        case _:
            return await _sign_in(context, read, form=form, post=post)


async def _leave(context: Context, read: UnderWay, *, form: Form, post: Post) -> Outcome:
    """Off to the identity provider that the login name leads to; who was somebody else here a moment ago, anew."""
    login = parse_login_name(form.get("username") or "", form.get("extension"))
    provider = await sso.find_provider(context, login)
    away: SendAway | Denied
    if isinstance(provider, Denied):
        away = provider
    else:
        anew = read.state.shown_to is not None
        away = await sso.depart(context, provider, read.state, cookies=post.cookies, anew=anew)
    if isinstance(away, Denied):
        note(context, away, request_id=post.request_id, client_id=read.request.client_id)
        return await show_sign_in(context, read, form, fault=away.fault)
    return away


async def _sign_in(context: Context, read: UnderWay, *, form: Form, post: Post) -> Outcome:
    wanted = protocol.parse(form)
    if isinstance(wanted, Denied):
        return await show_sign_in(context, read, form, fault=wanted.fault)
    decision = await _prove(context, wanted, ClientId(read.request.client_id), network=post.network)
    if isinstance(decision, Denied):
        note(context, decision, request_id=post.request_id, client_id=read.request.client_id)
        return await show_sign_in(context, read, form, fault=decision.fault)
    if isinstance(decision, protocol.AskFactor):
        return await second_factor.ask(context, read, decision, remembered=wanted.remembered)
    return await _enter(context, read, decision, remembered=wanted.remembered)


async def _by_passkey(context: Context, read: UnderWay, *, form: Form, request_id: str) -> Outcome:
    """Without a name and a password: the passkey says whose it is, and that it knew who held it."""
    answer, challenge = form.get("passkey") or "", read.state.challenge
    lookup = passkeys.find_by_answer(challenge, answer=answer)
    known = (await context.store.read(lookup)).factors.passkeys
    proven = passkeys.prove_passkey(context, challenge, answer=answer, passkeys=known)
    remembered = form.get("remember_me") is not None
    decision: protocol.SignedIn | Denied
    if proven is None:
        decision = Denied(fault=mfa_faults.PASSKEY_REFUSED, why="no passkey of this server answered this page")
    else:

        def judge(moment: Moment, facts: FactorsFacts) -> protocol.SignedIn | Denied:
            return enter(proven, moment=moment, facts=facts, remembered=remembered)

        decision = await context.store.run(Unit(lookup, context.drawing(judge)))
    if isinstance(decision, Denied):
        note(context, decision, request_id=request_id, client_id=read.request.client_id)
        return await show_sign_in(context, read, form, fault=decision.fault)
    return await _enter(context, read, decision, remembered=remembered)


async def _enter(context: Context, read: UnderWay, decision: protocol.SignedIn, *, remembered: bool) -> Continue:
    """Signed in; whoever was so at this browser before is no more."""
    await end_sign_in(context, read.key)
    binding = new_binding(context)
    form_state = seal_form_state(context, read.state, binding)
    assert form_state is not None, "it fitted before"
    policy = context.policy
    return Continue(
        form_state=form_state,
        binding=binding,
        sign_in_cookie=seal_sign_in(context, decision.sign_in, decision.secret),
        remembered_s=policy.remembered_sign_in_ttl_s if remembered else None,
    )


async def _prove(context: Context, wanted: protocol.SignInRequest, client_id: ClientId, *, network: str) -> _Decided:
    lookup = PasswordOpening(client_id, wanted.login or passwords.NOBODY)
    for _ in range(LOOKS_MAX):
        proof = await passwords.prove(context, wanted.login, wanted.password, network=network)

        def judge(moment: Moment, facts: OpeningFacts) -> _Decided | LookAgain:
            return protocol.decide(wanted, password=proof, moment=moment, facts=facts)  # noqa: B023 - run at once

        decision = await context.store.run(Unit(lookup, context.drawing(judge)))
        if not isinstance(decision, LookAgain):
            return decision
    return Denied(fault=faults.TEMPORARILY_UNAVAILABLE, why="the person kept changing")
