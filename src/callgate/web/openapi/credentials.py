"""JWT credentials, made and replaced by programs."""

from callgate.model import api_faults, operation
from callgate.model.client_secret import OVERLAP_MAX_MS
from callgate.web.openapi.described import Link, Tag, Told
from callgate.web.openapi.schema import Maybe, flag, many, record, text, whole
from callgate.web.openapi.shapes import INSTANT, PAGES, URI, listing

_ID = text("The credential's id.", pattern="^[1-9][0-9]{0,18}$")
_LABEL = text("What it is for: 1 to 64 characters.", least=1, most=64)
_CLIENT_ID = text("An app's client id.", least=1, most=128)
_EXPIRY = text("When it ends: at most 90 days from now.", form="date-time")

CREDENTIAL = record(
    "JwtCredential",
    "What an unattended app gets a person's tokens with.",
    uri=URI,
    id=_ID,
    label=_LABEL,
    allApps=flag("Whether it is for all apps of the person's organisation."),
    clientIds=Maybe(many(_CLIENT_ID, "The apps it is for, where it is not for all.")),
    creationTime=INSTANT,
    expirationTime=Maybe(INSTANT),
    lastUseTime=Maybe(text("To the hour.", form="date-time")),
    replacementTime=Maybe(text("When it was given a successor.", form="date-time")),
    advice=Maybe(text("Whether it can go.")),
    jwt=Maybe(text("The credential itself: only in the reply that made it.")),
)
NEW = record(
    "NewJwtCredential",
    "A credential to be.",
    label=_LABEL,
    clientIds=many(_CLIENT_ID, "The apps it is for, none of which may do more than the token.", least=1, most=50),
    expirationTime=_EXPIRY,
)
REPLACEMENT = record(
    "JwtCredentialReplacement",
    "A successor to be, for the same apps.",
    overlap=Maybe(
        {
            **whole("How many seconds both count.", least=0, most=OVERLAP_MAX_MS // 1000),
            "default": 604_800,
        }
    ),
    expirationTime=_EXPIRY,
)
_BEYOND = (api_faults.CREDENTIAL_EXCEEDS_TOKEN,)

TOLD = (
    Told(
        operation.LIST_CREDENTIALS,
        "listJwtCredentials",
        Tag.CREDENTIALS,
        listing("JwtCredentialList", CREDENTIAL, about="A page of somebody's JWT credentials."),
        PAGES,
        leads=(Link("readJwtCredential", "credentialId", "/records/0/id"),),
    ),
    Told(
        operation.CREATE_CREDENTIAL,
        "createJwtCredential",
        Tag.CREDENTIALS,
        CREDENTIAL,
        takes=NEW,
        status=201,
        leads=tuple(
            Link(name, "credentialId", "/id")
            for name in ("readJwtCredential", "replaceJwtCredential", "deleteJwtCredential")
        ),
        refusals=_BEYOND,
    ),
    Told(operation.READ_CREDENTIAL, "readJwtCredential", Tag.CREDENTIALS, CREDENTIAL),
    Told(
        operation.REPLACE_CREDENTIAL,
        "replaceJwtCredential",
        Tag.CREDENTIALS,
        CREDENTIAL,
        takes=REPLACEMENT,
        status=201,
        refusals=_BEYOND,
    ),
    Told(operation.DELETE_CREDENTIAL, "deleteJwtCredential", Tag.CREDENTIALS, None),
)
