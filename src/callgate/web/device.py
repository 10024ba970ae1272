"""The device grant's endpoint for devices, and the page on which people type what a device shows (RFC 8628)."""

import orjson

from callgate.model.decisions import Denied
from callgate.service import device as service
from callgate.service.context import Context
from callgate.service.device import AskUserCode
from callgate.web import envelope
from callgate.web.authorize import AuthorizePages
from callgate.web.browser import Browsers, show, takes_pages
from callgate.web.envelope import JSON, NO_STORE, oauth_error
from callgate.web.pages import DevicePage
from callgate.web.token import read_proof
from callgate.web.wire import Reply, Request

AUTHORIZATION = "/restapi/oauth/device-authorization"
DEVICE = service.PATH


class DeviceAuthorizationEndpoint:
    """A device code, and a user code to show (RFC 8628 section 3.2)."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def __call__(self, request: Request) -> Reply:
        """Answer with both codes, or with the envelope."""
        read = await read_proof(request)
        outcome = read if isinstance(read, Denied) else await service.ask(self._context, read)
        if isinstance(outcome, Denied):
            return oauth_error(outcome, statuses=self._context.policy.statuses)
        fields = {
            "device_code": outcome.device_code,
            "user_code": outcome.user_code,
            "verification_uri": outcome.verification_uri,
            "verification_uri_complete": outcome.verification_uri_complete,
            "expires_in": outcome.expires_in_s,
            "interval": outcome.interval_s,
        }
        return Reply(200, (JSON, *NO_STORE), orjson.dumps(fields))


class DevicePages:
    """The page for the code; once that is right, the authorize endpoint's pages go on."""

    def __init__(self, context: Context, browsers: Browsers, pages: AuthorizePages) -> None:
        self._context = context
        self._browsers = browsers
        self._pages = pages

    async def ask(self, request: Request) -> Reply:
        """GET: the page."""
        return self._show(request, service.begin(self._context, request.query, cookies=self._browsers.cookies(request)))

    async def enter(self, request: Request) -> Reply:
        """POST: what was typed."""
        post = await self._browsers.post(request)
        if isinstance(post, Denied):
            return self._browsers.show_fault(request, post)
        outcome = await service.enter(self._context, post, network=request.network)
        if isinstance(outcome, AskUserCode):
            return self._show(request, outcome)
        return self._pages.reply(request, outcome, after_post=True)

    def _show(self, request: Request, asked: AskUserCode) -> Reply:
        fault = asked.fault
        if fault is not None and not takes_pages(request):
            return self._browsers.show_fault(request, Denied(fault=fault))
        page = DevicePage(action_url=DEVICE, typed=asked.typed, fault=fault)
        status = 200 if fault is None else envelope.status_of(fault, self._context.policy.statuses)
        cookies = (self._browsers.bind(asked.binding),)
        return show(request, page, ui_locales=asked.ui_locales, status=status, cookies=cookies)
