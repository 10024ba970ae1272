"""Single sign-on's endpoints: our metadata, the way to a provider and back, and the pages where no app asked."""

from urllib.parse import urlencode

from callgate.model import authorize_faults, faults
from callgate.model.connection import ConnectionKind
from callgate.model.decisions import Denied
from callgate.model.ids import ConnectionId, read_id
from callgate.service import sso as service
from callgate.service.context import Context
from callgate.web.authorize import AUTHORIZE
from callgate.web.browser import Browsers, redirect, show
from callgate.web.pages import SignedInPage, UnaskedPage
from callgate.web.wire import Header, Reply, Request

_HERE = "/restapi/oauth/sso"
METADATA = f"{_HERE}/{{connectionId}}/metadata"
ACS = f"{_HERE}/{{connectionId}}/acs"
CALLBACK = f"{_HERE}/{{connectionId}}/callback"
START = f"{_HERE}/{{connectionId}}/start"
FINISH = f"{_HERE}/finish"
SIGNED_IN = f"{_HERE}/signed-in"


class SsoPages:
    """All of them."""

    def __init__(self, context: Context, browsers: Browsers) -> None:
        self._context = context
        self._browsers = browsers

    async def metadata(self, request: Request) -> Reply:
        """GET: what a SAML provider must know of us."""
        from callgate.service.sso_saml import describe_us  # noqa: PLC0415 - whoever meets no SAML loads no XML (ADR 92)

        connection = await service.describe(self._context, _connection_id(request))
        if connection is None or connection.kind is not ConnectionKind.SAML:
            return self._refuse(request, Denied(fault=faults.PATH_UNKNOWN))
        body = describe_us(connection, self._context.policy.issuer)
        headers: tuple[Header, ...] = (
            (b"content-type", b"application/samlmetadata+xml"),
            (b"cache-control", b"max-age=3600"),
            (b"x-content-type-options", b"nosniff"),
        )
        return Reply(200, headers, body)

    async def start(self, request: Request) -> Reply:
        """GET: to the provider, without an app that asked; portals and bookmarks lead here."""
        connection = await service.find_connection(self._context, _connection_id(request))
        if isinstance(connection, Denied):
            return self._refuse(request, connection)
        away = await service.depart(self._context, connection, None, cookies=self._browsers.cookies(request))
        return self._refuse(request, away) if isinstance(away, Denied) else self._browsers.send_away(away)

    async def accept(self, request: Request) -> Reply:
        """POST from the provider's page, which brings no cookies of ours; on by a GET, which does."""
        body = await request.body(bytes_max=service.ANSWER_BYTES_MAX)
        if isinstance(body, Denied):
            return self._refuse(request, body)
        answer = service.Answer(request.header(b"content-type") or "", body)
        return self._bring(request, await service.accept(self._context, _connection_id(request), answer))

    async def called_back(self, request: Request) -> Reply:
        """GET from the provider, which brings our cookies; on by another, so that no code stays in the address."""
        cookies = self._browsers.cookies(request)
        brought = await service.accept_code(self._context, _connection_id(request), request.query, cookies=cookies)
        return self._bring(request, brought)

    async def finish(self, request: Request) -> Reply:
        """GET: with the answer and, where this browser asked, what it left with."""
        handle = service.read_handle(request.query)
        if handle is None:
            return self._refuse(request, _EXPIRED)
        outcome = await service.finish(self._context, handle, cookies=self._browsers.cookies(request))
        match outcome:
            case Denied():
                return self._refuse(request, outcome)
            case service.AskWhetherMeant():
                return show(request, _unasked_page(outcome))
            case service.SignedInHere():
                return self._signed_in(outcome)

    async def confirm(self, request: Request) -> Reply:
        """POST of the page that asks whether it was meant."""
        post = await self._browsers.post(request)
        if isinstance(post, Denied):
            return self._refuse(request, post)
        said = service.read_confirmation(post)
        if isinstance(said, Denied):
            return self._refuse(request, said)
        if not said.meant:
            return redirect("/", status=303, cookies=self._browsers.forget_trip(said.handle))
        outcome = await service.confirm(self._context, said.handle, cookies=post.cookies)
        return self._refuse(request, outcome) if isinstance(outcome, Denied) else self._signed_in(outcome)

    async def signed_in(self, request: Request) -> Reply:
        """GET: who is signed in."""
        found = await service.who_is_here(self._context, self._browsers.cookies(request))
        if found is None:
            return self._refuse(request, _EXPIRED)
        page = SignedInPage(person_name=found.person_name, login=found.login, account_name=found.account_name)
        return show(request, page)

    def _bring(self, request: Request, brought: service.Bring | Denied) -> Reply:
        if isinstance(brought, Denied):
            return self._refuse(request, brought)
        location = f"{FINISH}?{urlencode({'arrival': brought.handle})}"
        return redirect(location, status=303, cookies=(self._browsers.bring(brought.handle, brought.arrival),))

    def _signed_in(self, signed_in: service.SignedInHere) -> Reply:
        browsers = self._browsers
        cookies = (
            *browsers.forget_trip(signed_in.handle),
            browsers.bind(signed_in.binding),
            browsers.keep_sign_in(signed_in.sign_in_cookie, remembered_s=None),
        )
        if signed_in.form_state is None:
            return redirect(SIGNED_IN, status=303, cookies=cookies)
        location = f"{AUTHORIZE}?{urlencode({'form_state': signed_in.form_state})}"
        return redirect(location, status=303, cookies=cookies)

    def _refuse(self, request: Request, denied: Denied) -> Reply:
        service.note(self._context, denied, request_id=request.request_id)
        return self._browsers.show_fault(request, denied)


_EXPIRED = Denied(fault=authorize_faults.FORM_EXPIRED)


def _connection_id(request: Request) -> ConnectionId:
    """The one in the path; what is no number is nobody's."""
    return ConnectionId(read_id(request.path_params["connectionId"]) or 0)


def _unasked_page(asked: service.AskWhetherMeant) -> UnaskedPage:
    return UnaskedPage(
        person_name=asked.somebody.person_name,
        login=asked.somebody.login,
        account_name=asked.somebody.account_name,
        action_url=FINISH,
        handle=asked.handle,
    )
