"""The pages on which people see and change how they sign in."""

from callgate.model.decisions import Denied
from callgate.model.factor import MfaPolicy, Passkey
from callgate.model.instant import render_instant
from callgate.model.ways import password_open
from callgate.service import security as service
from callgate.service.context import Context
from callgate.service.outcome import ShowFault
from callgate.service.security import Kept, SecurityOutcome, ShowNewTotp, ShowPassword, ShowSecurity
from callgate.web.authorize import AuthorizePages
from callgate.web.browser import Browsers, known_as, redirect, show
from callgate.web.pages import EnrolmentPage, ListedPasskey, PasswordPage, RecoveryCodesPage, SecurityPage
from callgate.web.wire import Header, Reply, Request

SECURITY, PASSWORD, CREDENTIALS = service.PAGE, service.PASSWORD, service.CREDENTIALS


class SecurityPages:
    """Both pages and their forms. Whoever is not signed in sees the sign-in page, which `sign_in` shows."""

    def __init__(self, context: Context, browsers: Browsers, sign_in: AuthorizePages) -> None:
        self._context = context
        self._browsers = browsers
        self._sign_in = sign_in

    async def security(self, request: Request) -> Reply:
        """GET: how the person signs in."""
        cookies = self._browsers.cookies(request)
        outcome = await service.show(self._context, cookies, request.request_id)
        return self._reply(request, outcome, after_post=False)

    async def change(self, request: Request) -> Reply:
        """POST of that page."""
        post = await self._browsers.post(request)
        outcome = ShowFault(denied=post) if isinstance(post, Denied) else await service.change(self._context, post)
        return self._reply(request, outcome, after_post=True)

    async def password(self, request: Request) -> Reply:
        """GET: the page that asks for a new password."""
        cookies = self._browsers.cookies(request)
        outcome = await service.show_password(self._context, cookies, request.request_id)
        return self._reply(request, outcome, after_post=False)

    async def change_password(self, request: Request) -> Reply:
        """POST of that page."""
        post = await self._browsers.post(request)
        if isinstance(post, Denied):
            return self._reply(request, ShowFault(denied=post), after_post=True)
        return self._reply(request, await service.change_password(self._context, post), after_post=True)

    def _reply(self, request: Request, outcome: SecurityOutcome, *, after_post: bool) -> Reply:
        match outcome:
            case ShowSecurity() | ShowNewTotp() | ShowPassword():
                status = 400 if outcome.fault else 200
                cookies = (self._browsers.bind(outcome.binding),)
                return show(request, _page(outcome), status=status, cookies=cookies)
            case Kept():
                signed_in = self._signed_in(outcome)
                if not outcome.codes:
                    return redirect(SECURITY, status=303, cookies=signed_in)
                return show(request, RecoveryCodesPage(codes=outcome.codes, action_url=SECURITY), cookies=signed_in)
            case _:
                return self._sign_in.reply(request, outcome, after_post=after_post)

    def _signed_in(self, kept: Kept) -> tuple[Header, ...]:
        if kept.sign_in_cookie is None:
            return ()
        return (self._browsers.keep_sign_in(kept.sign_in_cookie, remembered_s=kept.remembered_s),)


def _page(shown: ShowSecurity | ShowNewTotp | ShowPassword) -> SecurityPage | EnrolmentPage | PasswordPage:
    match shown:
        case ShowSecurity():
            return _security_page(shown)
        case ShowNewTotp():
            return EnrolmentPage(
                required=False,
                uri=shown.totp.uri,
                secret=shown.totp.text,
                action_url=SECURITY,
                form_state=shown.form_state,
                fault=shown.fault,
            )
        case ShowPassword():
            return PasswordPage(
                login=shown.login,
                chars_min=shown.chars_min,
                action_url=PASSWORD,
                form_state=shown.form_state,
                fault=shown.fault,
            )


def _security_page(shown: ShowSecurity) -> SecurityPage:
    account, person = shown.account, shown.person
    return SecurityPage(
        person_name=person.name,
        login=known_as(account, person),
        account_name=account.name,
        by_password=password_open(account, person),
        offers_factors=account.mfa_policy is not MfaPolicy.OFF,
        required=account.mfa_policy is MfaPolicy.REQUIRED,
        has_totp=shown.factors.totp is not None,
        has_factor=person.has_factor,
        codes_left=len(shown.factors.recovery),
        action_url=SECURITY,
        password_url=PASSWORD,
        credentials_url=CREDENTIALS,
        passkeys=tuple(_listed(each) for each in shown.factors.passkeys),
        passkey_options=shown.creation_options if account.mfa_policy is not MfaPolicy.OFF else None,
        form_state=shown.form_state,
        fault=shown.fault,
    )


def _listed(passkey: Passkey) -> ListedPasskey:
    added, used = (render_instant(each)[:10] for each in (passkey.added_ms, passkey.used_ms))
    return ListedPasskey(id=str(passkey.id), added=added, used=used, doubted=passkey.doubted_ms > 0)
