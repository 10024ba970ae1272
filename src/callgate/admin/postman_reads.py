"""Every read of the resource API as a Postman request, from the server's own description and its links."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from callgate.admin.postman_requests import Ask

_OWN = ("accountId", "extensionId")
_PART = re.compile(r"\{(\w+)\}")


def reads(document: Mapping[str, object]) -> list[Ask]:
    """One request for each, lists before the records they lead to."""
    found = [
        (path, operation)
        for path, methods in at(document, "paths").items()
        if path.startswith("/restapi/v1.0/") and isinstance(methods, Mapping) and "get" in methods
        for operation in [at(methods, "get")]
    ]
    found.sort(key=lambda each: bool(set(_PART.findall(each[0])) - set(_OWN)))
    return [_read(path, operation) for path, operation in found]


def _read(path: str, operation: Mapping[str, object]) -> Ask:
    parameters = listed(operation.get("parameters", []))
    given = {name: _value(each) for each in parameters for name in [str(each["name"])]}
    scopes = [scope for each in listed(operation["security"]) for scope in texts(each["oauth"])]
    return Ask(
        name=str(operation["summary"]),
        method="GET",
        path=_PART.sub(lambda part: given[part[1]], path),
        query=tuple((name, given[name]) for each in parameters if _is_needed(each) for name in [str(each["name"])]),
        bearer="access_token",
        status=None,
        then=tuple(_checks(operation, scopes)),
    )


def _is_needed(parameter: Mapping[str, object]) -> bool:
    if parameter["in"] != "query":
        return False
    return parameter["required"] is True or parameter["name"] == "perPage" or "examples" in at(parameter, "schema")


def _value(parameter: Mapping[str, object]) -> str:
    """What to send: a few of many, the first example, the first of a choice, else what a list before it led to."""
    name, schema = str(parameter["name"]), at(parameter, "schema")
    if name == "perPage":
        return "50"
    choices = schema.get("examples", schema.get("enum"))
    return str(choices[0]) if isinstance(choices, list) else f"{{{{{name}}}}}"


def _checks(operation: Mapping[str, object], scopes: Sequence[str]) -> Iterator[str]:
    """What the reply must be: a refusal where the app lacks a scope, else what the description says."""
    status = "200" if "200" in at(operation, "responses") else "404"
    yield 'const granted = pm.variables.get("granted").split(" ");'
    yield f"const missing = {json.dumps(scopes)}.filter((scope) => !granted.includes(scope));"
    yield "if (missing.length) {"
    yield '  pm.test("refused for the missing scope: 403 CMN-401", () => {'
    yield "    pm.response.to.have.status(403);"
    yield '    pm.expect(pm.response.json().errors[0].errorCode).to.eql("CMN-401");'
    yield "  });"
    # What the list would have led to is asked for all the same: refused for the scope, before it is looked for.
    yield from (f'  pm.collectionVariables.set("{name}", "1");' for name in _led_to(operation))
    yield "} else {"
    outcome = "granted" if status == "200" else "known, and refused"
    yield f'  pm.test("{outcome}: {status}", () => pm.response.to.have.status({status}));'
    yield from (f"  {line}" for line in _ways_on(operation))
    yield "}"


def _ways_on(operation: Mapping[str, object]) -> Iterator[str]:
    """What the reply's links lead to is kept for the requests that come after: of a list, the first that has it."""
    for name, pointer in _led_to(operation).items():
        listing, _, member = pointer.partition("/0/")
        outer, inner = (
            "".join(f"?.[{json.dumps(step)}]" for step in part.split("/") if step) for part in (listing, member)
        )
        found = f"pm.response.json(){outer}?.map((each) => each{inner}).find((each) => each !== undefined)"
        yield f'pm.collectionVariables.set("{name}", String({found} ?? ""));'


def _led_to(operation: Mapping[str, object]) -> dict[str, str]:
    """Names in the paths of other requests, and where their values stand in this one's reply."""
    kept: dict[str, str] = {}
    reply = at(operation, "responses").get("200", {})
    assert isinstance(reply, Mapping)
    for link in at(reply, "links").values() if "links" in reply else ():
        for name, expression in at(link, "parameters").items():
            if name not in _OWN:
                kept[name] = str(expression).partition("#")[2]
    return kept


def at(value: object, *path: str) -> Mapping[str, object]:
    """The object at a path of a document."""
    for step in path:
        assert isinstance(value, Mapping)
        value = value[step]
    assert isinstance(value, Mapping)
    return value


def listed(value: object) -> list[Mapping[str, object]]:
    """A list of objects."""
    assert isinstance(value, list)
    return [each for each in value if isinstance(each, Mapping)]


def texts(value: object) -> list[str]:
    """A list of strings."""
    assert isinstance(value, list)
    return [str(each) for each in value]
