"""A request of a Postman collection, with what its reply must be, in Postman's own words (collection format 2.1)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import quote

Json = dict[str, object]

TOKEN = "/restapi/oauth/token"

SKIP_UNFILLED = """\
// A request that needs a variable nobody filled in is left out.
const asked = JSON.stringify(pm.request);
const named = [...asked.matchAll(/\\{\\{(\\w+)\\}\\}/g)].map((found) => found[1]);
const madeByTheRequest = ["code_challenge"];
const valueOf = (name) => pm.variables.replaceIn(`{{${name}}}`);
const empty = [...new Set(named)]
  .filter((name) => !madeByTheRequest.includes(name))
  .filter((name) => /^(\\{\\{.*)?$/.test(valueOf(name)));
if (empty.length) {
  console.log(`left out, for it needs ${empty.join(", ")}`);
  pm.execution.skipRequest();
}"""
"""Runs before every request of the collection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request. `client` and `bearer` name variables; `code` is that of a refusal, None where it must be granted.

    `then` are lines of JavaScript run on a reply that has the status, beside the checks everything gets; `status` None
    leaves the status to them.
    """

    name: str
    method: str = "POST"
    path: str = TOKEN
    query: tuple[tuple[str, str], ...] = ()
    form: tuple[tuple[str, str], ...] = ()
    raw: tuple[str, str] | None = None
    client: str | None = None
    bearer: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    status: int | None = 200
    code: str | None = None
    before: tuple[str, ...] = ()
    then: tuple[str, ...] = ()


def refusal(name: str, code: str, *, status: int = 400) -> Ask:
    """A request that must be refused; `dataclasses.replace` says what is asked."""
    return Ask(name=name, status=status, code=code)


def asking(ask: Ask, **what: object) -> Ask:
    """The same request with more said of it."""
    return replace(ask, **what)  # type: ignore[arg-type] # by name, and a wrong one is refused


def folder(name: str, *, about: str, asks: list[Ask]) -> Json:
    """Requests that belong together, run in their order."""
    return {"name": name, "description": about, "item": [write(ask) for ask in asks]}


def write(ask: Ask) -> Json:
    """The request as the format has it."""
    return {
        "name": ask.name,
        "event": list(_events(ask)),
        "protocolProfileBehavior": {"followRedirects": False},
        "request": {
            "method": ask.method,
            "header": [{"key": name, "value": value} for name, value in ask.headers],
            "auth": _auth(ask),
            "url": _url(ask),
            **_body(ask),
        },
    }


def script(lines: str) -> Json:
    """JavaScript as the format has it."""
    return {"type": "text/javascript", "exec": lines.splitlines()}


def _events(ask: Ask) -> Iterator[Json]:
    if ask.before:
        yield {"listen": "prerequest", "script": script("\n".join(ask.before))}
    yield {"listen": "test", "script": script("\n".join(_checks(ask)))}


def _checks(ask: Ask) -> Iterator[str]:
    if ask.code is not None:
        yield f'pm.test("refused: {ask.status} {ask.code}, and what to do", () => {{'
        yield f"  pm.response.to.have.status({ask.status});"
        yield "  const refusal = pm.response.json().errors[0];"
        yield f"  pm.expect(refusal.errorCode).to.eql({json.dumps(ask.code)});"
        yield '  pm.expect(refusal.remedy).to.be.a("string").that.is.not.empty;'
        yield "});"
    elif ask.status is not None:
        yield f'pm.test("granted: {ask.status}", () => pm.response.to.have.status({ask.status}));'
    yield 'pm.test("has a request id", () => pm.response.to.have.header("RCRequestId"));'
    if ask.status is None:
        yield from ask.then
    elif ask.then:
        yield f"if (pm.response.code === {ask.status}) {{"
        yield from (f"  {line}" for line in ask.then)
        yield "}"


def _auth(ask: Ask) -> Json:
    if ask.client is not None:
        pair = (("username", f"{{{{{ask.client}_client_id}}}}"), ("password", f"{{{{{ask.client}_client_secret}}}}"))
        return {"type": "basic", "basic": [{"key": name, "value": value, "type": "string"} for name, value in pair]}
    if ask.bearer is not None:
        return {"type": "bearer", "bearer": [{"key": "token", "value": f"{{{{{ask.bearer}}}}}", "type": "string"}]}
    return {"type": "noauth"}


def _url(ask: Ask) -> Json | str:
    if ask.path.startswith("{{"):
        return ask.path
    query = "&".join(f"{name}={quote(value, safe='{}~:*')}" for name, value in ask.query)
    return {
        "raw": f"{{{{base_url}}}}{ask.path}{'?' if query else ''}{query}",
        "host": ["{{base_url}}"],
        "path": ask.path.removeprefix("/").split("/"),
        "query": [{"key": name, "value": quote(value, safe="{}~:*")} for name, value in ask.query],
    }


def _body(ask: Ask) -> Json:
    if ask.raw is not None:
        media, text = ask.raw
        typed = {"header": [*({"key": n, "value": v} for n, v in ask.headers), {"key": "Content-Type", "value": media}]}
        return {"body": {"mode": "raw", "raw": text}, **typed}
    if ask.form:
        fields = [{"key": name, "value": value, "type": "text"} for name, value in ask.form]
        return {"body": {"mode": "urlencoded", "urlencoded": fields}}
    return {}
