"""PyPI ringcentral 0.9.2: every way to log in that it has, then API calls, refresh, logout.

Its own `login_url` raises NameError in this version, whatever the server; the address is built as its quick start does.
"""

import base64
import hashlib
import secrets
import warnings
from urllib.parse import parse_qs, urlencode, urlsplit

from ringcentral import SDK
from ringcentral.http.api_exception import ApiException
from ringcentral.platform.platform import Platform

from tests.clients.py.flows import CALL_LOG, REDIRECT_URI, SINCE, ask, base_url, page, report, terms, visit, world

warnings.simplefilter("ignore")  # the SDK advises against passwords on every login
HELPER = world["people"]["helper"]
JWT = world["jwt_credentials"]["helper_script_only"]["jwt"]


def platform_for(app: str) -> Platform:
    """The SDK set up for one of the world's apps."""
    client = world["apps"][app]
    return SDK(client["client_id"], client["client_secret"] or "", base_url).platform()


def live(platform: Platform) -> dict[str, object]:
    """Whatever way it logged in: use the token, refresh it, log out; say what became of the tokens."""
    granted = platform.auth().data()
    calls = platform.get(CALL_LOG, {"dateFrom": SINCE}).json_dict()
    refreshed = platform.refresh().json_dict()
    old = ask(CALL_LOG, granted["access_token"])
    extension = platform.get("/account/~/extension/~").json_dict()
    logout = platform.logout().response()
    return {
        "granted": terms(granted),
        "calls": page(calls),
        "refreshed": terms(refreshed),
        "renewed": not {granted["access_token"], granted["refresh_token"]}
        & {refreshed["access_token"], refreshed["refresh_token"]},
        "old_access_token": old,
        "own_extension": str(extension["id"]) == refreshed["owner_id"],
        "logout": {"status": logout.status_code, "body": logout.text},
        "after_logout": ask(CALL_LOG, refreshed["access_token"]),
    }


def by_jwt() -> dict[str, object]:
    """A JWT credential."""
    platform = platform_for("script")
    platform.login(jwt=JWT)
    return live(platform)


def by_password() -> dict[str, object]:
    """The company's number, the person's extension and password."""
    platform = platform_for("script")
    number = world["accounts"]["main"]["main_number"]
    platform.login(username=number, extension=HELPER["extension_number"], password=HELPER["password"])
    return live(platform)


def by_code(app: str, *, pkce: bool) -> dict[str, object]:
    """A person at a browser."""
    platform = platform_for(app)
    query = {"response_type": "code", "client_id": world["apps"][app]["client_id"], "redirect_uri": REDIRECT_URI}
    verifier = secrets.token_urlsafe(32) if pkce else ""
    if pkce:
        digest = hashlib.sha256(verifier.encode()).digest()
        query["code_challenge"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        query["code_challenge_method"] = "S256"
    back = visit(f"{base_url}/restapi/oauth/authorize?{urlencode(query)}")
    code = parse_qs(urlsplit(back).query)["code"][0]
    platform.login(code=code, redirect_uri=REDIRECT_URI, verifier=verifier)
    return live(platform)


def refused(**credentials: str) -> dict[str, object]:
    """A login that must fail, as the SDK's exception tells it."""
    try:
        platform_for("script").login(**credentials)
    except ApiException as error:
        reply = error.api_response().response()
        return {"status": reply.status_code, "code": reply.json()["errors"][0]["errorCode"]}
    return {}


def keep_copy() -> dict[str, object]:
    """A copy of the company's log: begun, kept in step, and begun anew where the token is none."""
    platform = platform_for("script")
    platform.login(jwt=JWT)
    path = f"{CALL_LOG}-sync"
    full = platform.get(path, {"syncType": "FSync", "recordCount": 20, "view": "Detailed"}).json_dict()
    token = full["syncInfo"]["syncToken"]
    fresh = platform.get(path, {"syncType": "ISync", "syncToken": token}).json_dict()
    refusal = {}
    try:
        platform.get(path, {"syncType": "ISync", "syncToken": f"{token}A"})
    except ApiException as error:
        refusal = error.api_response().response().json()["errors"][0]
    return {
        "full": [full["syncInfo"]["syncType"], len(full["records"]), all("legs" in each for each in full["records"])],
        "fresh": [fresh["syncInfo"]["syncType"], fresh["records"]],
        "refused": [refusal.get("errorCode"), refusal.get("parameterName")],
    }


report(
    {
        "copy": keep_copy,
        "jwt": by_jwt,
        "password": by_password,
        "code": lambda: by_code("web", pkce=False),
        "code_pkce": lambda: by_code("web", pkce=True),
        "code_pkce_public": lambda: by_code("spa", pkce=True),
        "wrong_password": lambda: refused(username=HELPER["email"], password="no"),
        "expired_jwt": lambda: refused(jwt=world["jwt_credentials"]["agent_expired"]["jwt"]),
        "deleted_jwt": lambda: refused(jwt=world["jwt_credentials"]["agent_deleted"]["jwt"]),
    }
)
