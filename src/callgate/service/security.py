"""The pages on which people see and change how they sign in: their authenticator app, recovery codes, password."""

from collections.abc import Callable
from dataclasses import dataclass, field

from callgate.model import grant_faults, mfa_faults
from callgate.model.account import Account, Extension
from callgate.model.acts import Refused
from callgate.model.decisions import Denied
from callgate.model.evidence import PasswordProven
from callgate.model.factor import Factors
from callgate.model.faults import Fault
from callgate.model.ids import RowId, read_id
from callgate.model.mfa import SecurityFacts, SecurityLookup
from callgate.model.moment import Moment
from callgate.protocol import security as protocol
from callgate.protocol.administer.extensions import login_of
from callgate.protocol.forms import Form
from callgate.protocol.guards import refuse_password
from callgate.protocol.security import Changed
from callgate.service import passkeys
from callgate.service import password as passwords
from callgate.service.administer.passwords import hash_password, judge_new_password, known_of
from callgate.service.authorize import note
from callgate.service.browser import (
    OWN_PAGES,
    Cookies,
    SecurityState,
    new_binding,
    seal_security,
    seal_sign_in,
)
from callgate.service.codes import NewTotp, confirm_totp, describe_totp, draw_recovery_codes, draw_totp_secret
from callgate.service.context import Context
from callgate.service.outcome import FormShown, GoTo, Outcome, Post
from callgate.service.own_pages import Visit, ask_to_sign_in, open_post, visit_of
from callgate.storage.port import Unit

PAGE = OWN_PAGES
PASSWORD = f"{OWN_PAGES}/password"
CREDENTIALS = f"{OWN_PAGES}/credentials"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowSecurity(FormShown):
    """How the person signs in."""

    account: Account
    person: Extension
    factors: Factors
    creation_options: str | None
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowNewTotp(FormShown):
    """A new authenticator app, to be confirmed by its code."""

    person: Extension
    totp: NewTotp
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowPassword(FormShown):
    """A new password asked for."""

    login: str
    chars_min: int
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Done. `codes` are recovery codes to be shown, once; `sign_in_cookie` the browser's new sign-in, if it has one."""

    codes: tuple[str, ...] = field(repr=False)
    sign_in_cookie: str | None = field(repr=False)
    remembered_s: int | None


_Visit = Visit[SecurityFacts]
SecurityOutcome = Outcome | ShowSecurity | ShowNewTotp | ShowPassword | Kept


async def show(context: Context, cookies: Cookies, request_id: str) -> SecurityOutcome:
    """GET of the page: how the person signs in; whoever is not signed in does so first. Raises Unavailable."""
    visit = await visit_of(context, cookies, request_id, page=PAGE, about=SecurityLookup)
    return await ask_to_sign_in(context, cookies, request_id, page=PAGE) if visit is None else _page(context, visit)


async def show_password(context: Context, cookies: Cookies, request_id: str) -> SecurityOutcome:
    """GET of the page that asks for a new password. Raises Unavailable."""
    visit = await visit_of(context, cookies, request_id, page=PASSWORD, about=SecurityLookup)
    if visit is None:
        return await ask_to_sign_in(context, cookies, request_id, page=PASSWORD)
    return _password_page(context, visit)


async def change(context: Context, post: Post) -> SecurityOutcome:
    """POST of the page, and of the one that shows a new authenticator app. Raises Unavailable."""
    opened = await open_post(context, post, page=PAGE, about=SecurityLookup)
    if not isinstance(opened, tuple):
        return opened
    form, state, visit = opened
    match form.get("action"):
        case "set-up-totp":
            allowed = protocol.may_change(visit.key.secret, visit.facts)
            if isinstance(allowed, Denied):
                return await _refuse(context, visit, allowed)
            return _totp_page(context, visit, draw_totp_secret(context), fault=None)
        case "confirm-totp" if state.secret:
            return await _confirm_totp(context, visit, state.secret, typed=form.get("code") or "")
        case "remove-totp":
            return await _remove_totp(context, visit)
        case "new-codes":
            return await _new_codes(context, visit)
        case "add-passkey":
            return await _add_passkey(context, visit, state.challenge, answer=form.get("passkey") or "")
        case "remove-passkey":
            return await _remove_passkey(context, visit, form.get("which") or "")
        case _:
            return GoTo(PAGE)


async def change_password(context: Context, post: Post) -> SecurityOutcome:
    """POST of the page that asks for a new password. Raises Unavailable."""
    opened = await open_post(context, post, page=PASSWORD, about=SecurityLookup)
    if not isinstance(opened, tuple):
        return opened
    form, _, visit = opened
    if form.get("action") != "change-password":
        return GoTo(PAGE)
    allowed = protocol.may_change(visit.key.secret, visit.facts)
    if isinstance(allowed, Denied):
        return await _refuse(context, visit, allowed)
    changed = await _new_password(context, visit, form, network=post.network)
    if isinstance(changed, Denied):
        note(context, changed, request_id=visit.request_id, client_id=None)
        return _password_page(context, visit, fault=changed.fault)
    return changed


async def _new_password(context: Context, visit: _Visit, form: Form, *, network: str) -> SecurityOutcome | Denied:
    here = visit.here
    new = form.get("new_password") or ""
    if new != (form.get("new_password_again") or ""):
        return Denied(fault=mfa_faults.PASSWORD_MISTYPED)
    login = login_of(here.extension, here.account.main_number)
    proof = await passwords.prove(context, login, form.get("password") or "", network=network)
    if not isinstance(proof, PasswordProven):
        return refuse_password(proof)
    if proof.extension_id != here.extension.id:
        return Denied(fault=grant_faults.CREDENTIALS_INVALID, why="the person's login name is another's by now")
    problem = await judge_new_password(context.policy, new, about=known_of(here.account, here.extension))
    if isinstance(problem, Refused):
        return Denied(fault=mfa_faults.PASSWORD_GUESSABLE, why="too short, too long or too easy to guess")
    hashed = await hash_password(context.passwords, new, entropy=context.entropy)
    version = here.extension.password_version

    def judge(moment: Moment, facts: SecurityFacts) -> Changed | Denied:
        return protocol.change_password(
            visit.key.secret, password_hash=hashed, proven_version=version, moment=moment, facts=facts
        )

    return await _carry_out(context, visit, judge)


async def _confirm_totp(context: Context, visit: _Visit, secret: bytes, *, typed: str) -> SecurityOutcome:
    codes = draw_recovery_codes(context)
    confirmed = confirm_totp(context, secret, extension_id=visit.here.extension.id, typed=typed, codes=codes)

    def judge(moment: Moment, facts: SecurityFacts) -> Changed | Denied:
        return protocol.set_up_totp(visit.key.secret, confirmed=confirmed, moment=moment, facts=facts)

    if confirmed is None and not isinstance(protocol.may_change(visit.key.secret, visit.facts), Denied):
        return _totp_page(context, visit, secret, fault=mfa_faults.TOTP_UNCONFIRMED)
    return await _carry_out(context, visit, judge, codes=codes.shown)


async def _new_codes(context: Context, visit: _Visit) -> SecurityOutcome:
    codes = draw_recovery_codes(context)

    def judge(_: Moment, facts: SecurityFacts) -> Changed | Denied:
        return protocol.make_recovery_codes(visit.key.secret, sha256s=codes.sha256s, facts=facts)

    return await _carry_out(context, visit, judge, codes=codes.shown)


async def _add_passkey(context: Context, visit: _Visit, challenge: bytes, *, answer: str) -> SecurityOutcome:
    codes = draw_recovery_codes(context)
    made = passkeys.read_made(context, challenge, answer=answer, codes=codes)
    if made is None or await passkeys.is_known(context, made):
        why = "it made none for this page, or one whose id somebody has"
        return await _refuse(context, visit, Denied(fault=mfa_faults.PASSKEY_NOT_MADE, why=why))

    def judge(moment: Moment, facts: SecurityFacts) -> Changed | Denied:
        return protocol.add_passkey(visit.key.secret, made=made, moment=moment, facts=facts)

    return await _carry_out(context, visit, judge, codes=codes.shown, challenge=made.challenge)


async def _remove_totp(context: Context, visit: _Visit) -> SecurityOutcome:
    def judge(moment: Moment, facts: SecurityFacts) -> Changed | Denied:
        return protocol.remove_totp(visit.key.secret, moment=moment, facts=facts)

    return await _carry_out(context, visit, judge)


async def _remove_passkey(context: Context, visit: _Visit, which: str) -> SecurityOutcome:
    passkey_id = RowId(read_id(which) or 0)

    def judge(moment: Moment, facts: SecurityFacts) -> Changed | Denied:
        return protocol.remove_passkey(visit.key.secret, passkey_id=passkey_id, moment=moment, facts=facts)

    return await _carry_out(context, visit, judge)


async def _carry_out(
    context: Context,
    visit: _Visit,
    judge: Callable[[Moment, SecurityFacts], Changed | Denied],
    *,
    codes: tuple[str, ...] = (),
    challenge: str = "",
) -> SecurityOutcome:
    lookup = SecurityLookup((visit.key.account_id, visit.key.row_id), challenge)
    decision = await context.store.run(Unit(lookup, context.drawing(judge)))
    if isinstance(decision, Denied):
        return await _refuse(context, visit, decision)
    context.events.done("security", visit.request_id, client_id="", changed=True)
    sign_in = decision.sign_in
    return Kept(
        codes=codes if decision.codes_made else (),
        sign_in_cookie=None if sign_in is None else seal_sign_in(context, sign_in, decision.secret),
        remembered_s=_remembered_s(context, visit),
    )


def _remembered_s(context: Context, visit: _Visit) -> int | None:
    """A sign-in that outlives the browser goes on to do so."""
    sign_in = visit.here.sign_in
    life_ms = sign_in.expires_ms - sign_in.signed_in_ms
    if life_ms <= context.policy.sign_in_ttl_s * 1000:
        return None
    return (sign_in.expires_ms - visit.facts.browser.now_ms) // 1000


async def _refuse(context: Context, visit: _Visit, denied: Denied) -> SecurityOutcome:
    """Where a new sign-in is what is missing, its page; else this page says what is wrong."""
    note(context, denied, request_id=visit.request_id, client_id=None)
    if denied.fault is mfa_faults.SIGN_IN_AGAIN:
        return await ask_to_sign_in(context, visit.cookies, visit.request_id, page=visit.page, fault=denied.fault)
    return _page(context, visit, fault=denied.fault)


def _page(context: Context, visit: _Visit, *, fault: Fault | None = None) -> ShowSecurity:
    binding = visit.cookies.binding or new_binding(context)
    person, factors = visit.here.extension, visit.facts.factors
    challenge = passkeys.draw_challenge(context)
    return ShowSecurity(
        account=visit.here.account,
        person=person,
        factors=factors,
        creation_options=passkeys.ask_to_make(context, challenge, person=person, passkeys=factors.passkeys),
        form_state=seal_security(context, SecurityState(person.id, challenge=challenge), binding),
        binding=binding,
        fault=fault,
    )


def _totp_page(context: Context, visit: _Visit, secret: bytes, *, fault: Fault | None) -> ShowNewTotp:
    binding = visit.cookies.binding or new_binding(context)
    person = visit.here.extension
    return ShowNewTotp(
        person=person,
        totp=describe_totp(context, secret, login=person.email or person.name),
        form_state=seal_security(context, SecurityState(person.id, secret), binding),
        binding=binding,
        fault=fault,
    )


def _password_page(context: Context, visit: _Visit, *, fault: Fault | None = None) -> ShowPassword:
    binding = visit.cookies.binding or new_binding(context)
    return ShowPassword(
        login=visit.here.extension.email or visit.here.extension.name,
        chars_min=context.policy.password_chars_min,
        form_state=seal_security(context, SecurityState(visit.here.extension.id), binding),
        binding=binding,
        fault=fault,
    )
