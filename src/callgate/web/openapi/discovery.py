"""Documents that say where everything is and what this server can do, and whether it lives."""

from callgate.model import api_faults, faults
from callgate.web.openapi.described import Answer, Described, Descriptions, Parameter, Proof, Tag
from callgate.web.openapi.schema import Kind, Maybe, anything, many, part, record, text, whole, words
from callgate.web.openapi.shapes import URI, rows

OPENAPI = "/restapi/openapi.json"

_ADDRESS = text(form="uri")
_NAMES = many(text())
_YES_NO = {"type": "boolean"}
_UNAVAILABLE = (api_faults.INTERNAL_ERROR, api_faults.UNAVAILABLE)

METADATA = record(
    "Metadata",
    "What some app of this server may use (OpenID Connect Discovery, RFC 8414).",
    device_authorization_endpoint=Maybe(text("While an app has the device grant.", form="uri")),
    **dict.fromkeys(
        (
            "issuer",
            "authorization_endpoint",
            "token_endpoint",
            "revocation_endpoint",
            "userinfo_endpoint",
            "jwks_uri",
            "end_session_endpoint",
        ),
        _ADDRESS,
    ),
    **dict.fromkeys(
        (
            "scopes_supported",
            "response_types_supported",
            "response_modes_supported",
            "grant_types_supported",
            "subject_types_supported",
            "token_endpoint_auth_methods_supported",
            "token_endpoint_auth_signing_alg_values_supported",
            "revocation_endpoint_auth_methods_supported",
            "userinfo_signing_alg_values_supported",
            "id_token_signing_alg_values_supported",
            "display_values_supported",
            "prompt_values_supported",
            "claims_supported",
            "ui_locales_supported",
            "code_challenge_methods_supported",
        ),
        _NAMES,
    ),
    **dict.fromkeys(
        (
            "claims_parameter_supported",
            "request_parameter_supported",
            "request_uri_parameter_supported",
            "authorization_response_iss_parameter_supported",
        ),
        _YES_NO,
    ),
)
KEY_SET = record(
    "KeySet",
    "Public keys of ID tokens (RFC 7517).",
    keys=many({**anything("A JWK."), "required": ["kty", "kid", "use", "alg"]}),
)

_API_VERSION = {"uri": URI, "versionString": text(), "releaseDate": text(form="date-time"), "uriString": text()}
VERSIONS = record(
    "Versions",
    "The versions of the API, and the server's.",
    uri=URI,
    apiVersions=many(part(**_API_VERSION)),
    serverVersion=text(),
    serverRevision=text(),
)
VERSION = record(
    "Version",
    "One version of the API, and the server's.",
    **_API_VERSION,
    apiVersions=many(part(**_API_VERSION)),
    serverVersion=text(),
    serverRevision=text(),
)

_SECTIONS = {
    name: anything("Addresses of a service: all of them are this server.")
    for name in ("coreApi", "rcv", "rcm", "edc", "glip", "rcw", "featureFlagsApi", "mvpApp")
}
_ENTRY_POINTS: dict[str, Kind | Maybe] = {
    "version": text(),
    "brandId": text(),
    "expiresIn": Maybe(whole("Seconds.", least=1)),
    "retryCount": whole(least=0),
    "retryInterval": whole(least=0),
    "retryCycleDelay": Maybe(whole(least=0)),
    "discoveryApi": anything("Where the documents like this are."),
    "authApi": anything("Where to sign in and get tokens."),
    **_SECTIONS,
}
ENTRY_POINTS = record("EntryPoints", "Where everything is, as the JavaScript SDK reads it.", **_ENTRY_POINTS)


def _read(name: str, summary: str, *, answer: Answer, tag: Tag = Tag.DISCOVERY) -> Described:
    return Described(name, tag, summary, {200: answer}, refusals=_UNAVAILABLE)


DESCRIBED: Descriptions = {
    ("GET", "/.well-known/openid-configuration"): _read(
        "readOpenidConfiguration", "What this server can do (OpenID Connect)", answer=Answer("The document.", METADATA)
    ),
    ("GET", "/.well-known/oauth-authorization-server"): _read(
        "readServerMetadata", "What this server can do (RFC 8414)", answer=Answer("The same document.", METADATA)
    ),
    ("GET", "/restapi/oauth/jwks"): Described(
        "readKeys",
        Tag.DISCOVERY,
        "The public keys of ID tokens",
        {200: Answer("A JWK Set.", KEY_SET)},
        refusals=(faults.SERVER_ERROR, faults.TEMPORARILY_UNAVAILABLE),
        is_oauth=True,
    ),
    ("GET", "/.well-known/entry-points/initial"): _read(
        "readInitialEntryPoints", "Where to get a first token", answer=Answer("The document.", ENTRY_POINTS)
    )._replace(query=(Parameter("brandId", text("A brand's number.", pattern="^[0-9]{1,10}$")),)),
    ("GET", "/.well-known/entry-points/external"): _read(
        "readExternalEntryPoints", "Where the bearer's account lives", answer=Answer("The document.", ENTRY_POINTS)
    )._replace(
        proof=Proof.BEARER,
        refusals=rows(api_faults),
    ),
    ("GET", "/restapi"): _read("readVersions", "The versions of the API", answer=Answer("All of them.", VERSIONS)),
    ("GET", "/restapi/v1.0"): _read("readVersion", "This version of the API", answer=Answer("This one.", VERSION)),
    ("GET", OPENAPI): _read(
        "readOpenapi", "This document", answer=Answer("OpenAPI 3.1.", anything("An OpenAPI document.")), tag=Tag.SERVER
    ),
    ("GET", "/health/live"): _read(
        "readHealth",
        "Whether the process answers",
        answer=Answer("It does.", record("Health", "A sign of life.", status=words("", ("live",)))),
        tag=Tag.SERVER,
    ),
    ("GET", "/health/ready"): Described(
        "readReadiness",
        Tag.SERVER,
        "Whether the server can do all that it is for",
        {
            200: Answer("It can.", record("Ready", "It can.", status=words("", ("ready",)))),
            503: Answer(
                "It cannot. Tokens are accepted all the same where it is read-only, unwritable or stalled.",
                record(
                    "NotReady",
                    "What it can do.",
                    status=words("", ("read-only", "unwritable", "stalled", "unreachable", "failed", "stopped")),
                ),
            ),
        },
        refusals=(api_faults.INTERNAL_ERROR,),
    ),
}
