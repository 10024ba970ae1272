"""Every documented path, asked in ways nobody should: a documented refusal each, never a 5xx, and nothing written.

Methods and paths that are not there, header fields that try to get into a reply. Parameters are in
test_every_parameter.py; bodies, proofs and tokens in test_bad_input.py.
"""

import pytest

from callgate.model import api_faults, faults
from tests.web.caller import MYSELF, TOKEN, Caller, Session
from tests.web.catalogue import fault_of
from tests.web.nasty import Turned, sane
from tests.web.paths import AUTHORIZE, CALLS, ENDPOINTS
from tests.web.raw import request

pytestmark = pytest.mark.usefixtures("nothing_written")

METHODS = (
    *("GET", "POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "MKCOL", "COPY", "LOCK", "SEARCH", "REPORT"),
    *("LINK", "PURGE", "SUBSCRIBE", "M-SEARCH", "QUERY"),
)
"""Of those that llhttp knows; of others it refuses the request (test_framing.py)."""


@pytest.mark.requirement("must-not-break N.3")
@pytest.mark.parametrize(("path", "methods", "is_page"), ENDPOINTS, ids=[path for path, _, _ in ENDPOINTS])
def test_method_is_refused_when_the_endpoint_has_another(
    caller: Caller, path: str, methods: frozenset[str], is_page: bool
) -> None:
    """405 with what is allowed (RFC 9110 section 15.5.6), with a body and without."""
    for method in METHODS:
        if method in methods:
            continue
        for body in (None, b"grant_type=client_credentials"):
            answer = sane(caller.send(request(path, method=method, body=body)))
            assert answer.status == 405, method
            fault = fault_of(answer, path if not is_page else TOKEN)
            assert fault in {faults.METHOD_NOT_ALLOWED, api_faults.METHOD_NOT_ALLOWED}
            assert methods <= set(answer.headers["allow"].split(", "))


@pytest.mark.parametrize(("path", "methods", "is_page"), ENDPOINTS, ids=[path for path, _, _ in ENDPOINTS])
def test_head_is_answered_as_get_without_a_body(
    caller: Caller, path: str, methods: frozenset[str], is_page: bool
) -> None:
    """RFC 9110 section 9.3.2: the same header fields, its length among them; 405 where there is no GET."""
    got, head = (sane(caller.send(request(path, method=method))) for method in ("GET", "HEAD"))
    assert head.status == got.status if "GET" in methods else 405
    assert head.body == b""
    changing = {"date", "rcrequestid"} | ({"set-cookie", "content-length"} if is_page else set())
    if "GET" in methods:
        assert {name: got.headers[name] for name in got.headers.keys() - changing} == {
            name: head.headers[name] for name in head.headers.keys() - changing
        }


@pytest.mark.parametrize(("path", "methods", "is_page"), ENDPOINTS, ids=[path for path, _, _ in ENDPOINTS])
def test_options_tells_other_origins_what_they_may(
    caller: Caller, path: str, methods: frozenset[str], is_page: bool
) -> None:
    """Pages tell nobody: their cookies are nobody else's. A 204 has no length (RFC 9110 section 8.6)."""
    answer = sane(caller.send(request(path, "Origin: http://evil.example", method="OPTIONS")))
    assert answer.status == (405 if is_page else 204)
    assert ("content-length" in answer.headers) == is_page
    assert ("access-control-allow-origin" in answer.headers) != is_page
    if not is_page:
        assert methods <= set(answer.headers["access-control-allow-methods"].split(", "))


@pytest.mark.requirement("must-not-break N.3")
@pytest.mark.parametrize(
    "path",
    [
        *("/nowhere", "/restapi/", "/restapi/v1.0/", "/restapi/v2.0", "/restapi/v1.0/nothing", "/RESTAPI", "//restapi"),
        *(
            "/restapi/oauth",
            "/restapi/oauth/",
            "/restapi/oauth/nothing",
            "/restapi/oauth/token/",
            "/restapi/oauth/TOKEN",
        ),
        *("/restapi/oauth//token", "/restapi/oauth/token%00", "/restapi/oauth/token;x=y", "/restapi/oauth/./token"),
        *(
            "/restapi/oauth/../oauth/token",
            "/restapi/oauth/%2e%2e/x",
            "/static/",
            "/static/../app.py",
            "/static/%2e%2e/x",
        ),
        *("/static/..%2f..%2fcallgate.db", "/.git/config", "/.env", "/dev.json", "/callgate.db", "/kek", "/%ff", "/%"),
        *(
            "/%c0%af",
            "/restapi/v1.0/account/~/extension/~/nothing",
            "/restapi/v1.0/account//extension",
            "*",
            "/" + "a" * 4000,
        ),
    ],
)
def test_path_is_refused_when_nobody_serves_it(caller: Caller, path: str) -> None:
    """404 in the envelope of its neighbourhood, for every method."""
    for method in ("GET", "POST", "PUT", "DELETE"):
        answer = sane(caller.send(request(path, method=method, body=b"x=y" if method != "GET" else None)))
        assert answer.status == 404
        fault_of(answer, path)


FIELDS = (
    *("Origin", "Host", "Referer", "Cookie", "Accept", "Accept-Language", "Accept-Encoding", "User-Agent", "Client-Id"),
    *(
        "X-Forwarded-For",
        "X-Forwarded-Proto",
        "X-Forwarded-Host",
        "Forwarded",
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-User-Agent",
    ),
    *(
        "X-HTTP-Method-Override",
        "Content-Encoding",
        "Range",
        "If-None-Match",
        "If-Modified-Since",
        "Expect",
        "TE",
        "Prefer",
    ),
    *(
        "Sec-Fetch-Site",
        "Discovery-Tag",
        "RCRequestId",
        "Access-Control-Request-Headers",
        "Access-Control-Request-Method",
    ),
)
FIELD_VALUES = (
    *(
        "",
        "x",
        "*",
        "null",
        "http://evil.example",
        "evil.example:99999",
        "javascript:alert(1)",
        "a\tb",
        "\xff\xfe",
        "x" * 4000,
    ),
    *(
        "%0d%0aX-Injected: yes",
        "q=1;q=2,,;=",
        "en;q=nan",
        "bytes=0-",
        "=; =; =",
        "a" + ";" * 500,
        "gzip",
        "DELETE",
        "/admin",
    ),
)


@pytest.mark.parametrize(
    "path", [TOKEN, AUTHORIZE, MYSELF, CALLS, "/", "/restapi", "/.well-known/openid-configuration"]
)
def test_reply_is_the_same_when_a_header_field_is_turned(
    caller: Caller, turned: Turned, session: Session, path: str
) -> None:
    """No field decides what a reply says of this server's address, nor gets into it, Origin in CORS apart."""
    target = f"{path}?perPage=1" if path == CALLS else path
    bearer = f"Authorization: Bearer {session.access}"
    usual = caller.get(target, bearer)
    for name, value in turned(FIELDS, FIELD_VALUES):
        raw = request(target, f"{name}: {value}", bearer)
        if name == "Host":
            raw = raw.replace(b"Host: callgate.test\r\n", b"", 1)
        answer = sane(caller.send(raw))
        assert answer.status == usual.status, (name, value)
        assert b"evil.example" not in answer.body
        echoed = {field for field, text in answer.headers.items() if "evil.example" in text}
        assert echoed <= ({"access-control-allow-origin"} if name == "Origin" else set())
        if "html" not in answer.headers.get("content-type", "") and path != CALLS:
            assert answer.body == usual.body or answer.status >= 400
