"""Requests of people about themselves: who is signed in at the browser, and whether a page of ours was shown to them.

A page's form carries, sealed and bound to the browser, whom it was shown to, so that nobody else's page posts it; what
may be done is judged in the transaction, from the browser's sign-in. What the pages are about does not belong here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from callgate.model import authorize_faults
from callgate.model.decisions import Denied
from callgate.model.facts import AuthorizeFacts
from callgate.model.faults import Fault
from callgate.model.ids import AccountId, RowId
from callgate.model.lookups import Lookup
from callgate.protocol.forms import Form, parse_form
from callgate.protocol.security import Here, who_is_here
from callgate.service.authorize import begin_own, refuse, show_sign_in
from callgate.service.browser import Cookies, SecurityState, SignInKey, open_security, open_sign_in
from callgate.service.context import Context
from callgate.service.outcome import Outcome, Post, ShowFault


class OwnFacts(Protocol):
    """What a page of somebody's own sees, their browser's sign-in among it."""

    @property
    def browser(self) -> AuthorizeFacts:
        """Who is signed in."""
        ...


F = TypeVar("F", bound=OwnFacts)
About = Callable[[tuple[AccountId, RowId]], Lookup[F]]
"""What a page asks of the store about a sign-in."""


@dataclass(frozen=True, slots=True)
class Visit(Generic[F]):
    """A request of somebody signed in. `page` is where they are led back to if they must sign in again."""

    key: SignInKey
    here: Here
    facts: F
    page: str
    cookies: Cookies
    request_id: str


async def visit_of(
    context: Context, cookies: Cookies, request_id: str, *, page: str, about: About[F]
) -> Visit[F] | None:
    """Who is signed in at this browser, and what the page is about; None when nobody is. Raises Unavailable."""
    key = open_sign_in(context, cookies.sign_in)
    if key is None:
        return None
    facts = await context.store.read(about((key.account_id, key.row_id)))
    here = who_is_here(key.secret, facts.browser)
    return None if here is None else Visit(key, here, facts, page, cookies, request_id)


async def open_post(
    context: Context, post: Post, *, page: str, about: About[F]
) -> tuple[Form, SecurityState, Visit[F]] | Outcome:
    """The form, and who sent it: a page of ours, shown in this browser to whoever is signed in now."""
    form = parse_form(post.content_type, post.body)
    if isinstance(form, Denied):
        return refuse(context, form, post.request_id)
    state = open_security(context, form.get("form_state"), post.cookies.binding)
    if state is None:
        return expired(context, post.request_id)
    visit = await visit_of(context, post.cookies, post.request_id, page=page, about=about)
    if visit is None:
        return await ask_to_sign_in(context, post.cookies, post.request_id, page=page)
    if visit.here.extension.id != state.shown_to:
        return expired(context, post.request_id)
    return form, state, visit


def expired(context: Context, request_id: str) -> ShowFault:
    """The page was open too long, in another browser, or for somebody else."""
    return refuse(context, Denied(fault=authorize_faults.FORM_EXPIRED), request_id)


async def ask_to_sign_in(
    context: Context, cookies: Cookies, request_id: str, *, page: str, fault: Fault | None = None
) -> Outcome:
    """The sign-in page, which leads back to this page of the person's own. Raises Unavailable."""
    read = begin_own(context, page, cookies=cookies, request_id=request_id)
    return await show_sign_in(context, read, None, fault=fault)
