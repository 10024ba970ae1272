"""The pages on which people see, make, replace and delete their own JWT credentials."""

from callgate.model.decisions import Denied
from callgate.model.instant import render_instant
from callgate.service import own_credentials as service
from callgate.service.context import Context
from callgate.service.jwt_credentials import CredentialShown
from callgate.service.outcome import ShowFault
from callgate.service.own_credentials import CredentialsOutcome, ShowCredential, ShowCredentials, ShowMade
from callgate.service.security import CREDENTIALS, PAGE
from callgate.web.authorize import AuthorizePages
from callgate.web.browser import Browsers, show
from callgate.web.pages import CredentialMadePage, CredentialPage, CredentialsPage, ListedCredential, OfferedApp
from callgate.web.wire import Reply, Request

CREDENTIAL = f"{CREDENTIALS}/{{credentialId}}"


class OwnCredentialPages:
    """Both pages and their forms. Whoever is not signed in sees the sign-in page, which `sign_in` shows."""

    def __init__(self, context: Context, browsers: Browsers, sign_in: AuthorizePages) -> None:
        self._context = context
        self._browsers = browsers
        self._sign_in = sign_in

    async def credentials(self, request: Request) -> Reply:
        """GET: all of them, and a form for another."""
        outcome = await service.show_all(self._context, self._browsers.cookies(request), request.request_id)
        return self._reply(request, outcome, after_post=False)

    async def create(self, request: Request) -> Reply:
        """POST of that page."""
        post = await self._browsers.post(request)
        outcome = ShowFault(denied=post) if isinstance(post, Denied) else await service.make(self._context, post)
        return self._reply(request, outcome, after_post=True)

    async def credential(self, request: Request) -> Reply:
        """GET: one of them, to be replaced or deleted."""
        cookies, item = self._browsers.cookies(request), request.path_params["credentialId"]
        outcome = await service.show_one(self._context, cookies, item=item, request_id=request.request_id)
        return self._reply(request, outcome, after_post=False)

    async def change(self, request: Request) -> Reply:
        """POST of that page."""
        post, item = await self._browsers.post(request), request.path_params["credentialId"]
        if isinstance(post, Denied):
            return self._reply(request, ShowFault(denied=post), after_post=True)
        return self._reply(request, await service.change(self._context, post, item=item), after_post=True)

    def _reply(self, request: Request, outcome: CredentialsOutcome, *, after_post: bool) -> Reply:
        match outcome:
            case ShowCredentials():
                return self._show(request, outcome, page=_page(outcome))
            case ShowCredential():
                return self._show(request, outcome, page=_page_of_one(outcome))
            case ShowMade():
                page = CredentialMadePage(label=outcome.credential.label, jwt=outcome.jwt, action_url=CREDENTIALS)
                return show(request, page)
            case _:
                return self._sign_in.reply(request, outcome, after_post=after_post)

    def _show(
        self, request: Request, shown: ShowCredentials | ShowCredential, *, page: CredentialsPage | CredentialPage
    ) -> Reply:
        status = self._browsers.status_of(Denied(fault=shown.fault)) if shown.fault else 200
        return show(request, page, status=status, cookies=(self._browsers.bind(shown.binding),))


def _page(shown: ShowCredentials) -> CredentialsPage:
    return CredentialsPage(
        credentials=tuple(_listed(each) for each in shown.credentials),
        may_make=shown.may_make,
        offered=tuple(
            OfferedApp(box=box, name=client.name, client_id=client.id, ticked=box in shown.typed.boxes)
            for client, box in shown.offered
        ),
        action_url=CREDENTIALS,
        back_url=PAGE,
        form_state=shown.form_state,
        label=shown.typed.label,
        everywhere=shown.typed.everywhere,
        client_ids=shown.typed.client_ids,
        expires=shown.typed.expires,
        fault=shown.fault,
    )


def _page_of_one(shown: ShowCredential) -> CredentialPage:
    listed = _listed(shown.shown)
    return CredentialPage(
        credential=listed,
        apps=shown.apps,
        may_replace=shown.may_replace,
        action_url=listed.url,
        back_url=CREDENTIALS,
        form_state=shown.form_state,
        overlap=shown.typed.overlap,
        expires=shown.typed.expires,
        fault=shown.fault,
    )


def _listed(shown: CredentialShown) -> ListedCredential:
    credential = shown.credential
    return ListedCredential(
        url=f"{CREDENTIALS}/{credential.id}",
        label=credential.label,
        apps=None if credential.client_ids is None else len(credential.client_ids),
        created=_minute(credential.created_ms) or "",
        expires=_minute(credential.expires_ms),
        used=_minute(credential.last_used_ms),
        is_replaced=credential.replaced_ms is not None,
        is_safe_to_delete=shown.advice is not None and shown.advice.may_go,
    )


def _minute(at_ms: int | None) -> str | None:
    """As people read it: 2027-01-31 12:00."""
    return None if at_ms is None else render_instant(at_ms)[:16].replace("T", " ")
