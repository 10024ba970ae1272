"""The OAuth endpoints: tokens, their end, who somebody is, why something was refused, and where people sign in."""

from callgate.model import api_faults, authorize_faults, device_faults, faults, grant_faults, issuer_faults, sso_faults
from callgate.model.client import GrantType
from callgate.web import explain, sso
from callgate.web.authorize import AUTHORIZE
from callgate.web.device import AUTHORIZATION
from callgate.web.openapi.described import FORM, Answer, Body, Described, Descriptions, Parameter, Proof, Tag
from callgate.web.openapi.schema import Maybe, Named, nullable, part, record, text, whole, words
from callgate.web.openapi.shapes import INSTANT, rows
from callgate.web.sign_out import SIGN_OUT

TOKEN = "/restapi/oauth/token"
_JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_HTML = "text/html"

_SCOPE = text("Names separated by blanks; else everything the app has.")
_PROOF = {
    "client_id": Maybe(text("Where no header says it.")),
    "client_assertion_type": Maybe(words("How the app proves itself by a JWT.", (_JWT_BEARER,))),
    "client_assertion": Maybe(text("That JWT (RFC 7523 section 3).")),
}
_EVERY_GRANT = {
    "scope": Maybe(_SCOPE),
    "access_token_ttl": Maybe(whole("Seconds; beyond the app's own, that.", least=1)),
    "refresh_token_ttl": Maybe(whole("Seconds; 0 means no refresh token.", least=0)),
    "endpoint_id": Maybe(text("The instance's name; made up when none is sent.", most=128)),
    **_PROOF,
}


def _grant(grant: GrantType, called: str, /, *, about: str, **members: Maybe | dict[str, object]) -> Named:
    kind = {"type": "string", "const": grant.value}
    return record(called, about, grant_type=kind, **members, **_EVERY_GRANT)


GRANTS: dict[GrantType, Named] = {
    GrantType.AUTHORIZATION_CODE: _grant(
        GrantType.AUTHORIZATION_CODE,
        "CodeGrant",
        about="A code of the authorize endpoint.",
        code=dict(text("Good once, for a minute.")),
        redirect_uri=Maybe(text("If one was sent there, and the same.")),
        code_verifier=Maybe(text("If a challenge was sent there (RFC 7636).", least=43, most=128)),
    ),
    GrantType.REFRESH_TOKEN: _grant(
        GrantType.REFRESH_TOKEN,
        "RefreshGrant",
        about="The session's next pair.",
        refresh_token=dict(text("The newest; one whose reply was lost gives the same pair again.")),
    ),
    GrantType.JWT_BEARER: _grant(
        GrantType.JWT_BEARER,
        "JwtGrant",
        about="A person's JWT credential, or an outside issuer's token (RFC 7523).",
        assertion=dict(text("The JWT.")),
    ),
    GrantType.SAML2_BEARER: _grant(
        GrantType.SAML2_BEARER,
        "SamlGrant",
        about="An assertion of the account's identity provider (RFC 7522).",
        assertion=dict(text("One Assertion element, in base64url.")),
    ),
    GrantType.DEVICE_CODE: _grant(
        GrantType.DEVICE_CODE,
        "DeviceGrant",
        about="What a device without a browser was given, once a person has agreed (RFC 8628 section 3.4).",
        device_code=dict(text("Good once, for fifteen minutes.")),
    ),
    GrantType.CLIENT_CREDENTIALS: _grant(
        GrantType.CLIENT_CREDENTIALS,
        "ServiceGrant",
        about="The app itself, where an account allows it.",
        account_id=Maybe(text("Where several accounts do.", pattern="^[0-9]{1,18}$")),
    ),
    GrantType.PASSWORD: _grant(
        GrantType.PASSWORD,
        "PasswordGrant",
        about="A person's password; for apps registered for it, where single sign-on is not enforced.",
        username=dict(text("An e-mail address, `+16505550100`, or `+16505550100*102`.")),
        password=dict(text(form="password")),
        extension=Maybe(text("Where the username is a company number.")),
    ),
}
"""What each grant asks. Implicit has no request of its own here: the authorize endpoint answers it."""

TOKENS = record(
    "Tokens",
    "An access token and what belongs to it.",
    access_token=text(),
    token_type=words("", ("bearer",)),
    expires_in=whole("Seconds that remain.", least=0),
    refresh_token=Maybe(text("If the app gets any.")),
    refresh_token_expires_in=Maybe(whole("Seconds that remain.", least=0)),
    scope=text("Names separated by blanks."),
    owner_id=text("The extension's id."),
    endpoint_id=text("The instance's name."),
    session_id=text("The session's public name, which opens nothing."),
    session_expires_in=Maybe(whole("Seconds until the account's absolute time-out.", least=0)),
    session_expiration_time=Maybe(INSTANT),
    session_idle_timeout=Maybe(whole("Seconds.", least=1)),
    id_token=Maybe(text("If the scope has `openid`.")),
)

DEVICE = record(
    "DeviceAuthorization",
    "What a device waits with, and what it shows (RFC 8628 section 3.2).",
    device_code=text("What it asks for tokens with."),
    user_code=text("What a person enters.", pattern="^[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}$"),
    verification_uri=text("Where they enter it.", form="uri"),
    verification_uri_complete=text("The same with the code filled in.", form="uri"),
    expires_in=whole("Seconds.", least=1),
    interval=whole("Seconds between two polls, at least.", least=1),
)

CLAIMS = record(
    "Claims",
    "What the scope lets the app know of the person (OpenID Connect Core section 5.3).",
    sub=text("The extension's id."),
    account_id=text(),
    email=Maybe(text("With scope `email`.")),
    email_verified=Maybe({"type": "boolean"}),
    given_name=Maybe(text("With scope `profile`.")),
    family_name=Maybe(text("With scope `profile`.")),
)

EXPLANATION = record(
    "Explanation",
    "Why a request was refused.",
    requestId=text(),
    time=INSTANT,
    endpoint=text("Which endpoint refused."),
    errorCode=text(),
    error=text(),
    detail=nullable(text("What was found; null where it concerns a person rather than the app.")),
    remedy=text("What to do."),
    audience=words("Whom the detail is for.", faults.Audience),
)


_REQUEST = tuple(row for row in rows(faults) if row not in {faults.PATH_UNKNOWN, faults.EXPLANATION_UNKNOWN})
_AUTHORIZE_QUERY = (
    Parameter("response_type", words("`token` only for apps with that grant.", ("code", "token")), required=True),
    Parameter("client_id", text(), required=True),
    Parameter("redirect_uri", text("As registered, to the letter.", form="uri")),
    Parameter("state", text("Comes back as it is.", most=4096)),
    Parameter("scope", _SCOPE),
    Parameter("code_challenge", text("PKCE.", least=43, most=128)),
    Parameter("code_challenge_method", words("", ("S256", "plain"))),
    Parameter("prompt", text("Any of `login`, `sso`, `consent`, or `none` alone.")),
    Parameter("max_age", whole("Seconds since the sign-in, at most.", least=0)),
    Parameter("id_token_hint", text("The ID token of the person meant.")),
    Parameter("response_mode", words("", ("query", "fragment"))),
    Parameter("display", words("", ("page", "popup", "touch", "mobile"))),
    Parameter("ui_locales", text("Languages in order.")),
    Parameter("ui_options", text("`hide_logo`, `hide_remember_me`."), repeats=True),
    Parameter("login_hint", text("Filled into the login field.")),
    Parameter("nonce", text("Copied into the ID token.", most=512)),
    Parameter("brand_id", text("A brand's number.", pattern="^[0-9]{1,10}$")),
)
_SIGN_OUT_QUERY = (
    Parameter("id_token_hint", text("An ID token that the app got.")),
    Parameter("client_id", text()),
    Parameter("post_logout_redirect_uri", text("As registered, to the letter.", form="uri")),
    Parameter("state", text("Comes back as it is.", most=4096)),
    Parameter("ui_locales", text("Languages in order.")),
)
_GONE = Answer("On to the app, or to the next page.")
_PAGE = Answer("A page for the person.", {"type": "string"}, _HTML)


def _form_of(called: str, query: tuple[Parameter, ...]) -> Body:
    members = {each.name: each.kind if each.required else Maybe(each.kind) for each in query}
    return Body(record(called, "The same parameters as the query's, as a form.", **members), FORM)


def _seen(name: str, summary: str, *, query: tuple[Parameter, ...]) -> dict[str, Described]:
    """What people see, by GET and POST alike."""
    told = Described(
        name,
        Tag.SIGN_IN,
        summary,
        {200: _PAGE, 302: _GONE, 303: _GONE},
        refusals=(*rows(faults, authorize_faults), *rows(sso_faults)),
        is_oauth=True,
    )
    return {
        "GET": told._replace(query=query),
        "POST": told._replace(id=f"{name}ByPost", body=_form_of(f"{name[:1].upper()}{name[1:]}Form", query)),
    }


def _explained(name: str, *, body: Body | None = None) -> Described:
    return Described(
        name,
        Tag.TOKENS,
        "Why one of the app's own requests was refused, and what to do",
        {200: Answer("The explanation.", EXPLANATION)},
        proof=Proof.CLIENT,
        refusals=(*_REQUEST, faults.EXPLANATION_UNKNOWN),
        is_oauth=True,
        body=body,
    )


def _person(name: str) -> Described:
    return Described(
        name,
        Tag.SIGN_IN,
        "Who the bearer's person is",
        {200: Answer("Claims.", CLAIMS)},
        proof=Proof.BEARER,
        scope="openid",
        refusals=rows(api_faults),
    )


DESCRIBED: Descriptions = {
    ("POST", TOKEN): Described(
        "issueTokens",
        Tag.TOKENS,
        "Tokens for a grant",
        {200: Answer("Tokens.", TOKENS)},
        about="An app proves itself by a Basic header, a client assertion, or, if it keeps no secret, by its id alone.",
        body=Body({"oneOf": list(GRANTS.values())}, FORM),
        proof=Proof.CLIENT,
        refusals=(*_REQUEST, *rows(grant_faults, device_faults, issuer_faults, sso_faults)),
        is_oauth=True,
    ),
    ("POST", AUTHORIZATION): Described(
        "authorizeDevice",
        Tag.TOKENS,
        "Codes for a device without a browser",
        {200: Answer("Both codes.", DEVICE)},
        body=Body(record("DeviceRequest", "What the device is to be let do.", scope=Maybe(_SCOPE), **_PROOF), FORM),
        proof=Proof.CLIENT,
        refusals=(*_REQUEST, *rows(device_faults), grant_faults.GRANT_NOT_ALLOWED, grant_faults.SCOPE_INVALID),
        is_oauth=True,
    ),
    ("POST", "/restapi/oauth/revoke"): Described(
        "revokeToken",
        Tag.TOKENS,
        "The end of a token's whole session",
        {200: Answer("Done, or there was none: the two are not told apart (RFC 7009).")},
        body=Body(
            record(
                "Revocation",
                "What is to end.",
                token=text("An access or refresh token."),
                token_type_hint=Maybe(text("Ignored.")),
                **_PROOF,
            ),
            FORM,
        ),
        proof=Proof.CLIENT,
        refusals=_REQUEST,
        is_oauth=True,
    ),
    **{
        (method, AUTHORIZE): told
        for method, told in _seen(
            "authorize", "Signs a person in and asks whether the app may", query=_AUTHORIZE_QUERY
        ).items()
    },
    **{
        (method, SIGN_OUT): told
        for method, told in _seen("signOut", "Signs a person out", query=_SIGN_OUT_QUERY).items()
    },
    ("GET", "/restapi/oauth/userinfo"): _person("readUserinfo"),
    ("POST", "/restapi/oauth/userinfo"): _person("readUserinfoByPost"),
    ("GET", explain.PATH): _explained("explain"),
    ("POST", explain.PATH): _explained("explainByPost", body=Body(part(**_PROOF), FORM)),
    ("GET", sso.METADATA): Described(
        "readSamlMetadata",
        Tag.SIGN_IN,
        "What a SAML identity provider must know of us",
        {200: Answer("SAML metadata.", {"type": "string"}, "application/samlmetadata+xml")},
        refusals=(faults.PATH_UNKNOWN, faults.METHOD_NOT_ALLOWED, faults.TEMPORARILY_UNAVAILABLE),
        is_oauth=True,
    ),
}
