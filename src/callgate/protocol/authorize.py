"""The authorize request read and judged (RFC 6749 section 4.1.1; protocol.md C; rulings 12-14).

Reading answers with a request or with a fault to be shown, never redirected: until client and redirect URI are known to
belong together, nothing may leave this server. Judging has five outcomes and runs twice: once to choose the page, once
inside the writing transaction.
"""

import re
from collections.abc import Sequence

from callgate.model import authorize_faults, faults, grant_faults
from callgate.model.client import Client, GrantType, Switch
from callgate.model.decisions import AuthorizeRequest, Denied, RedirectFault
from callgate.model.evidence import IdTokenHint
from callgate.protocol import device, pkce
from callgate.protocol.client_auth import unknown
from callgate.protocol.forms import Form, single
from callgate.protocol.guards import app_works
from callgate.protocol.login_name import LOGIN_CHARS_MAX
from callgate.protocol.redirect_uri import resolve
from callgate.protocol.scopes import narrow_scope

REPEATABLE = frozenset({"ui_options"})
PROMPTS = frozenset({"login", "sso", "consent", "none"})
RESPONSE_MODES = frozenset({"query", "fragment"})
DISPLAYS = frozenset({"page", "popup", "touch", "mobile"})
_BRANDS = "1210 3610 3710 3420 7710 7310 6010 2110 2020 7010 4910 4810 4710 4210 2210"
BRANDS = frozenset(_BRANDS.split())
"""protocol.md A.6."""

STATE_CHARS_MAX = 4096
_NONCE_CHARS_MAX = 512
LOCALES_CHARS_MAX = 128
_UI_OPTIONS_MAX = 8
_SECONDS = re.compile(r"[0-9]{1,10}", re.ASCII)


def read_form(pairs: Sequence[tuple[str, str]]) -> Form | Denied:
    """Single-valued parameters; only ui_options may repeat (protocol.md C.1)."""
    return single(pairs, repeatable=REPEATABLE)


def read_request(form: Form, client: Client | None) -> AuthorizeRequest | Denied | RedirectFault:
    """Client, then redirect URI, then everything else: only the last can be told by redirect."""
    client_id = form.get("client_id")
    if client_id is None:
        return Denied(fault=faults.PARAMETER_MISSING, values=(("parameter", "client_id"),))
    if client is None:
        return unknown(client_id)
    refused = app_works(client) or _brand_fault(form)
    if refused:
        return refused
    if form.get("user_code"):
        return device.request_of(form, client)
    if not client.redirect_uris:
        return Denied(fault=authorize_faults.REDIRECT_URI_NONE, why="the app has no redirect URI registered")
    redirect_uri = resolve(client, form.get("redirect_uri"))
    if redirect_uri is None:
        return _UNREGISTERED
    request = _request(form, client, redirect_uri=redirect_uri)
    denied = (
        _too_long(request)
        or _response_type_fault(request, client)
        or _unsupported(form, request)
        or _prompt_fault(request)
        or _max_age_fault(form, request)
        or _challenge_fault(request, client, form=form)
        or _scope_fault(request)
    )
    return redirected(request, denied) if denied else request


def own_request(issuer: str) -> AuthorizeRequest:
    """What a sign-in carries that no app asked for: it ends at this server, and gives nothing to anybody."""
    return AuthorizeRequest(client_id="", response_type="", redirect_uri=issuer)


def still_stands(request: AuthorizeRequest, client: Client) -> Denied | RedirectFault | None:
    """What a change of the app takes back of a request under way: pages are open for minutes."""
    refused = app_works(client)
    if refused:
        return refused
    if request.user_code:
        return device.grant_refused(client)
    if resolve(client, request.redirect_uri) is None:
        return _UNREGISTERED
    denied = _response_type_fault(request, client)
    return redirected(request, denied) if denied else None


def check_hint(request: AuthorizeRequest, hint: IdTokenHint | None) -> RedirectFault | None:
    """Whether the ID token sent as a hint is one of this app's; another app's would tell it who is signed in."""
    if hint is not None and hint.client_id == request.client_id:
        return None
    why = "not an ID token of ours, or its key is forgotten" if hint is None else f"it was made for {hint.client_id}"
    return redirected(request, Denied(fault=authorize_faults.HINT_INVALID, why=why))


def redirected(request: AuthorizeRequest, denied: Denied) -> RedirectFault:
    """A denial that the app may be told, for its redirect URI is known to be its own."""
    return RedirectFault(request=request, fault=denied.fault, values=denied.values, why=denied.why)


_UNREGISTERED = Denied(
    fault=authorize_faults.REDIRECT_URI_UNREGISTERED, why="the redirect_uri is none of those registered"
)


def _request(form: Form, client: Client, *, redirect_uri: str) -> AuthorizeRequest:
    display = form.get("display") or "page"
    return AuthorizeRequest(
        client_id=client.id,
        response_type=form.get("response_type") or "",
        redirect_uri=redirect_uri,
        redirect_uri_sent=form.get("redirect_uri") is not None,
        state=form.get("state"),
        scope=narrow_scope(client, form.get("scope")),
        prompt=frozenset((form.get("prompt") or "").split()),
        code_challenge=form.get("code_challenge"),
        challenge_plain=_challenge_method(form) == "plain",
        nonce=form.get("nonce"),
        login_hint=(form.get("login_hint") or "")[:LOGIN_CHARS_MAX],
        display=display if display in DISPLAYS else "page",
        ui_locales=(form.get("ui_locales") or form.get("localeId") or "")[:LOCALES_CHARS_MAX],
        ui_options=tuple((form.get("ui_options") or "").split())[:_UI_OPTIONS_MAX],
        discovery=form.get("discovery") == "true",
        max_age_s=_max_age_s(form),
        in_fragment=form.get("response_type") == "token" or form.get("response_mode") == "fragment",
    )


def _max_age_s(form: Form) -> int | None:
    sent = form.get("max_age")
    return int(sent) if sent is not None and _SECONDS.fullmatch(sent) else None


def _challenge_method(form: Form) -> str:
    """RFC 7636 section 4.3: plain where none is sent."""
    return form.get("code_challenge_method") or "plain"


def _brand_fault(form: Form) -> Denied | None:
    """Shown, not redirected, as on the platform: a brand chooses the pages themselves (protocol.md C.4)."""
    brand = form.get("brand_id") or form.get("brandId")
    if brand is not None and brand not in BRANDS:
        return Denied(fault=faults.BRAND_INVALID, why="no such brand")
    return None


def _too_long(request: AuthorizeRequest) -> Denied | None:
    """Both are echoed: `state` in the redirect, `nonce` in the ID token."""
    if request.state is not None and len(request.state) > STATE_CHARS_MAX:
        return Denied(fault=faults.PARAMETER_INVALID, values=(("parameter", "state"),), why="too long")
    if request.nonce is not None and len(request.nonce) > _NONCE_CHARS_MAX:
        return Denied(fault=faults.PARAMETER_INVALID, values=(("parameter", "nonce"),), why="too long")
    return None


def _response_type_fault(request: AuthorizeRequest, client: Client) -> Denied | None:
    match request.response_type:
        case "code":
            if GrantType.AUTHORIZATION_CODE not in client.grants:
                values = (("grant_type", "AUTHORIZATION_CODE"),)
                return Denied(fault=authorize_faults.GRANT_NOT_ALLOWED_HERE, values=values)
        case "token":
            if GrantType.IMPLICIT not in client.grants:
                return Denied(fault=authorize_faults.IMPLICIT_DISABLED)
        case "":
            return Denied(fault=faults.PARAMETER_MISSING, values=(("parameter", "response_type"),))
        case _:
            return Denied(fault=authorize_faults.RESPONSE_TYPE_UNSUPPORTED)
    return None


def _unsupported(form: Form, request: AuthorizeRequest) -> Denied | None:
    """Request objects; form_post, which needs a script; a token in a query, where logs would keep it."""
    if form.get("request") or form.get("request_uri"):
        return Denied(fault=authorize_faults.REQUEST_OBJECT_UNSUPPORTED)
    modes = {"fragment"} if request.response_type == "token" else RESPONSE_MODES
    if form.get("response_mode") not in {None, *modes}:
        return Denied(fault=authorize_faults.RESPONSE_MODE_UNSUPPORTED)
    return None


def _max_age_fault(form: Form, request: AuthorizeRequest) -> Denied | None:
    if form.get("max_age") is not None and request.max_age_s is None:
        return Denied(fault=faults.PARAMETER_INVALID, values=(("parameter", "max_age"),))
    return None


def _prompt_fault(request: AuthorizeRequest) -> Denied | None:
    """A subset of three, or `none` alone (OpenID Connect Core section 3.1.2.1)."""
    prompt = request.prompt
    if not prompt <= PROMPTS or ("none" in prompt and len(prompt) > 1):
        return Denied(fault=faults.PARAMETER_INVALID, values=(("parameter", "prompt"),))
    return None


def _challenge_fault(request: AuthorizeRequest, client: Client, *, form: Form) -> Denied | None:
    """Public apps must, confidential apps may (ruling 12)."""
    if request.response_type != "code":
        return None
    if request.code_challenge is None:
        if not client.confidential or form.get("code_challenge_method"):
            return Denied(fault=authorize_faults.CHALLENGE_REQUIRED)
        return None
    method = _challenge_method(form)
    if method not in {"S256", "plain"} or (method == "plain" and Switch.PKCE_PLAIN not in client.switches):
        return Denied(fault=authorize_faults.CHALLENGE_METHOD)
    if not pkce.is_well_formed(request.code_challenge):
        return Denied(fault=authorize_faults.CHALLENGE_INVALID)
    return None


def _scope_fault(request: AuthorizeRequest) -> Denied | None:
    return None if request.scope else Denied(fault=grant_faults.SCOPE_INVALID)
