"""A person at a browser without a screen whose requests come to one door after the other."""

import itertools
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import unescape
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.cells.founding import PASSWORD, REDIRECT_URI, App, Cell, Pair

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
_ACTION = re.compile(r'<form method="post" action="([^"]+)"')


class Doors(httpx.HTTPTransport):
    """Takes what is for the public URL to the doors in turn."""

    def __init__(self, pair: Pair, first: int) -> None:
        super().__init__(verify=False, limits=httpx.Limits(keepalive_expiry=0.5))
        self._ports = itertools.islice(itertools.cycle([cell.port for cell in pair.both]), first, None)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """To the next door."""
        request.url = request.url.copy_with(port=next(self._ports))
        return super().handle_request(request)


class Wanderer:
    """One browser; `at` is the reply whose page is shown now."""

    def __init__(self, pair: Pair, http: httpx.Client) -> None:
        self.pair = pair
        self.http = http
        self.at = httpx.Response(204)

    def asks(self, app: App, **more: str) -> httpx.Response:
        """Follow an app's link to the authorize endpoint."""
        fields = {"response_type": "code", "client_id": app.client_id, "redirect_uri": REDIRECT_URI}
        return self.follows(f"/restapi/oauth/authorize?{httpx.QueryParams(fields | more)}")

    def follows(self, address: str) -> httpx.Response:
        """Follow a link."""
        return self._arrive(self.http.get(address))

    def presses(self, action: str, **fields: str) -> httpx.Response:
        """Press a button of the page shown, its fields filled in."""
        target = _ACTION.search(self.at.text)
        assert target is not None, self.at.text
        hidden = {name: unescape(value) for name, value in _HIDDEN.findall(self.at.text)}
        return self._arrive(self.http.post(unescape(target[1]), data=hidden | fields | {"action": action}))

    def signs_in(self, cell: Cell, password: str = PASSWORD) -> httpx.Response:
        """As the person of a cell."""
        return self.presses("sign-in", username=cell.email, password=password)

    def agrees(self) -> httpx.Response:
        """On the page that asks; who agreed before is not asked again."""
        return self.presses("authorize") if "location" not in self.at.headers else self.at

    def is_made_to_post(self, place: str, fields: Mapping[str, str]) -> httpx.Response:
        """A page of another site posts to us: the request brings no cookie of ours (SameSite=Lax), but may set some."""
        kept = httpx.Cookies(self.http.cookies)
        self.http.cookies.clear()
        reply = self.http.post(place, data=dict(fields), headers={"Sec-Fetch-Site": "cross-site"})
        kept.update(self.http.cookies)
        self.http.cookies = kept
        return self._arrive(reply)

    @property
    def brings(self) -> dict[str, str]:
        """What the redirect to the app that was not followed has in its query."""
        location = self.at.headers["location"]
        assert location.startswith(REDIRECT_URI), location
        return {name: value for name, [value] in parse_qs(urlsplit(location).query, strict_parsing=True).items()}

    def _arrive(self, reply: httpx.Response) -> httpx.Response:
        while reply.headers.get("location", "").startswith("/"):
            reply = self.http.get(reply.headers["location"])
        self.at = reply
        return reply


@contextmanager
def wandering(pair: Pair, *, first: int = 0) -> Iterator[Wanderer]:
    """A browser that has never been here, and comes to this door first."""
    with httpx.Client(base_url=pair.public_url, headers={"Accept": "text/html"}, transport=Doors(pair, first)) as http:
        yield Wanderer(pair, http)
