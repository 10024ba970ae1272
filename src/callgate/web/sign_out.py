"""Signing out at a browser: the endpoint for apps and people, and the form of its page."""

from urllib.parse import urlencode

from callgate.model.decisions import Denied
from callgate.service import sign_out as service
from callgate.service.context import Context
from callgate.service.outcome import ShowFault
from callgate.service.sign_out import Leave, ShowFarewell, ShowSignOut, SignOutOutcome
from callgate.web import envelope
from callgate.web.browser import Browsers, known_as, redirect, show, takes_pages
from callgate.web.pages import FarewellPage, SignOutPage
from callgate.web.wire import Reply, Request

SIGN_OUT = "/restapi/oauth/sign-out"
CONFIRM = "/restapi/oauth/sign-out/confirm"


class SignOutPages:
    """The endpoint and its form (OpenID Connect RP-Initiated Logout 1.0)."""

    def __init__(self, context: Context, browsers: Browsers) -> None:
        self._context = context
        self._browsers = browsers

    async def sign_out(self, request: Request) -> Reply:
        """GET: sign out, or ask first."""
        return self._reply(request, await self._begin(request, request.query), after_post=False)

    async def sign_out_by_post(self, request: Request) -> Reply:
        """POST of the same fields, from an app's page."""
        passed = await self._browsers.pass_on(request, SIGN_OUT)
        if isinstance(passed, Reply):
            return passed
        outcome = passed if isinstance(passed, ShowFault) else await self._begin(request, passed)
        return self._reply(request, outcome, after_post=True)

    async def confirm(self, request: Request) -> Reply:
        """POST of our own page: the person's answer."""
        post = await self._browsers.post(request)
        outcome = ShowFault(denied=post) if isinstance(post, Denied) else await service.confirm(self._context, post)
        return self._reply(request, outcome, after_post=True)

    async def _begin(self, request: Request, query: bytes) -> SignOutOutcome:
        cookies = self._browsers.cookies(request)
        return await service.begin(self._context, query, cookies=cookies, request_id=request.request_id)

    def _reply(self, request: Request, outcome: SignOutOutcome, *, after_post: bool) -> Reply:
        browsers = self._browsers
        match outcome:
            case ShowFault():
                return browsers.show_fault(request, outcome.denied)
            case ShowSignOut():
                return self._ask(request, outcome)
            case ShowFarewell():
                gone = (browsers.forget_sign_in(),) if outcome.signed_out else ()
                page = FarewellPage(signed_out=outcome.signed_out)
                return show(request, page, ui_locales=outcome.ui_locales, cookies=gone)
            case Leave():
                status = 303 if after_post else 302
                return redirect(_location(outcome), status=status, cookies=(browsers.forget_sign_in(),))

    def _ask(self, request: Request, shown: ShowSignOut) -> Reply:
        """With a mistake of the app's, the status says so, and programs get the envelope."""
        asked, denied = shown.asked, shown.asked.denied
        if denied and not takes_pages(request):
            return self._browsers.show_fault(request, denied)
        page = SignOutPage(
            app_name=asked.client.name if asked.client else None,
            person_name=asked.extension.name,
            login=known_as(asked.account, asked.extension),
            action_url=CONFIRM,
            form_state=shown.form_state,
            redirect_uri=asked.request.redirect_uri,
            fault=denied.fault if denied else None,
            text=envelope.text_of(denied.fault, denied.values) if denied else "",
            request_id=request.request_id,
        )
        status = self._browsers.status_of(denied) if denied else 200
        cookies = (self._browsers.bind(shown.binding),)
        return show(request, page, ui_locales=asked.request.ui_locales, status=status, cookies=cookies)


def _location(leave: Leave) -> str:
    if leave.state is None:
        return leave.redirect_uri
    joint = "&" if "?" in leave.redirect_uri else "?"
    return f"{leave.redirect_uri}{joint}{urlencode({'state': leave.state})}"
