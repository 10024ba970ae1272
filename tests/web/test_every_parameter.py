"""Every parameter of every endpoint turned into something else: a documented refusal, never a 5xx, nothing written.

One parameter at a time, in requests that are otherwise whole but get nothing: what they show is over or not allowed.
"""

import re
from urllib.parse import quote

import pytest

from callgate.model import authorize_faults, faults, operation
from callgate.model.operation import Operation
from tests.web.caller import JWT_BEARER, MYSELF, REVOKE, TOKEN, Caller, Session
from tests.web.catalogue import fault_of
from tests.web.nasty import NASTY, Turned, sane
from tests.web.paths import AUTHORIZE, CALLS, ENDPOINTS, REDIRECT_URI

pytestmark = pytest.mark.usefixtures("nothing_written")


def token_forms(caller: Caller, ended: Session) -> dict[str, tuple[str, dict[str, str]]]:
    """Of each grant a request that is whole and gets nothing: what it shows is over, deleted, wrong or not allowed."""
    world = caller.world
    return {
        "authorization_code": ("web", {"code": ended.access, "redirect_uri": REDIRECT_URI, "code_verifier": "v" * 43}),
        "refresh_token": ("script", {"refresh_token": ended.refresh, "access_token_ttl": "600", "endpoint_id": "e"}),
        "password": ("script", {"username": "+12025550100", "extension": "102", "password": "wrong"}),
        JWT_BEARER: ("script", {"assertion": world.jwt_credentials["agent_deleted"].jwt, "scope": "ReadAccounts"}),
        "client_credentials": ("service", {"account_id": world.accounts["other"].id, "scope": "ReadAccounts"}),
    }


@pytest.mark.parametrize("grant", ["authorization_code", "refresh_token", "password", JWT_BEARER, "client_credentials"])
def test_grant_is_refused_when_a_parameter_is_turned(
    caller: Caller, turned: Turned, ended: Session, grant: str
) -> None:
    """Each of a grant's own parameters, of the client's, and of those that every grant has."""
    app, fields = token_forms(caller, ended)[grant]
    fields = {"grant_type": grant, **fields}
    whole = caller.post(TOKEN, fields, caller.proof(app))
    assert fault_of(whole, TOKEN).status == 400
    names = [*fields, "client_id", "client_assertion", "client_assertion_type", "access_token_ttl", "refresh_token_ttl"]
    names += ["scope", "endpoint_id", "brand_id", "brandId", "account_id", "unheard_of"]
    # A wrong password costs a hash each time, and its parameters are read like the others'.
    values = NASTY if grant != "password" else NASTY[:: len(NASTY) // 6]
    for name, value in turned(list(dict.fromkeys(names)), values):
        form = "&".join(f"{key}={quote(text)}" for key, text in fields.items() if key != name)
        answer = sane(caller.post(TOKEN, f"{form}&{name}={value}".encode(), caller.proof(app)))
        fault_of(answer, TOKEN)


def test_revocation_is_refused_or_void_when_a_parameter_is_turned(
    caller: Caller, turned: Turned, ended: Session
) -> None:
    """200 for what may be a token (RFC 7009 section 2.2), a refusal for the rest."""
    names = ("token", "token_type_hint", "client_id", "client_secret", "client_assertion", "unheard_of")
    for name, value in turned(names, NASTY):
        form = f"{name}={value}" if name == "token" else f"token={ended.access}&{name}={value}"
        answer = sane(caller.post(REVOKE, form.encode(), caller.proof("script")))
        assert answer.status == 200 or fault_of(answer, REVOKE).code


AUTHORIZE_PARAMETERS = (
    *(
        "response_type",
        "client_id",
        "redirect_uri",
        "state",
        "scope",
        "code_challenge",
        "code_challenge_method",
        "nonce",
    ),
    *("prompt", "display", "ui_locales", "localeId", "ui_options", "login_hint", "brand_id", "brandId", "form_state"),
    *("request", "request_uri", "max_age", "id_token_hint", "acr_values", "response_mode", "discovery", "unheard_of"),
)


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
@pytest.mark.parametrize("app", ["web", "spa", "nouri", "implicit"])
def test_authorization_is_refused_or_shown_when_a_parameter_is_turned(
    caller: Caller, turned: Turned, app: str, accept: str
) -> None:
    """A page, a refusal, or a redirect to the registered URI: to another, never."""
    fields = {
        "response_type": "token" if app == "implicit" else "code",
        "client_id": caller.world.apps[app].client_id,
        "redirect_uri": REDIRECT_URI,
        "state": "s",
        "code_challenge": "c" * 43,
        "code_challenge_method": "S256",
    }
    for name, value in turned(AUTHORIZE_PARAMETERS, NASTY):
        query = "&".join(f"{key}={quote(text, safe='')}" for key, text in fields.items() if key != name)
        answer = sane(caller.get(f"{AUTHORIZE}?{query}&{name}={value}", f"Accept: {accept}"))
        assert answer.headers["cache-control"] == "no-store"
        if answer.status in {302, 303}:
            uri, mark, back = re.split("([?#])", answer.headers["location"], maxsplit=1)
            assert (uri, back[:6]) == (REDIRECT_URI, "error=")
            assert mark == "?" or app == "implicit"
        elif accept == "text/html":
            assert answer.headers["content-type"].startswith("text/html")
            assert answer.headers["content-security-policy"]
        elif answer.status != 200:
            fault_of(answer, AUTHORIZE)


@pytest.mark.parametrize("path", ["/restapi/oauth/sign-in", "/restapi/oauth/consent"])
def test_page_form_is_refused_when_nobody_was_shown_it(caller: Caller, turned: Turned, path: str) -> None:
    """Whatever its fields say, without the sealed state of a page of ours it does nothing."""
    expected = {authorize_faults.FORM_EXPIRED, faults.BODY_MALFORMED, faults.PARAMETER_DUPLICATED}
    names = ("form_state", "action", "username", "password", "extension", "remember_me", "unheard_of")
    for name, value in turned(names, NASTY):
        body = f"{name}={value}&action=sign-in" if name != "action" else f"{name}={value}"
        answer = sane(caller.post(path, body.encode(), "Cookie: callgate_browser=x; callgate_sign_in=y"))
        assert fault_of(answer, path) in expected


CALL_PARAMETERS = (
    *(
        "dateFrom",
        "dateTo",
        "page",
        "perPage",
        "type",
        "direction",
        "view",
        "extensionNumber",
        "phoneNumber",
        "sessionId",
    ),
    *("showBlocked", "showDeleted", "withRecording", "recordingType", "transport", "telephonySessionId", "unheard_of"),
)
LIST_PARAMETERS = ("status", "type", "email", "extensionNumber", "extensionId", "page", "perPage", "unheard_of")


@pytest.mark.parametrize(
    ("path", "names"),
    [
        (CALLS, CALL_PARAMETERS),
        (f"{MYSELF}/call-log", CALL_PARAMETERS),
        ("/restapi/v1.0/account/~/extension", LIST_PARAMETERS),
        ("/restapi/v1.0/account/~/call-queues", ("memberExtensionId", "page", "perPage", "unheard_of")),
        (MYSELF, ("unheard_of", "access_token")),
    ],
)
def test_call_is_refused_or_answered_when_a_parameter_is_turned(
    caller: Caller, turned: Turned, session: Session, path: str, names: tuple[str, ...]
) -> None:
    """A list, or the name of the parameter that cannot be meant."""
    for name, value in turned(names, NASTY):
        query = f"{name}={value}" if name == "perPage" else f"perPage=1&{name}={value}"
        answer = sane(caller.get(f"{path}?{query}", f"Authorization: Bearer {session.access}"))
        assert answer.status == 200 or fault_of(answer, path).code


ID_NAMES = ("accountId", "extensionId", "callRecordId", "groupId", "roleId", "permissionId", "permissionCategoryId")
ID = re.compile(rf"(?<=/)(?:{'|'.join(ID_NAMES)}|requestId)(?=/|$)")
BEYOND = {
    each.path.replace("{", "").replace("}", "")
    for each in vars(operation).values()
    if isinstance(each, Operation) and each.method == "GET" and each.scope not in {None, "ReadAccounts", "ReadCallLog"}
}
"""Paths that the session's app may not read: it is told so whatever the ids are."""
IDS = [path for path, methods, _ in ENDPOINTS if "GET" in methods and ID.search(path) and path not in BEYOND]


@pytest.mark.parametrize("path", IDS)
def test_resource_is_not_found_when_its_id_is_turned(
    caller: Caller, turned: Turned, session: Session, path: str
) -> None:
    """404 for what is no id and for what is nobody's, and never another account's."""
    proof = caller.proof("script") if "explanations" in path else f"Authorization: Bearer {session.access}"
    others = (caller.world.accounts["other"].id, "~~", "me", "%7E%7E", "0" * 20)
    for name, value in turned(ID.findall(path), (*NASTY, *others)):
        segment = value.replace("/", "%252f").replace("?", "").replace("#", "")
        answer = sane(caller.get(ID.sub("~", path.replace(name, segment, 1)), proof))
        assert answer.status in {400, 404}, (path, name, value)
        fault_of(answer, path)
