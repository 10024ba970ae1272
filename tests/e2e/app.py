"""The app at the other end of the redirect: receives the browser at its redirect URI, and redeems codes."""

import threading
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from tests.server import Server

REDIRECT_URI = "http://localhost:5000/oauth2callback"
VERIFIER = "of-a-public-app-that-keeps-no-secret-0123456789"
_CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SDK_FILE = Path(__file__).parents[1] / "clients/node_modules/@ringcentral/sdk/dist/ringcentral.js"
_HTML = b"<!doctype html><html lang=en><title>The app</title><h1>The app</h1><script src=/ringcentral.js></script>"


@dataclass(frozen=True, slots=True)
class App:
    """An app of the development world, as its own code knows it."""

    server: str
    client_id: str
    client_secret: str | None = field(repr=False)

    def asks(self, **more: str) -> str:
        """The address it sends people to; PKCE where it has no secret."""
        pkce = {} if self.client_secret else {"code_challenge": _CHALLENGE, "code_challenge_method": "S256"}
        query = {"response_type": "code", "client_id": self.client_id, "redirect_uri": REDIRECT_URI, "state": "s t&a=e"}
        return f"{self.server}/restapi/oauth/authorize?{urlencode(query | pkce | more)}"

    def redeems(self, code: str) -> httpx.Response:
        """What the token endpoint answers to the code."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI}
        url = f"{self.server}/restapi/oauth/token"
        if self.client_secret:
            return httpx.post(url, data=form, auth=(self.client_id, self.client_secret))
        return httpx.post(url, data=form | {"client_id": self.client_id, "code_verifier": VERIFIER})


def app_of(server: Server, key: str) -> App:
    """Any app of the world."""
    client = server.world.apps[key]
    return App(server.base_url, client.client_id, client.client_secret)


def answer_of(url: str) -> dict[str, str]:
    """What the redirect brought: each parameter once."""
    assert url.startswith(f"{REDIRECT_URI}?"), url
    return {name: value for name, [value] in parse_qs(urlsplit(url).query, strict_parsing=True).items()}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        script = self.path == "/ringcentral.js"
        body = SDK_FILE.read_bytes() if script else _HTML
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if script else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        """Keep the test's output clean."""


@contextmanager
def receiving() -> Iterator[str]:
    """Listen for the browser; gives the argument with which chromium finds its way here.

    The redirect URI's port may be another program's, so the app listens on a free one and the browser is told.
    """
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"--host-resolver-rules=MAP {urlsplit(REDIRECT_URI).netloc} 127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
