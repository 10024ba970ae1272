"""A browser without a screen, for the one thing the races need of it: codes."""

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

from callgate.admin.world import WorldApp
from tests.races.founding import PASSWORD, REDIRECT_URI
from tests.races.wire import TOKEN, Answer, Wire, post

AUTHORIZE = "/restapi/oauth/authorize"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
"""RFC 7636 appendix B."""

_FORM_STATE = re.compile(r'name="form_state" value="([^"]+)"')
_STEPS_MAX = 6


@dataclass(slots=True)
class Browser:
    """Cookies, and a connection to send them on."""

    wire: Wire
    cookies: dict[str, str] = field(default_factory=dict)

    async def fetch_code(self, app: WorldApp, *, username: str, scope: str = "") -> str:
        """Sign in and agree as far as one is asked to, until the redirect brings a code."""
        answer = await self._go(self.opening(app, scope=scope))
        for _ in range(_STEPS_MAX):
            location = answer.headers.get("location", "")
            if location.startswith(REDIRECT_URI):
                return code_in(answer)
            if location:
                answer = await self._go(self._get(location))
                continue
            found = _FORM_STATE.search(answer.body.decode())
            assert found, f"{answer.status} without a form"
            if 'name="password"' in answer.body.decode():
                form = {"username": username, "password": PASSWORD, "action": "sign-in"}
                answer = await self._go(self._post("/restapi/oauth/sign-in", form | {"form_state": found[1]}))
            else:
                form = {"form_state": found[1], "action": "authorize"}
                answer = await self._go(self._post("/restapi/oauth/consent", form))
        raise AssertionError("the pages go round in circles")

    def opening(self, app: WorldApp, *, scope: str = "") -> bytes:
        """The authorize request of an app, from this browser."""
        asked = {
            "response_type": "code",
            "client_id": app.client_id,
            "redirect_uri": REDIRECT_URI,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "scope": scope,
        }
        return self._get(f"{AUTHORIZE}?{urlencode(asked)}")

    async def _go(self, request: bytes) -> Answer:
        answer = await self.wire.ask(request)
        for cookie in answer.cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def _get(self, target: str) -> bytes:
        return self._request("GET", target, "")

    def _post(self, target: str, form: dict[str, str]) -> bytes:
        return self._request("POST", target, urlencode(form))

    def _request(self, method: str, target: str, body: str) -> bytes:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        lines = (
            f"{method} {target} HTTP/1.1",
            "Host: 127.0.0.1",
            "Accept: text/html",
            f"Cookie: {cookies}",
            "Content-Type: application/x-www-form-urlencoded",
            f"Content-Length: {len(body)}",
        )
        return "\r\n".join((*lines, "", body)).encode()


def code_in(answer: Answer) -> str:
    """The code of a redirect to the app."""
    fields = parse_qs(urlsplit(answer.headers["location"]).query)
    assert "code" in fields, fields
    return fields["code"][0]


def redeeming(app: WorldApp, code: str, *, verifier: str = VERIFIER) -> bytes:
    """The exchange of a code for tokens."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": verifier,
    }
    return post(TOKEN, app, form)
