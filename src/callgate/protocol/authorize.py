"""The authorize request read and judged (RFC 6749 section 4.1.1; protocol.md C; rulings 12-14).

Reading answers with a request or with a fault to be shown, never redirected: until client and redirect URI are known to
belong together, nothing may leave this server. Judging has five outcomes and runs twice: once to choose the page, once
inside the writing transaction.
"""

from collections.abc import Sequence

from callgate.model import authorize_faults, faults, grant_faults
from callgate.model.client import AuthMethod, Client, ClientStatus, GrantType, Switch
from callgate.model.decisions import AuthorizeRequest, Denied, RedirectFault
from callgate.model.faults import Fault
from callgate.protocol import pkce
from callgate.protocol.forms import Form, single
from callgate.protocol.redirect_uri import resolve
from callgate.protocol.scopes import narrow_scope

REPEATABLE = frozenset({"ui_options"})
PROMPTS = frozenset({"login", "sso", "consent", "none"})
DISPLAYS = frozenset({"page", "popup", "touch", "mobile"})
BRANDS = frozenset(
    [
        "1210",
        "3610",
        "3710",
        "3420",
        "7710",
        "7310",
        "6010",
        "2110",
        "2020",
        "7010",
        "4910",
        "4810",
        "4710",
        "4210",
        "2210",
    ]
)
_STATE_CHARS_MAX = 4096
_NONCE_CHARS_MAX = 512


def read_form(pairs: Sequence[tuple[str, str]]) -> Form | Denied:
    """Single-valued parameters; only ui_options may repeat (protocol.md C.1)."""
    return single(pairs, repeatable=REPEATABLE)


def read_request(form: Form, client: Client | None) -> AuthorizeRequest | Denied | RedirectFault:
    """Client, then redirect URI, then everything else: only the last can be told by redirect."""
    client_id = form.get("client_id")
    if client_id is None:
        return Denied(fault=faults.PARAMETER_MISSING, values=(("parameter", "client_id"),))
    if client is None:
        return Denied(fault=faults.CLIENT_UNKNOWN, values=(("client_id", client_id[:64]),))
    if client.status is ClientStatus.BLOCKED:
        return Denied(fault=faults.CLIENT_BLOCKED)
    if not client.redirect_uris:
        return Denied(fault=authorize_faults.REDIRECT_URI_NONE, why="the app has no redirect URI registered")
    redirect_uri = resolve(client, form.get("redirect_uri"))
    if redirect_uri is None:
        return Denied(fault=authorize_faults.REDIRECT_URI_UNREGISTERED, why="the sent redirect_uri is none of the registered")
    request = _request(form, client, redirect_uri)
    fault = _first_fault(form, client, request)
    return RedirectFault(request=request, fault=fault[0], values=fault[1]) if fault else request


def _request(form: Form, client: Client, redirect_uri: str) -> AuthorizeRequest:
    options = tuple((form.get("ui_options") or "").split())
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
        challenge_plain=(form.get("code_challenge_method") or "plain") == "plain",
        nonce=form.get("nonce"),
        login_hint=(form.get("login_hint") or "")[:254],
        display=display if display in DISPLAYS else "page",
        ui_locales=(form.get("ui_locales") or form.get("localeId") or "")[:128],
        ui_options=options[:8],
        discovery=form.get("discovery") == "true",
    )


_Found = tuple[Fault, tuple[tuple[str, str], ...]]


def _first_fault(form: Form, client: Client, request: AuthorizeRequest) -> _Found | None:
    return (
        _too_long(request)
        or _response_type_fault(client, request)
        or _unsupported(form)
        or _prompt_fault(request)
        or _challenge_fault(form, client, request)
        or (None if request.scope else (grant_faults.SCOPE_INVALID, ()))
    )


def _too_long(request: AuthorizeRequest) -> _Found | None:
    if request.state is not None and len(request.state) > _STATE_CHARS_MAX:
        return faults.PARAMETER_INVALID, (("parameter", "state"),)
    if request.nonce is not None and len(request.nonce) > _NONCE_CHARS_MAX:
        return faults.PARAMETER_INVALID, (("parameter", "nonce"),)
    return None


def _response_type_fault(client: Client, request: AuthorizeRequest) -> _Found | None:
    match request.response_type:
        case "code":
            if GrantType.AUTHORIZATION_CODE not in client.grants:
                return authorize_faults.GRANT_NOT_ALLOWED_HERE, (("grant_type", "AUTHORIZATION_CODE"),)
        case "token":
            if GrantType.IMPLICIT not in client.grants:
                return authorize_faults.IMPLICIT_DISABLED, ()
        case "":
            return faults.PARAMETER_MISSING, (("parameter", "response_type"),)
        case _:
            return authorize_faults.RESPONSE_TYPE_UNSUPPORTED, ()
    return None


def _unsupported(form: Form) -> _Found | None:
    if form.get("request") or form.get("request_uri"):
        return authorize_faults.REQUEST_OBJECT_UNSUPPORTED, ()
    brand = form.get("brand_id") or form.get("brandId")
    if brand is not None and brand not in BRANDS:
        return faults.BRAND_INVALID, ()
    return None


def _prompt_fault(request: AuthorizeRequest) -> _Found | None:
    prompt = request.prompt
    if not prompt <= PROMPTS or ("none" in prompt and len(prompt) > 1):
        return faults.PARAMETER_INVALID, (("parameter", "prompt"),)
    return None


def _challenge_fault(form: Form, client: Client, request: AuthorizeRequest) -> _Found | None:
    """Public apps must, confidential apps may (ruling 12)."""
    if request.response_type != "code":
        return None
    if request.code_challenge is None:
        if client.auth_method is AuthMethod.NONE or form.get("code_challenge_method"):
            return authorize_faults.CHALLENGE_REQUIRED, ()
        return None
    method = form.get("code_challenge_method") or "plain"
    if method not in {"S256", "plain"} or (method == "plain" and Switch.PKCE_PLAIN not in client.switches):
        return authorize_faults.CHALLENGE_METHOD, ()
    if not pkce.is_well_formed(request.code_challenge):
        return authorize_faults.CHALLENGE_INVALID, ()
    return None
