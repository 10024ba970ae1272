"""Refusals as Postman requests: what people get wrong, and the code each must be answered with (docs/mistakes.md)."""

from callgate.admin.postman_grants import DEVICE_CODE, JWT_BEARER
from callgate.admin.postman_requests import Ask, asking, refusal

_CALLS = "/restapi/v1.0/account/~/call-log"
_REVOKE = "/restapi/oauth/revoke"
_AUTHORIZE = "/restapi/oauth/authorize"
_FORM = "application/x-www-form-urlencoded"
_SERVICE = (("grant_type", "client_credentials"),)
_GET = {"method": "GET"}


def _jwt(assertion: str) -> tuple[tuple[str, str], ...]:
    return (("grant_type", JWT_BEARER), ("assertion", assertion))


def _password(username: str, password: str = "wrong") -> tuple[tuple[str, str], ...]:
    return (("grant_type", "password"), ("username", username), ("password", password))


def _at_token(name: str, code: str, *, form: tuple[tuple[str, str], ...], client: str | None = "script") -> Ask:
    return asking(refusal(name, code), form=form, client=client)


def of_requests() -> list[Ask]:
    """The request itself, and who sends it."""
    return [
        asking(refusal("GET", "CGT-106", status=405), **_GET),
        asking(refusal("JSON", "CGT-103", status=415), client="script", raw=("application/json", "{}")),
        asking(refusal("A broken escape", "CGT-104"), client="script", raw=(_FORM, "grant_type=%zz")),
        asking(
            refusal("A parameter twice", "OAU-111"),
            client="script",
            form=(("grant_type", "password"), ("grant_type", "password")),
        ),
        asking(
            refusal("A secret in the address", "CGT-105"),
            client="script",
            query=(("password", "secret"),),
            form=_password("{{person_email}}"),
        ),
        _at_token("No grant type", "CGT-101", form=(("code", "x"),)),
        _at_token("A grant's short name", "OAU-250", form=(("grant_type", "jwt-bearer"),)),
        _at_token("No proof of the client", "OAU-123", form=_SERVICE, client=None),
        _at_token(
            "A client id of nobody's", "OAU-153", form=(*_SERVICE, ("client_id", "YourAppClientId")), client=None
        ),
        _at_token("A wrong secret", "OAU-146", form=_SERVICE, client="wrong"),
        asking(
            refusal("Basic without base64", "OAU-156"), form=_SERVICE, headers=(("Authorization", "Basic id:secret"),)
        ),
        asking(
            refusal("Another client in the body than in the header", "OAU-116"),
            client="script",
            form=(*_SERVICE, ("client_id", "{{service_client_id}}")),
        ),
        asking(refusal("Revocation without a token", "CMN-101"), path=_REVOKE, client="script", form=(("token", ""),)),
        asking(refusal("A path that is not there", "AGW-404", status=404), path="/restapi/oauth/tokens", **_GET),
    ]


def of_grants() -> list[Ask]:
    """What a grant brings."""
    return [
        _at_token("A grant the app has not", "OAU-251", form=_SERVICE),
        _at_token(
            "An account that has not allowed the app",
            "OAU-251",
            form=(*_SERVICE, ("account_id", "{{other_account_id}}")),
            client="service",
        ),
        _at_token("Scopes the app has not", "CGT-111", form=(*_jwt("{{jwt}}"), ("scope", "CallLog Messages"))),
        _at_token("A wrong password", "OAU-140", form=_password("{{person_email}}")),
        _at_token("No password", "CGT-112", form=(("grant_type", "password"), ("username", "{{person_email}}"))),
        _at_token("Somebody disabled", "OAU-141", form=_password("{{disabled_email}}", "{{disabled_password}}")),
        _at_token("A call queue", "OAU-163", form=_password("{{queue_email}}", "{{queue_password}}")),
        _at_token("Half a JWT", "OAU-331", form=_jwt("eyJhbGciOiJFUzI1NiJ9")),
        _at_token("A JWT of one's own", "OAU-347", form=_jwt("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln")),
        _at_token("A JWT credential for another app", "CGT-115", form=_jwt("{{jwt_of_one_app}}"), client="norefresh"),
        _at_token("A JWT credential whose day is over", "CGT-114", form=_jwt("{{jwt_expired}}")),
        _at_token("A JWT credential that was deleted", "CGT-113", form=_jwt("{{jwt_deleted}}")),
        _at_token(
            "A JWT credential at another company's app", "CGT-115", form=_jwt("{{jwt}}"), client="foreign_private"
        ),
        _at_token(
            "A code of nobody's", "OAU-106", form=(("grant_type", "authorization_code"), ("code", "x")), client="web"
        ),
        _at_token(
            "The same code again",
            "OAU-106",
            form=(
                ("grant_type", "authorization_code"),
                ("client_id", "{{spa_client_id}}"),
                ("code", "{{code}}"),
                ("redirect_uri", "{{redirect_uri}}"),
            ),
            client=None,
        ),
        _at_token(
            "A device code of nobody's",
            "CGT-184",
            form=(("grant_type", DEVICE_CODE), ("client_id", "{{device_client_id}}"), ("device_code", "x")),
            client=None,
        ),
        _at_token(
            "A refresh token of nobody's", "OAU-213", form=(("grant_type", "refresh_token"), ("refresh_token", "x"))
        ),
    ]


def of_authorize() -> list[Ask]:
    """What an app gets wrong where people sign in."""
    asked = (("response_type", "code"), ("client_id", "{{web_client_id}}"))
    there = {**_GET, "path": _AUTHORIZE}
    wrong = "http://localhost:5000/elsewhere"
    return [
        asking(refusal("A redirect URI that differs", "OAU-109"), **there, query=(*asked, ("redirect_uri", wrong))),
        asking(
            refusal("An app without a redirect URI", "OAU-113", status=403),
            **there,
            query=(("response_type", "code"), ("client_id", "{{nouri_client_id}}")),
        ),
        asking(
            refusal("A client id of nobody's", "OAU-153"),
            **there,
            query=(("response_type", "code"), ("client_id", "YourAppClientId")),
        ),
        _sent_back("No PKCE from an app without a secret", "{{spa_client_id}}", error="invalid_request"),
        _sent_back(
            "prompt=none before anybody signed in", "{{web_client_id}}", ("prompt", "none"), error="login_required"
        ),
    ]


def of_calls() -> list[Ask]:
    """What a bearer gets wrong."""
    read = {**_GET, "path": _CALLS}
    bearing = {**read, "bearer": "access_token"}
    return [
        asking(refusal("No token", "AGW-401", status=401), **read),
        asking(
            refusal("A token alone", "AGW-402", status=401), **read, headers=(("Authorization", "{{access_token}}"),)
        ),
        asking(refusal("A JWT credential as token", "OAU-149", status=401), **read, bearer="jwt"),
        asking(refusal("A refresh token as token", "OAU-149", status=401), **read, bearer="next_refresh_token"),
        asking(refusal("A token that was revoked", "OAU-213", status=401), **read, bearer="spare_token"),
        asking(refusal("The access token before a refresh", "OAU-129", status=401), **read, bearer="old_access_token"),
        asking(refusal("A filter's wrong value", "CMN-101"), **bearing, query=(("direction", "Sideways"),)),
        asking(
            refusal("Two filters that exclude each other", "CLG-110"),
            **bearing,
            query=(("extensionNumber", "101"), ("phoneNumber", "12025550100")),
        ),
        asking(
            refusal("Another company's account", "CMN-102", status=404),
            **_GET,
            path="/restapi/v1.0/account/{{other_account_id}}/call-log",
            bearer="access_token",
        ),
        asking(
            refusal("A scope the app has not", "CMN-401", status=403),
            path="/restapi/v1.0/account/~/user-role",
            bearer="access_token",
            raw=("application/json", '{"displayName": "x"}'),
        ),
        asking(
            refusal("A permission the person has not", "CMN-408", status=403),
            **_GET,
            path="/restapi/v1.0/account/~/user-role",
            bearer="person_token",
        ),
        asking(refusal("DELETE where nothing can be deleted", "AGW-405", status=405), method="DELETE", path=_CALLS),
        Ask(
            name="Why the next one is refused: the request",
            client="script",
            form=_SERVICE,
            status=400,
            then=('pm.collectionVariables.set("request_id", pm.response.headers.get("RCRequestId"));',),
        ),
        Ask(
            name="Why it was refused: the explanation",
            method="GET",
            path="/restapi/oauth/explanations/{{request_id}}",
            client="script",
            then=(
                "const explained = pm.response.json();",
                'pm.test("the code and the rule", () => {',
                '  pm.expect(explained.errorCode).to.eql("OAU-251");',
                '  pm.expect(explained.detail).to.include("client_credentials");',
                "});",
            ),
        ),
    ]


def _sent_back(name: str, client_id: str, *more: tuple[str, str], error: str) -> Ask:
    asked = (("response_type", "code"), ("client_id", client_id), ("redirect_uri", "{{redirect_uri}}"))
    return Ask(
        name=name,
        method="GET",
        path=_AUTHORIZE,
        query=(*asked, *more),
        status=302,
        then=(
            'const back = pm.response.headers.get("Location");',
            f'pm.test("the app is told {error}", () => pm.expect(back).to.include("error={error}"));',
        ),
    )
