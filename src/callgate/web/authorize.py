"""The authorize endpoint and its pages' forms: cookies, pages and redirects around the service (protocol.md C)."""

from urllib.parse import urlencode, urlsplit

from callgate.model.account import Account, Extension
from callgate.model.decisions import AuthorizeRequest, Denied
from callgate.service import authorize as service
from callgate.service.browser import BINDING_MS, Cookies
from callgate.service.consent import consent
from callgate.service.context import Context
from callgate.service.outcome import (
    Act,
    Continue,
    Outcome,
    Post,
    SendBack,
    ShowConsent,
    ShowFault,
    ShowRefusal,
    ShowSignIn,
)
from callgate.service.sign_in import sign_in
from callgate.web import envelope
from callgate.web.pages import (
    AppOrigin,
    ConsentPage,
    Display,
    FaultPage,
    Locale,
    Page,
    RefusalPage,
    RememberMe,
    SignInMethod,
    SignInPage,
    choose_locale,
    page_headers,
    render,
)
from callgate.web.wire import Header, Reply, Request

AUTHORIZE = "/restapi/oauth/authorize"
SIGN_IN = "/restapi/oauth/sign-in"
CONSENT = "/restapi/oauth/consent"


class AuthorizePages:
    """The endpoint and its forms; one instance serves all three paths."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._secure = context.policy.issuer.startswith("https:")
        prefix = "__Host-" if self._secure else ""
        self._binding_name = f"{prefix}callgate_browser"
        self._sign_in_name = f"{prefix}callgate_sign_in"
        self._own_origin = "{0.scheme}://{0.netloc}".format(urlsplit(context.policy.issuer))

    async def authorize(self, request: Request) -> Reply:
        """GET: begin or go on."""
        outcome = await self._begin(request, request.query)
        return self._reply(request, outcome, after_post=False)

    async def authorize_by_post(self, request: Request) -> Reply:
        """POST of the same fields: begun anew by GET, which brings the cookies a foreign page's POST does not."""
        body = await request.body()
        if isinstance(body, Denied):
            return self._reply(request, ShowFault(denied=body), after_post=True)
        no_form = service.refuse_unless_form(self._context, request.header(b"content-type") or "", request.request_id)
        if no_form:
            return self._reply(request, no_form, after_post=True)
        if len(body) > 8000:  # noqa: PLR2004 - longer than any URL that servers and browsers agree to pass on
            outcome = await self._begin(request, body)
            return self._reply(request, outcome, after_post=True)
        location = f"{AUTHORIZE}?{body.decode('latin-1')}"
        if not location.isprintable() or not location.isascii():
            outcome = await self._begin(request, body)
            return self._reply(request, outcome, after_post=True)
        return _redirect(location, status=303)

    async def _begin(self, request: Request, query: bytes) -> Outcome:
        cookies = self._cookies(request)
        return await service.begin(self._context, query, cookies=cookies, request_id=request.request_id)

    async def sign_in(self, request: Request) -> Reply:
        """POST of the sign-in page."""
        return await self._form(request, sign_in)

    async def consent(self, request: Request) -> Reply:
        """POST of the consent page."""
        return await self._form(request, consent)

    async def _form(self, request: Request, act: Act) -> Reply:
        body = await request.body()
        if isinstance(body, Denied):
            return self._reply(request, ShowFault(denied=body), after_post=True)
        cookies = self._cookies(request)
        if self._is_foreign(request):
            # A form of another origin: without cookies it opens nothing, and answers as an expired page does.
            cookies = Cookies(None, None)
        post = Post(request.header(b"content-type") or "", body, cookies, request.request_id)
        return self._reply(request, await act(self._context, post), after_post=True)

    def _is_foreign(self, request: Request) -> bool:
        # Our pages send no referrer, therefore `Origin: null` (Fetch section 3.1), as a sandboxed page of anyone does;
        # the browser's own word on the site tells them apart.
        origin, site = request.header(b"origin"), request.header(b"sec-fetch-site")
        return origin not in {None, "null", self._own_origin} or site not in {None, "same-origin"}

    def _cookies(self, request: Request) -> Cookies:
        found: dict[str, str] = {}
        for part in (request.header(b"cookie") or "").split(";"):
            name, _, value = part.strip().partition("=")
            found.setdefault(name, value)
        return Cookies(found.get(self._binding_name), found.get(self._sign_in_name))

    def _reply(self, request: Request, outcome: Outcome, *, after_post: bool) -> Reply:
        match outcome:
            case ShowFault():
                return self._show_fault(request, outcome.denied)
            case ShowSignIn():
                page = _sign_in_page(outcome)
                status = 400 if outcome.fault else 200
                gone = (self._cookie(self._sign_in_name, "", max_age_s=0),) if outcome.forgets else ()
                return self._page(
                    request, page, asked=outcome.request, status=status, binding=outcome.binding, cookies=gone
                )
            case ShowRefusal():
                return self._refusal(request, outcome)
            case ShowConsent():
                page_of = _consent_page(outcome)
                return self._page(request, page_of, asked=outcome.asked.request, status=200, binding=outcome.binding)
            case Continue():
                sign_in = self._cookie(self._sign_in_name, outcome.sign_in_cookie, max_age_s=outcome.remembered_s)
                cookies = (self._cookie(self._binding_name, outcome.binding, max_age_s=BINDING_MS // 1000), sign_in)
                return _redirect(
                    f"{AUTHORIZE}?{urlencode({'form_state': outcome.form_state})}", status=303, cookies=cookies
                )
            case SendBack():
                return _redirect(_location(outcome), status=303 if after_post else 302)

    def _page(
        self,
        request: Request,
        page: Page,
        *,
        asked: AuthorizeRequest,
        status: int,
        binding: str,
        cookies: tuple[Header, ...] = (),
    ) -> Reply:
        locale = _locale(request, asked.ui_locales)
        cookie = self._cookie(self._binding_name, binding, max_age_s=BINDING_MS // 1000)
        return _html(page, locale, status=status, cookies=(cookie, *cookies))

    def _refusal(self, request: Request, shown: ShowRefusal) -> Reply:
        """A page to a browser, the envelope to others."""
        denied, asked = shown.refused.denied, shown.refused.request
        if not _takes_pages(request):
            return self._show_fault(request, denied)
        page = _refusal_page(shown, request_id=request.request_id)
        status = envelope.status_of(denied.fault, self._context.policy.statuses)
        return self._page(request, page, asked=asked, status=status, binding=shown.binding)

    def _show_fault(self, request: Request, denied: Denied) -> Reply:
        """A page to a browser, the envelope to others."""
        statuses = self._context.policy.statuses
        if not _takes_pages(request):
            return envelope.oauth_error(denied, statuses=statuses)
        text = envelope.text_of(denied.fault, denied.values)
        page = FaultPage(fault=denied.fault, text=text, request_id=request.request_id)
        return _html(page, _locale(request, ""), status=envelope.status_of(denied.fault, statuses))

    def _cookie(self, name: str, value: str, *, max_age_s: int | None) -> Header:
        parts = [f"{name}={value}", "Path=/", "HttpOnly", "SameSite=Lax"]
        if max_age_s is not None:
            parts.append(f"Max-Age={max_age_s}")
        if self._secure:
            parts.append("Secure")
        return (b"set-cookie", "; ".join(parts).encode())


def _takes_pages(request: Request) -> bool:
    return "text/html" in (request.header(b"accept") or "")


def _locale(request: Request, ui_locales: str) -> Locale:
    return choose_locale(ui_locales=ui_locales, locale_id=None, accept_language=request.header(b"accept-language"))


def _html(page: Page, locale: Locale, *, status: int, cookies: tuple[Header, ...] = ()) -> Reply:
    headers = tuple(
        (name.lower().encode(), value.encode()) for name, value in page_headers(page, locale=locale).items()
    )
    return Reply(status, (*headers, *cookies), render(page, locale=locale))


def _redirect(location: str, *, status: int, cookies: tuple[Header, ...] = ()) -> Reply:
    headers: tuple[Header, ...] = (
        (b"location", location.encode()),
        (b"cache-control", b"no-store"),
        (b"referrer-policy", b"no-referrer"),
    )
    return Reply(status, (*headers, *cookies), b"")


def _location(back: SendBack) -> str:
    fields = urlencode(back.fields)
    if back.in_fragment:
        return f"{back.redirect_uri}#{fields}"
    return f"{back.redirect_uri}{'&' if '?' in back.redirect_uri else '?'}{fields}"


def _sign_in_page(shown: ShowSignIn) -> SignInPage:
    request = shown.request
    methods = {SignInMethod.LOGIN} if "sso" not in request.prompt or "login" in request.prompt else {SignInMethod.SSO}
    return SignInPage(
        app_name=shown.client.name,
        redirect_uri=request.redirect_uri,
        action_url=SIGN_IN,
        form_state=shown.form_state,
        username=shown.username,
        extension=shown.extension,
        methods=frozenset(methods),
        remember_me=RememberMe.TICKED if shown.remembered else RememberMe.UNTICKED,
        ui_options=frozenset(request.ui_options),
        display=Display(request.display),
        fault=shown.fault,
    )


def _consent_page(shown: ShowConsent) -> ConsentPage:
    asked = shown.asked
    own = asked.client.account_id == asked.account.id
    return ConsentPage(
        app_name=asked.client.name,
        owner_name=asked.owner_name,
        app_origin=AppOrigin.OWN if own else AppOrigin.FOREIGN,
        person_name=asked.extension.name,
        login=_login(asked.account, asked.extension),
        scopes=asked.request.scope,
        redirect_uri=asked.request.redirect_uri,
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
        login=_login(refused.account, refused.extension),
        redirect_uri=refused.request.redirect_uri,
        action_url=CONSENT,
        form_state=shown.form_state,
        display=Display(refused.request.display),
    )


def _login(account: Account, extension: Extension) -> str:
    """What the person knows themselves by."""
    return extension.email or f"{account.main_number}*{extension.number or ''}"
