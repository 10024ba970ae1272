"""The document put together: rows of the table and what is said of them, refusals from the catalogue."""

import re
from collections.abc import Iterable, Mapping
from importlib.metadata import version

from callgate.model import api_faults
from callgate.model.faults import Fault
from callgate.model.operation import Operation
from callgate.model.policy import Statuses
from callgate.model.scope import SCOPES
from callgate.web.envelope import status_of
from callgate.web.openapi import calls, credentials, directory, discovery, oauth, queues, roles
from callgate.web.openapi.described import JSON, Answer, Body, Described, Parameter, Proof, Tag, Told
from callgate.web.openapi.schema import Kind, Named
from callgate.web.openapi.shapes import API_ERROR, OAUTH_ERROR, PATH

OPENAPI = "3.1.1"

Json = dict[str, object]

_PART = re.compile(r"\{(\w+)\}")
_READ_ON = re.compile(r" \(\[[a-z ]+\]\([^)]+\)\)$")
"""A page of our documentation, which leads nowhere from here."""

_BEARER_ROWS = (
    api_faults.AUTHORIZATION_ABSENT,
    api_faults.AUTHORIZATION_MALFORMED,
    api_faults.TOKEN_UNREADABLE,
    api_faults.TOKEN_SUPERSEDED,
    api_faults.TOKEN_UNKNOWN,
    api_faults.TOKEN_EXPIRED,
    api_faults.QUERY_TOKEN_OFF,
    api_faults.TOKENS_DIFFER,
    api_faults.RATE_EXCEEDED,
    api_faults.INTERNAL_ERROR,
    api_faults.UNAVAILABLE,
)
_BODY_ROWS = (
    api_faults.PARAMETER_INVALID,
    api_faults.PARAMETER_REQUIRED,
    api_faults.BODY_MALFORMED,
    api_faults.BODY_TOO_LARGE,
    api_faults.BODY_NOT_JSON,
)
_WRITE_ROWS = (api_faults.ACT_REFUSED, api_faults.ROLE_EXCEEDS_GIVER, api_faults.METHODS_DIFFER)

_TOO_LONG = Answer("The request target is longer than 8 KiB.", {"type": "string"}, "text/plain")

_TAGS = {
    Tag.TOKENS: "How apps get tokens, end them, and learn why they were refused.",
    Tag.SIGN_IN: "Where people are sent, and who they are.",
    Tag.DISCOVERY: "Where everything is.",
    Tag.ACCOUNT: "The company and its people.",
    Tag.QUEUES: "Who takes calls together.",
    Tag.CALLS: "Who called whom, and for how long.",
    Tag.ROLES: "What people may do.",
    Tag.CREDENTIALS: "What unattended apps get tokens with.",
    Tag.SERVER: "The server itself.",
}


def all_told() -> dict[tuple[str, str], Described]:
    """Every operation described, by method and path."""
    told = (*directory.TOLD, *queues.TOLD, *roles.TOLD, *credentials.TOLD, *calls.TOLD)
    return {
        **oauth.DESCRIBED,
        **{(each.operation.method, each.operation.path): _tell(each) for each in told},
        **discovery.DESCRIBED,
    }


def describe_server(issuer: str, *, statuses: Statuses = Statuses.OBSERVED) -> Json:
    """The whole document. `issuer` has no slash at its end; `statuses` are what OAuth refusals are answered with."""
    schemas: Json = {}
    paths: dict[str, Json] = {}
    for (method, path), described in all_told().items():
        paths.setdefault(path, {})[method.lower()] = _operation(described, path, statuses=statuses)
    return {
        "openapi": OPENAPI,
        "info": {
            "title": "Callgate",
            "version": version("callgate"),
            "summary": "OAuth 2.0 and the reads behind it, as RingCentral's clients speak them.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": issuer}],
        "tags": [{"name": tag.value, "description": about} for tag, about in _TAGS.items()],
        "paths": _resolve(paths, schemas),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "headers": {
                "RCRequestId": {
                    "description": "The request's id; a refusal's leads to its explanation.",
                    "required": True,
                    "schema": {"type": "string"},
                }
            },
            "securitySchemes": _security_schemes(issuer),
        },
    }


def _tell(told: Told) -> Described:
    row = told.operation
    refusals = [*_BEARER_ROWS]
    refusals += [api_faults.SCOPE_MISSING] * bool(row.scope)
    refusals += [api_faults.PERMISSION_MISSING] * bool(row.permissions or row.own_permissions)
    refusals += [api_faults.RESOURCE_UNKNOWN] * ("{" in row.path)
    refusals += [api_faults.PARAMETER_INVALID] * bool(told.query)
    refusals += [api_faults.PARAMETER_REQUIRED] * any(each.required for each in told.query)
    refusals += told.refusals
    refusals += _BODY_ROWS if told.takes else ()
    refusals += _WRITE_ROWS if row.method != "GET" else ()
    summary = _READ_ON.sub("", row.summary)
    shown = Answer(f"{summary}.", told.shows, leads=told.leads) if told.shows else Answer("Done.")
    return Described(
        told.id,
        told.tag,
        summary,
        {} if told.is_refused else {told.status if told.shows else 204: shown},
        about=_rights(row),
        query=told.query,
        body=Body(told.takes) if told.takes else None,
        proof=Proof.BEARER,
        scope=row.scope,
        refusals=tuple(dict.fromkeys(refusals)),
    )


def _rights(row: Operation) -> str:
    scope = f"Scope of the app: `{row.scope}`." if row.scope else "Scope of the app: any."
    others, own = (" or ".join(f"`{name}`" for name in names) for names in (row.permissions, row.own_permissions))
    if "{extensionId}" in row.path and others:
        person = f"{own or 'none'} for one's own extension, {others} for others'"
    else:
        person = others or "none"
    return f"{scope} Permission of the person: {person}. Weighs `{row.group.value}`."


def _operation(described: Described, path: str, *, statuses: Statuses) -> Json:
    parameters = [*(_path_part(name) for name in _PART.findall(path)), *map(_query_part, described.query)]
    replies = {str(status): _reply(answer) for status, answer in described.answers.items()}
    for status, rows in _by_status(described, statuses=statuses).items():
        refusal = _refusal(rows, is_oauth=described.is_oauth)
        replies.setdefault(str(status), refusal)
    if described.query:
        replies["414"] = _reply(_TOO_LONG)
    return {
        "operationId": described.id,
        "tags": [described.tag.value],
        "summary": described.summary,
        **({"description": described.about} if described.about else {}),
        **({"parameters": parameters} if parameters else {}),
        **({"requestBody": _body(described.body)} if described.body else {}),
        "responses": dict(sorted(replies.items())),
        **_security(described),
    }


def _by_status(described: Described, *, statuses: Statuses) -> dict[int, list[Fault]]:
    found: dict[int, list[Fault]] = {}
    for fault in described.refusals:
        status = status_of(fault, statuses) if described.is_oauth else fault.status
        found.setdefault(status, []).append(fault)
    return found


def _reply(answer: Answer) -> Json:
    content = {"content": {answer.media: {"schema": answer.kind}}} if answer.kind is not None else {}
    links = {
        link.operation_id: {
            "operationId": link.operation_id,
            "parameters": {link.name: f"$response.body#{link.pointer}"},
        }
        for link in answer.leads
    }
    headers = {} if answer is _TOO_LONG else {"headers": _HEADERS}  # it never came as far as to have an id
    return {"description": answer.about, **headers, **content, **({"links": links} if links else {})}


def _refusal(rows: Iterable[Fault], *, is_oauth: bool) -> Json:
    told = list(dict.fromkeys(f"`{row.code}`" for row in rows))
    envelope = OAUTH_ERROR if is_oauth else API_ERROR
    return {"description": f"Refused: {', '.join(told)}.", "headers": _HEADERS, "content": {JSON: {"schema": envelope}}}


_HEADERS: Mapping[str, object] = {"RCRequestId": {"$ref": "#/components/headers/RCRequestId"}}


def _path_part(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, **_with_examples(PATH[name])}


def _query_part(parameter: Parameter) -> Json:
    kind = {"type": "array", "items": parameter.kind} if parameter.repeats else parameter.kind
    return {"name": parameter.name, "in": "query", "required": parameter.required, **_with_examples(kind)}


def _with_examples(kind: Kind) -> Json:
    about = kind.get("description") if isinstance(kind, Mapping) else None
    return {**({"description": about} if about else {}), "schema": kind}


def _body(body: Body) -> Json:
    return {"required": True, "content": {body.media: {"schema": body.kind}}}


def _security(described: Described) -> Json:
    match described.proof:
        case Proof.BEARER:
            return {"security": [{"oauth": [described.scope] if described.scope else []}]}
        case Proof.CLIENT:
            return {"security": [{"client": []}, {}]}
        case Proof.NOTHING:
            return {}


def _security_schemes(issuer: str) -> Json:
    oauth_at = f"{issuer}/restapi/oauth"
    scopes = dict.fromkeys(sorted(SCOPES | {"openid"}), "")
    flow = {"tokenUrl": f"{oauth_at}/token", "scopes": scopes}
    return {
        "oauth": {
            "type": "oauth2",
            "description": "An access token in the Authorization header.",
            "flows": {
                "authorizationCode": {
                    "authorizationUrl": f"{oauth_at}/authorize",
                    "refreshUrl": flow["tokenUrl"],
                    **flow,
                },
                "clientCredentials": flow,
            },
        },
        "client": {
            "type": "http",
            "scheme": "basic",
            "description": "The app's id and secret. Apps of other kinds prove themselves in the body.",
        },
    }


def _resolve(value: object, schemas: Json) -> object:
    """The same with every named schema moved into `schemas` and referred to."""
    match value:
        case Named(name, schema):
            if name not in schemas:
                schemas[name] = None  # its place, should it mention itself
                schemas[name] = _resolve(schema, schemas)
            return {"$ref": f"#/components/schemas/{name}"}
        case Mapping():
            return {key: _resolve(each, schemas) for key, each in value.items()}
        case list():
            return [_resolve(each, schemas) for each in value]
        case _:
            return value
