"""The sign-in's second step: a code beside the password, or a first factor where one is asked for.

Between the steps nothing is written: who gave the right password travels in the page itself, sealed and bound to the
browser. It opens no account, and a code is judged anew with everything the password was judged by.
"""

from callgate.model import authorize_faults, faults, mfa_faults
from callgate.model.account import Extension
from callgate.model.decisions import Denied, LookAgain
from callgate.model.evidence import PasskeyMade, TotpConfirmed
from callgate.model.faults import Fault
from callgate.model.mfa import FactorsFacts, FactorsLookup
from callgate.model.moment import Moment
from callgate.protocol import second_factor as protocol
from callgate.protocol.forms import Form, parse_form
from callgate.protocol.second_factor import FactorProven, Pending
from callgate.protocol.sign_in import AskFactor
from callgate.service import passkeys
from callgate.service.authorize import UnderWay, cancel, note, refuse, take_up
from callgate.service.browser import SecondState, new_binding, open_second, seal_form_state, seal_second, seal_sign_in
from callgate.service.codes import (
    RecoveryCodes,
    confirm_totp,
    describe_totp,
    draw_recovery_codes,
    draw_totp_secret,
    prove_code,
)
from callgate.service.context import Context
from callgate.service.outcome import (
    Continue,
    Outcome,
    Post,
    ShowEnrolment,
    ShowRecoveryCodes,
    ShowSecondFactor,
)
from callgate.service.sign_out import end_sign_in
from callgate.storage.port import Unit

LOOKS_MAX = 3
"""How often a code is proven anew when the authenticator app changed under it."""


async def ask(context: Context, read: UnderWay, asked: AskFactor, *, remembered: bool) -> Outcome:
    """The page after a right password: for a code, or for a first factor where there is none yet."""
    person = asked.extension
    pending = Pending(person.account_id, person.id, person.password_version, asked.now_ms, remembered)
    if not person.has_factor:
        state = SecondState(read.state, pending, draw_totp_secret(context))
        return _show_enrolment(context, read, state, person=person)
    facts = await context.store.read(FactorsLookup(person.account_id, person.id))
    return _show_question(context, read, SecondState(read.state, pending), facts=facts)


async def answer(context: Context, post: Post) -> Outcome:
    """POST of that page. Raises Unavailable."""
    form = parse_form(post.content_type, post.body)
    if isinstance(form, Denied):
        return refuse(context, form, post.request_id)
    state = open_second(context, form.get("form_state"), post.cookies.binding)
    if state is None:
        return refuse(context, Denied(fault=authorize_faults.FORM_EXPIRED), post.request_id)
    read = await take_up(context, state.form, cookies=post.cookies, request_id=post.request_id)
    if not isinstance(read, UnderWay):
        return read
    if form.get("action") == "cancel":
        return await cancel(context, read, post.request_id)
    return await _answer(context, read, state=state, form=form)


async def _answer(context: Context, read: UnderWay, *, state: SecondState, form: Form) -> Outcome:
    pending, typed = state.pending, form.get("code") or ""
    codes = draw_recovery_codes(context)
    if state.secret:
        decision = await _enrol(context, state, form=form, codes=codes)
    elif form.get("action") == "passkey":
        decision = await _prove_passkey(context, state, form.get("passkey") or "")
    else:
        decision = await _prove(context, pending, typed)
    if isinstance(decision, Denied):
        note(context, decision, request_id=read.request_id, client_id=read.request.client_id)
        return await _show_again(context, read, state=state, fault=decision.fault)
    return await _enter(context, read, decision, remembered=pending.remembered, codes=codes)


async def _prove(context: Context, pending: Pending, typed: str) -> FactorProven | Denied:
    lookup = FactorsLookup(pending.account_id, pending.extension_id)
    for _ in range(LOOKS_MAX):
        code = await prove_code(context, pending.account_id, pending.extension_id, typed=typed)

        def judge(moment: Moment, facts: FactorsFacts) -> FactorProven | Denied | LookAgain:
            return protocol.decide(pending, code=code, moment=moment, facts=facts)  # noqa: B023 - run at once

        decision = await context.store.run(Unit(lookup, context.drawing(judge)))
        if not isinstance(decision, LookAgain):
            return decision
    return Denied(fault=faults.TEMPORARILY_UNAVAILABLE, why="the authenticator app kept changing")


async def _prove_passkey(context: Context, state: SecondState, answer: str) -> FactorProven | Denied:
    pending = state.pending
    whose = FactorsLookup(pending.account_id, pending.extension_id)
    known = (await context.store.read(whose)).factors.passkeys
    proven = passkeys.prove_passkey(context, state.challenge, answer=answer, passkeys=known)
    if proven is None:
        return Denied(fault=mfa_faults.PASSKEY_REFUSED, why="no passkey of the person's answered this page")

    def judge(moment: Moment, facts: FactorsFacts) -> FactorProven | Denied | LookAgain:
        return protocol.decide(pending, code=proven, moment=moment, facts=facts)

    lookup = FactorsLookup(pending.account_id, pending.extension_id, proven.challenge)
    decision = await context.store.run(Unit(lookup, context.drawing(judge)))
    assert not isinstance(decision, LookAgain), "a passkey is proven by its own row"
    return decision


async def _enrol(context: Context, state: SecondState, *, form: Form, codes: RecoveryCodes) -> FactorProven | Denied:
    pending = state.pending
    made: TotpConfirmed | PasskeyMade | None
    if form.get("action") == "add-passkey":
        made = passkeys.read_made(context, state.challenge, answer=form.get("passkey") or "", codes=codes)
        if made is None or await passkeys.is_known(context, made):
            why = "it made none for this page, or one whose id somebody has"
            return Denied(fault=mfa_faults.PASSKEY_NOT_MADE, why=why)
        lookup = FactorsLookup(pending.account_id, pending.extension_id, made.challenge)
    else:
        typed = form.get("code") or ""
        made = confirm_totp(context, state.secret, extension_id=pending.extension_id, typed=typed, codes=codes)
        lookup = FactorsLookup(pending.account_id, pending.extension_id)

    def judge(moment: Moment, facts: FactorsFacts) -> FactorProven | Denied:
        return protocol.enrol(pending, made=made, moment=moment, facts=facts)

    return await context.store.run(Unit(lookup, context.drawing(judge)))


async def _enter(
    context: Context, read: UnderWay, proven: FactorProven, *, remembered: bool, codes: RecoveryCodes
) -> Outcome:
    """Signed in; whoever was so at this browser before is no more."""
    await end_sign_in(context, read.key)
    binding = new_binding(context)
    form_state = seal_form_state(context, read.state, binding)
    assert form_state is not None, "it fitted before"
    on = Continue(
        form_state=form_state,
        binding=binding,
        sign_in_cookie=seal_sign_in(context, proven.sign_in, proven.secret),
        remembered_s=context.policy.remembered_sign_in_ttl_s if remembered else None,
    )
    return ShowRecoveryCodes(request=read.request, codes=codes.shown, on=on) if proven.codes_made else on


async def _show_again(context: Context, read: UnderWay, *, state: SecondState, fault: Fault) -> Outcome:
    """The same page with what was wrong, where trying again can help."""
    pending = state.pending
    facts = await context.store.read(FactorsLookup(pending.account_id, pending.extension_id))
    person = protocol.still_pending(pending, facts)
    if isinstance(person, Denied):
        return refuse(context, person, read.request_id)
    _, extension = person
    if bool(state.secret) is extension.has_factor:  # set up elsewhere meanwhile, or reset
        return refuse(context, Denied(fault=authorize_faults.FORM_EXPIRED), read.request_id)
    if state.secret:
        return _show_enrolment(context, read, state, person=extension, fault=fault)
    return _show_question(context, read, state, facts=facts, fault=fault)


def _show_question(
    context: Context, read: UnderWay, state: SecondState, *, facts: FactorsFacts, fault: Fault | None = None
) -> Outcome:
    person, known = facts.extension, facts.factors.passkeys
    if person is None:  # gone in this very moment
        return refuse(context, Denied(fault=authorize_faults.FORM_EXPIRED), read.request_id)
    challenge = passkeys.draw_challenge(context) if known else b""
    return ShowSecondFactor(
        request=read.request,
        person=person,
        has_totp=facts.factors.totp is not None,
        passkey_options=passkeys.ask_for_one(context, challenge, passkeys=known),
        form_state=seal_second(context, state._replace(challenge=challenge), read.binding),
        binding=read.binding,
        fault=fault,
    )


def _show_enrolment(
    context: Context, read: UnderWay, state: SecondState, *, person: Extension, fault: Fault | None = None
) -> ShowEnrolment:
    challenge = passkeys.draw_challenge(context)
    return ShowEnrolment(
        request=read.request,
        person=person,
        totp=describe_totp(context, state.secret, login=person.email or person.name),
        passkey_options=passkeys.ask_to_make(context, challenge, person=person, passkeys=()),
        form_state=seal_second(context, state._replace(challenge=challenge), read.binding),
        binding=read.binding,
        fault=fault,
    )
