"""A person at a browser without a screen or scripts: keeps cookies, follows what leads back here, presses buttons."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import unescape
from urllib.parse import parse_qs, urlsplit

import httpx

from callgate.admin.world import WorldApp
from tests.server import Server

AUTHORIZE = "/restapi/oauth/authorize"
TOKEN = "/restapi/oauth/token"

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
_ACTION = re.compile(r'<form method="post" action="([^"]+)"')


class Visitor:
    """One browser. `at` is the reply whose page is shown now."""

    def __init__(self, server: Server, http: httpx.Client) -> None:
        self.server = server
        self.http = http
        self.at = httpx.Response(204)

    def app(self, key: str) -> WorldApp:
        """An app of the development world."""
        return self.server.world.apps[key]

    def goes_to(self, key: str, **more: str) -> httpx.Response:
        """Follow an app's link to the authorize endpoint."""
        app = self.app(key)
        fields = {"response_type": "code", "client_id": app.client_id, "redirect_uri": app.redirect_uris[0]}
        return self._arrive(self.http.get(AUTHORIZE, params=fields | more))

    def presses(self, action: str, **fields: str) -> httpx.Response:
        """Press a button of the page shown, its fields filled in."""
        target = _ACTION.search(self.at.text)
        assert target is not None, self.at.text
        hidden = {name: unescape(value) for name, value in _HIDDEN.findall(self.at.text)}
        return self._arrive(self.http.post(unescape(target[1]), data=hidden | fields | {"action": action}))

    def signs_in(self, who: str) -> httpx.Response:
        """Fill in the sign-in page."""
        person = self.server.world.people[who]
        return self.presses("sign-in", username=person.email or "", password=person.password)

    def is_made_to_post(self, place: str, fields: Mapping[str, str]) -> httpx.Response:
        """A page of another site posts to us: the request brings no cookie of ours (SameSite=Lax), but may set some."""
        reply = httpx.post(place, data=dict(fields), headers={"Accept": "text/html", "Sec-Fetch-Site": "cross-site"})
        self.http.cookies.update(reply.cookies)
        return self._arrive(reply)

    def follows(self, address: str) -> httpx.Response:
        """Follow a link."""
        return self._arrive(self.http.get(address))

    @property
    def brings(self) -> dict[str, str]:
        """What the redirect to the app that was not followed has in its query."""
        location = self.at.headers["location"]
        return {name: value for name, [value] in parse_qs(urlsplit(location).query, strict_parsing=True).items()}

    def redeems(self, key: str, code: str) -> httpx.Response:
        """What the token endpoint answers to the app that has the code."""
        app = self.app(key)
        assert app.client_secret is not None
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": app.redirect_uris[0]}
        return httpx.post(f"{self.server.base_url}{TOKEN}", data=form, auth=(app.client_id, app.client_secret))

    def _arrive(self, reply: httpx.Response) -> httpx.Response:
        while reply.headers.get("location", "").startswith(("/", self.server.base_url)):
            reply = self.http.get(reply.headers["location"])
        self.at = reply
        return reply


@contextmanager
def visiting(server: Server) -> Iterator[Visitor]:
    """A browser that has never been here."""
    with httpx.Client(base_url=server.base_url, headers={"Accept": "text/html"}) as http:
        yield Visitor(server, http)
