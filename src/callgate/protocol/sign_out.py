"""Signing out of a browser (OpenID Connect RP-Initiated Logout 1.0).

An app that shows an ID token of the very person signed in is believed; everybody else's request is put to the person,
so that no page on the web signs people out. Where the browser goes afterwards is a registered address of a named app,
compared to the letter, or nowhere.
"""

from typing import NamedTuple

from callgate.model import authorize_faults, faults
from callgate.model.changes import SignInEnded
from callgate.model.client import Client
from callgate.model.decisions import Denied, Done
from callgate.model.evidence import IdTokenHint
from callgate.model.facts import AuthorizeFacts
from callgate.model.ids import ClientId, ExtensionId
from callgate.model.sign_out import AskSignOut, SignedOut, SignOutDecision, SignOutRequest
from callgate.protocol.authorize import LOCALES_CHARS_MAX, STATE_CHARS_MAX
from callgate.protocol.client_auth import unknown
from callgate.protocol.forms import Form
from callgate.protocol.guards import app_works
from callgate.protocol.sessions import holds_sign_in, opens_sign_in


class Leaving(NamedTuple):
    """What comes with the request: the browser's cookie, the app's ID token, and whom the page asked who said yes."""

    secret: bytes | None
    hint: IdTokenHint | None = None
    agreed: ExtensionId | None = None

    def __repr__(self) -> str:
        return f"Leaving(hint={self.hint!r}, agreed={self.agreed})"


def read_request(form: Form) -> SignOutRequest | Denied:
    """client_id, post_logout_redirect_uri, state, ui_locales (section 2); logout_hint has no use here."""
    client_id, state = form.get("client_id"), form.get("state")
    if state is not None and len(state) > STATE_CHARS_MAX:
        return Denied(fault=faults.PARAMETER_INVALID, values=(("parameter", "state"),), why="too long")
    return SignOutRequest(
        client_id=None if client_id is None else ClientId(client_id[:128]),
        redirect_uri=form.get("post_logout_redirect_uri"),
        state=state,
        ui_locales=(form.get("ui_locales") or "")[:LOCALES_CHARS_MAX],
    )


def named_app(request: SignOutRequest, hint: IdTokenHint | None) -> ClientId | None:
    """Which app asks, by its own word or by the ID token it shows."""
    return request.client_id or (hint.client_id if hint else None)


def decide(request: SignOutRequest, *, leaving: Leaving, facts: AuthorizeFacts) -> SignOutDecision:
    """The one judgement, for the page and for the end: a mistake of the app's keeps nobody from signing out."""
    denied = _mistake(request, leaving.hint, client=facts.client)
    account, extension = facts.account, facts.extension
    if leaving.secret is None or account is None or extension is None or not holds_sign_in(leaving.secret, facts):
        return denied or _signed_out(request, leaving, facts=facts)
    if denied:
        aimless = request._replace(client_id=None, redirect_uri=None, state=None)
        return AskSignOut(request=aimless, client=None, account=account, extension=extension, denied=denied)
    if extension.id not in {leaving.agreed, leaving.hint.extension_id if leaving.hint else None}:
        named = request._replace(client_id=named_app(request, leaving.hint))
        return AskSignOut(request=named, client=facts.client, account=account, extension=extension)
    return _signed_out(request, leaving, facts=facts)


def end_sign_in(secret: bytes, facts: AuthorizeFacts) -> Done:
    """The sign-in that the cookie opens is over, lived it still or not; a cookie that opens none ends none."""
    sign_in = facts.sign_in
    if sign_in is None or not opens_sign_in(sign_in, secret):
        return Done()
    return Done((SignInEnded(sign_in, str(sign_in.extension_id)),))


def _signed_out(request: SignOutRequest, leaving: Leaving, *, facts: AuthorizeFacts) -> SignedOut:
    done = end_sign_in(leaving.secret, facts) if leaving.secret is not None else Done()
    return SignedOut(redirect_uri=request.redirect_uri, state=request.state, changes=done.changes)


def _mistake(request: SignOutRequest, hint: IdTokenHint | None, *, client: Client | None) -> Denied | None:
    """Section 4: an address is used only if it is the named app's, and what contradicts itself is not used at all."""
    if hint and request.client_id not in {None, hint.client_id}:
        return Denied(fault=authorize_faults.HINT_OF_OTHER_APP, why=f"the hint was made for {hint.client_id}")
    named = named_app(request, hint)
    if named is None:
        return Denied(fault=authorize_faults.SIGN_OUT_APP_UNNAMED) if request.redirect_uri else None
    if client is None:
        return unknown(named)
    if request.redirect_uri is None:
        return None
    if request.redirect_uri not in client.post_logout_redirect_uris:
        why = "the post_logout_redirect_uri is none of those registered"
        return Denied(fault=authorize_faults.POST_LOGOUT_URI_UNREGISTERED, why=why)
    return app_works(client)
