"""Every grant as a Postman request: those with a story of their own here, the rest from the server's description."""

from collections.abc import Iterator, Mapping

from callgate.admin.postman_reads import at, listed, texts
from callgate.admin.postman_requests import TOKEN, Ask

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_PAGE = (("Accept", "text/html"),)
_FORM_STATE = (
    'const state = pm.response.text().match(/name="form_state" value="([^"]+)"/);',
    'pm.test("a page with a form", () => pm.expect(state).to.not.be.null);',
    'pm.collectionVariables.set("form_state", state ? state[1] : "");',
)
_TOKENS = (
    "const tokens = pm.response.json();",
    'pm.test("a bearer token", () => pm.expect(tokens.token_type).to.eql("bearer"));',
)
_PKCE = (
    "const verifier = CryptoJS.lib.WordArray.random(32).toString(CryptoJS.enc.Hex);",
    "const digest = CryptoJS.SHA256(verifier).toString(CryptoJS.enc.Base64);",
    'pm.collectionVariables.set("code_verifier", verifier);',
    "pm.collectionVariables.set(",
    '  "code_challenge",',
    '  digest.replace(/\\+/g, "-").replace(/\\//g, "_").replace(/=+$/, ""),',
    ");",
)


def _keep(**names: str) -> tuple[str, ...]:
    return tuple(f'pm.collectionVariables.set("{name}", tokens.{member});' for name, member in names.items())


def _grant(grant: str, **fields: str) -> tuple[tuple[str, str], ...]:
    return (("grant_type", grant), *fields.items())


def without_a_browser() -> list[Ask]:
    """What scripts do; the last pair is what the reads are made with."""
    return [
        Ask(
            name="Client credentials: the app itself",
            client="service",
            form=_grant("client_credentials"),
            then=(
                *_TOKENS,
                'pm.test("no refresh token", () => pm.expect(tokens).to.not.have.property("refresh_token"));',
            ),
        ),
        Ask(
            name="Password",
            client="script",
            form=_grant("password", username="{{person_email}}", password="{{person_password}}"),
            then=(*_TOKENS, *_keep(spare_token="access_token")),
        ),
        Ask(
            name="Revoke: the whole session ends",
            path="/restapi/oauth/revoke",
            client="script",
            form=(("token", "{{spare_token}}"),),
        ),
        Ask(
            name="Outside issuer: a job's own token",
            form=_grant(JWT_BEARER, assertion="{{outside_token}}", client_id="{{outside_client_id}}"),
            then=_TOKENS,
        ),
        *_refreshes(),
    ]


def _refreshes() -> list[Ask]:
    refresh = _grant("refresh_token", refresh_token="{{refresh_token}}")
    return [
        Ask(
            name="JWT credential",
            client="script",
            form=_grant(JWT_BEARER, assertion="{{jwt}}"),
            then=(*_TOKENS, *_keep(access_token="access_token", refresh_token="refresh_token", granted="scope")),
        ),
        Ask(
            name="Refresh",
            client="script",
            form=refresh,
            then=(
                *_TOKENS,
                'pm.test("a new pair", () => {',
                '  pm.expect(tokens.access_token).to.not.eql(pm.variables.get("access_token"));',
                '  pm.expect(tokens.refresh_token).to.not.eql(pm.variables.get("refresh_token"));',
                "});",
                'pm.collectionVariables.set("old_access_token", pm.variables.get("access_token"));',
                *_keep(access_token="access_token", next_refresh_token="refresh_token"),
            ),
        ),
        Ask(
            name="Refresh again, as after a lost reply: the very same pair",
            client="script",
            form=refresh,
            then=(
                *_TOKENS,
                'pm.test("the same pair", () => {',
                '  pm.expect(tokens.access_token).to.eql(pm.variables.get("access_token"));',
                '  pm.expect(tokens.refresh_token).to.eql(pm.variables.get("next_refresh_token"));',
                "});",
            ),
        ),
    ]


def at_a_browser() -> list[Ask]:
    """What a browser does, step by step: the pages are HTML forms, and Postman keeps their cookies."""
    return [
        Ask(
            name="Code 1: the app sends the browser",
            method="GET",
            path="/restapi/oauth/authorize",
            query=(
                ("response_type", "code"),
                ("client_id", "{{spa_client_id}}"),
                ("redirect_uri", "{{redirect_uri}}"),
                ("scope", "openid ReadAccounts ReadCallLog"),
                ("state", "a-state"),
                ("prompt", "login"),
                ("code_challenge", "{{code_challenge}}"),
                ("code_challenge_method", "S256"),
            ),
            headers=_PAGE,
            before=_PKCE,
            then=_FORM_STATE,
        ),
        Ask(
            name="Code 2: the person signs in",
            path="/restapi/oauth/sign-in",
            headers=_PAGE,
            form=(
                ("form_state", "{{form_state}}"),
                ("username", "{{person_email}}"),
                ("password", "{{person_password}}"),
                ("action", "sign-in"),
            ),
            status=303,
            then=('pm.collectionVariables.set("next_path", pm.response.headers.get("Location"));',),
        ),
        Ask(
            name="Code 3: the app's wishes are shown",
            method="GET",
            path="{{base_url}}{{next_path}}",
            headers=_PAGE,
            then=_FORM_STATE,
        ),
        _consent(
            "Code 4: the person agrees, and the browser goes back",
            gets="code",
            more=('pm.test("the state came back", () => pm.expect(back.get("state")).to.eql("a-state"));',),
        ),
        *_after_the_browser(),
    ]


def _device() -> list[Ask]:
    return [
        Ask(
            name="Device 1: it is given a code to show",
            path="/restapi/oauth/device-authorization",
            form=(("client_id", "{{device_client_id}}"), ("scope", "ReadCallLog")),
            then=(
                "const shown = pm.response.json();",
                'pm.collectionVariables.set("device_code", shown.device_code);',
                'pm.collectionVariables.set("user_code", shown.user_code);',
            ),
        ),
        Ask(
            name="Device 2: the person enters the code in the same browser",
            path="/restapi/oauth/device",
            headers=_PAGE,
            form=(("user_code", "{{user_code}}"), ("action", "continue")),
            then=_FORM_STATE,
        ),
        Ask(
            name="Device 3: the person agrees",
            path="/restapi/oauth/consent",
            headers=_PAGE,
            form=(("form_state", "{{form_state}}"), ("action", "authorize")),
        ),
        Ask(
            name="Device 4: it has its tokens",
            form=_grant(DEVICE_CODE, client_id="{{device_client_id}}", device_code="{{device_code}}"),
            then=_TOKENS,
        ),
    ]


def _after_the_browser() -> list[Ask]:
    return [
        Ask(
            name="Code 5: the app exchanges the code",
            form=_grant(
                "authorization_code",
                client_id="{{spa_client_id}}",
                code="{{code}}",
                redirect_uri="{{redirect_uri}}",
                code_verifier="{{code_verifier}}",
            ),
            then=(
                *_TOKENS,
                'pm.test("an ID token", () => pm.expect(tokens.id_token.split(".")).to.have.length(3));',
                *_keep(person_token="access_token"),
            ),
        ),
        Ask(
            name="Code 6: who it is",
            method="GET",
            path="/restapi/oauth/userinfo",
            bearer="person_token",
            then=('pm.test("a subject", () => pm.expect(pm.response.json().sub).to.match(/^[0-9]+$/));',),
        ),
        Ask(
            name="Implicit 1: an old app sends the same browser",
            method="GET",
            path="/restapi/oauth/authorize",
            query=(
                ("response_type", "token"),
                ("client_id", "{{implicit_client_id}}"),
                ("redirect_uri", "{{redirect_uri}}"),
            ),
            headers=_PAGE,
            then=_FORM_STATE,
        ),
        _consent("Implicit 2: the token comes in the fragment", gets="access_token"),
        *_device(),
    ]


def _consent(name: str, *, gets: str, more: tuple[str, ...] = ()) -> Ask:
    return Ask(
        name=name,
        path="/restapi/oauth/consent",
        headers=_PAGE,
        form=(("form_state", "{{form_state}}"), ("action", "authorize")),
        status=303,
        then=(
            'const back = new Map(pm.response.headers.get("Location").split(/[?#]/)[1].split("&")',
            '  .map((pair) => pair.split("=").map(decodeURIComponent)));',
            f'pm.test("a {gets}", () => pm.expect(back.get("{gets}")).to.be.a("string").that.is.not.empty);',
            f'pm.collectionVariables.set("{"code" if gets == "code" else "implicit_token"}", back.get("{gets}"));',
            *more,
        ),
    )


def described(document: Mapping[str, object], told: list[Ask]) -> Iterator[Ask]:
    """A request for each grant of the description that nothing else asks for; what it needs is filled in by hand."""
    known = {value for ask in told for name, value in ask.form if name == "grant_type"}
    form = at(document, "paths", TOKEN, "post", "requestBody", "content", "application/x-www-form-urlencoded", "schema")
    for choice in listed(form["oneOf"]):
        schema = at(document, "components", "schemas", str(choice["$ref"]).rpartition("/")[2])
        grant = str(at(schema, "properties", "grant_type")["const"])
        if grant not in known:
            needed = [name for name in texts(schema["required"]) if name != "grant_type"]
            fields = {name: f"{{{{{variable(grant, name)}}}}}" for name in needed}
            yield Ask(name=str(schema["description"]), client="script", form=_grant(grant, **fields), then=_TOKENS)


def variable(grant: str, member: str) -> str:
    """What a member of a grant is called in the environment: `saml2_bearer_assertion`, `device_code`."""
    short = grant.rpartition(":")[2].replace("-", "_")
    return short if short == member else f"{short}_{member}"
