"""The authorize endpoint and its pages' forms: pages and redirects around the service (protocol.md C)."""

from urllib.parse import urlencode

from callgate.model import authorize_faults, sso_faults
from callgate.model.decisions import AuthorizeRequest, Denied
from callgate.model.device import spell_user_code
from callgate.service import authorize as service
from callgate.service.consent import consent
from callgate.service.context import Context
from callgate.service.outcome import (
    Act,
    Continue,
    GoTo,
    Outcome,
    SendAway,
    SendBack,
    ShowConsent,
    ShowDeviceAnswer,
    ShowEnrolment,
    ShowFault,
    ShowRecoveryCodes,
    ShowRefusal,
    ShowSecondFactor,
    ShowSignIn,
)
from callgate.service.second_factor import answer
from callgate.service.sign_in import sign_in
from callgate.web import envelope
from callgate.web.browser import Browsers, known_as, redirect, show, takes_pages
from callgate.web.pages import (
    Answer,
    AppOrigin,
    ConsentPage,
    DeviceAnswerPage,
    Display,
    Page,
    RefusalPage,
    SignInMethod,
    SignInPage,
)
from callgate.web.second_factor import codes_page, second_page
from callgate.web.wire import Header, Reply, Request

AUTHORIZE = "/restapi/oauth/authorize"
SIGN_IN = "/restapi/oauth/sign-in"
CONSENT = "/restapi/oauth/consent"


class AuthorizePages:
    """The endpoint and its forms; one instance serves all their paths."""

    def __init__(self, context: Context, browsers: Browsers) -> None:
        self._context = context
        self._browsers = browsers

    async def authorize(self, request: Request) -> Reply:
        """GET: begin or go on."""
        outcome = await self._begin(request, request.query)
        return self.reply(request, outcome, after_post=False)

    async def authorize_by_post(self, request: Request) -> Reply:
        """POST of the same fields: begun anew by GET, which brings the cookies a foreign page's POST does not."""
        passed = await self._browsers.pass_on(request, AUTHORIZE)
        if isinstance(passed, Reply):
            return passed
        outcome = passed if isinstance(passed, ShowFault) else await self._begin(request, passed)
        return self.reply(request, outcome, after_post=True)

    async def sign_in(self, request: Request) -> Reply:
        """POST of the sign-in page."""
        return await self._form(request, sign_in)

    async def consent(self, request: Request) -> Reply:
        """POST of the consent page."""
        return await self._form(request, consent)

    async def second_factor(self, request: Request) -> Reply:
        """POST of the page after a right password."""
        return await self._form(request, answer)

    async def _begin(self, request: Request, query: bytes) -> Outcome:
        cookies = self._browsers.cookies(request)
        return await service.begin(self._context, query, cookies=cookies, request_id=request.request_id)

    async def _form(self, request: Request, act: Act) -> Reply:
        post = await self._browsers.post(request)
        outcome = ShowFault(denied=post) if isinstance(post, Denied) else await act(self._context, post)
        return self.reply(request, outcome, after_post=True)

    def reply(self, request: Request, outcome: Outcome, *, after_post: bool) -> Reply:
        """The page or redirect of an outcome, to whichever form it is the answer."""
        browsers = self._browsers
        match outcome:
            case ShowFault():
                return browsers.show_fault(request, outcome.denied)
            case ShowSignIn():
                gone = (browsers.forget_sign_in(),) if outcome.forgets else ()
                cookies = (browsers.bind(outcome.binding), *gone)
                status = 400 if outcome.fault else 200
                page = _sign_in_page(outcome, secure=browsers.secure)
                return _show(request, page, asked=outcome.request, status=status, cookies=cookies)
            case ShowRefusal():
                return self._refusal(request, outcome)
            case ShowConsent():
                cookies = (browsers.bind(outcome.binding),)
                return _show(request, _consent_page(outcome), asked=outcome.asked.request, cookies=cookies)
            case ShowDeviceAnswer():
                return show(request, DeviceAnswerPage(answer=Answer(outcome.answer.value)))
            case ShowSecondFactor() | ShowEnrolment():
                status = 400 if outcome.fault else 200
                cookies = (browsers.bind(outcome.binding),)
                return _show(request, second_page(outcome), asked=outcome.request, status=status, cookies=cookies)
            case ShowRecoveryCodes():
                codes = codes_page(outcome, action_url=AUTHORIZE)
                return _show(request, codes, asked=outcome.request, cookies=self._signed_in(outcome.on))
            case Continue():
                location = f"{AUTHORIZE}?{urlencode({'form_state': outcome.form_state})}"
                return redirect(location, status=303, cookies=self._signed_in(outcome))
            case GoTo():
                return redirect(outcome.path, status=303 if after_post else 302)
            case SendAway():
                return browsers.send_away(outcome)
            case SendBack():
                return redirect(_location(outcome), status=303 if after_post else 302)

    def _signed_in(self, signed_in: Continue) -> tuple[Header, ...]:
        browsers = self._browsers
        cookie = browsers.keep_sign_in(signed_in.sign_in_cookie, remembered_s=signed_in.remembered_s)
        return browsers.bind(signed_in.binding), cookie

    def _refusal(self, request: Request, shown: ShowRefusal) -> Reply:
        """A page to a browser, the envelope to others."""
        denied, asked = shown.refused.denied, shown.refused.request
        if not takes_pages(request):
            return self._browsers.show_fault(request, denied)
        page = _refusal_page(shown, request_id=request.request_id)
        cookies = (self._browsers.bind(shown.binding),)
        return _show(request, page, asked=asked, status=self._browsers.status_of(denied), cookies=cookies)


def _show(
    request: Request, page: Page, *, asked: AuthorizeRequest, status: int = 200, cookies: tuple[Header, ...]
) -> Reply:
    return show(request, page, ui_locales=asked.ui_locales, status=status, cookies=cookies)


def _location(back: SendBack) -> str:
    fields = urlencode(back.fields)
    if back.in_fragment:
        return f"{back.redirect_uri}#{fields}"
    return f"{back.redirect_uri}{'&' if '?' in back.redirect_uri else '?'}{fields}"


def _sign_in_page(shown: ShowSignIn, *, secure: bool) -> SignInPage:
    request = shown.request
    methods = _methods(shown)
    away = () if SignInMethod.SSO not in methods else ("https",) if secure else ("https", "http")
    return SignInPage(
        app_name=shown.client.name if shown.client else None,
        redirect_uri=request.redirect_uri,
        action_url=SIGN_IN,
        form_state=shown.form_state,
        username=shown.username,
        extension=shown.extension,
        methods=methods,
        away_schemes=away,
        remembered=shown.remembered,
        ui_options=frozenset(request.ui_options),
        display=Display(request.display),
        passkey_options=shown.passkey_options,
        fault=shown.fault,
        part_silent=shown.part_silent,
    )


def _methods(shown: ShowSignIn) -> frozenset[SignInMethod]:
    """Those that `prompt` names; without one, or with both, what anybody here can use (protocol.md C.2).

    Where the page says to go the other way, that is there too.
    """
    asked = {SignInMethod(word) for word in shown.request.prompt & set(SignInMethod)}
    if asked == {SignInMethod.SSO}:
        return frozenset(SignInMethod) if shown.fault is authorize_faults.SSO_NOT_CONFIGURED else frozenset(asked)
    only_login = asked == {SignInMethod.LOGIN} and shown.fault is not sso_faults.SSO_REQUIRED
    both = shown.sso_offered and not only_login
    return frozenset(SignInMethod) if both else frozenset({SignInMethod.LOGIN})


def _consent_page(shown: ShowConsent) -> ConsentPage:
    asked = shown.asked
    own = asked.client.account_id == asked.account.id
    return ConsentPage(
        app_name=asked.client.name,
        owner_name=asked.owner_name,
        app_origin=AppOrigin.OWN if own else AppOrigin.FOREIGN,
        person_name=asked.extension.name,
        login=known_as(asked.account, asked.extension),
        scopes=asked.request.scope,
        redirect_uri=asked.request.redirect_uri,
        user_code=spell_user_code(asked.request.user_code) if asked.request.user_code else "",
        action_url=CONSENT,
        form_state=shown.form_state,
        ui_options=frozenset(asked.request.ui_options),
        display=Display(asked.request.display),
    )


def _refusal_page(shown: ShowRefusal, *, request_id: str) -> RefusalPage:
    refused = shown.refused
    denied = refused.denied
    return RefusalPage(
        fault=denied.fault,
        text=envelope.text_of(denied.fault, denied.values),
        request_id=request_id,
        person_name=refused.extension.name,
        login=known_as(refused.account, refused.extension),
        redirect_uri=refused.request.redirect_uri,
        action_url=CONSENT,
        form_state=shown.form_state,
        display=Display(refused.request.display),
    )
