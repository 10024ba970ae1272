"""An OpenID Connect provider that lies as a test says: signs whatever it is told to, and counts who asks it what.

Written against `cryptography` and the standard library, as the outside issuer is.
"""

import json
import threading
import time
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.crypto.forge import Sign, forge, jwks, rs256, rsa_jwk, rsa_key
from tests.openid_provider import CLIENT_ID

Reply = tuple[int, bytes]

KEY = rsa_key(which=41)
STRANGERS = rsa_key(which=42)
PUBLISHED = rsa_jwk(KEY, kid="key", use="sig")
HEADER: Mapping[str, object] = {"alg": "RS256", "kid": "key", "typ": "JWT"}


@dataclass
class HostileProvider:
    """A provider that is up. `token` and `userinfo` answer for it; `asked` is what came to each path."""

    issuer: str = ""
    nonce: str = ""
    email: str = ""
    documents: dict[str, object] = field(default_factory=dict)
    token: Callable[[], Reply] = lambda: (500, b"")
    userinfo: Callable[[], Reply] = lambda: (500, b"")
    asked: dict[str, list[str]] = field(default_factory=dict)
    answering: threading.Event = field(default_factory=threading.Event)
    """While it is not set, connections are taken, requests read, and nothing is answered."""

    def claims(self, **changes: object) -> dict[str, object]:
        """What an honest ID token has, and what is to be otherwise; None: without."""
        now_s = int(time.time())
        honest = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "somebody",
            "nonce": self.nonce,
            "iat": now_s,
            "exp": now_s + 300,
            "email": self.email,
            "email_verified": True,
        }
        return {name: value for name, value in (honest | changes).items() if value is not None}

    def signs(
        self, claims: Mapping[str, object], header: Mapping[str, object] = HEADER, sign: Sign | None = None
    ) -> None:
        """Give this ID token for the next codes."""
        token = forge(header, claims, sign or rs256(KEY))
        self.gives({"id_token": token, "access_token": "opaque", "token_type": "Bearer"})

    def gives(self, members: Mapping[str, object], status: int = 200) -> None:
        """Answer so at the token endpoint."""
        self.token = lambda: (status, json.dumps(members).encode())

    def says_of_person(self, members: Mapping[str, object]) -> None:
        """Answer so at the UserInfo endpoint."""
        self.userinfo = lambda: (200, json.dumps(members).encode())

    def answers(self, url: str) -> str:
        """Where a browser is sent back to at once, whoever it is."""
        asked = {name: value for name, [value] in parse_qs(urlsplit(url).query).items()}
        self.nonce = asked["nonce"]
        return f"{asked['redirect_uri']}?{urlencode({'code': 'c', 'state': asked['state']})}"

    def reply(self, path: str, sent: str) -> Reply:
        """What a request gets."""
        self.asked.setdefault(path, []).append(sent)
        self.answering.wait(30)
        match path:
            case "/token":
                return self.token()
            case "/me":
                return self.userinfo()
            case _:
                document = self.documents.get(path)
                return (200, json.dumps(document).encode()) if document else (404, b"")


def credentials(sent: str) -> str:
    """Client id and secret of a request by HTTP Basic, form-encoded as they came."""
    return b64decode(sent.partition("Basic ")[2].partition("\n")[0]).decode()


@contextmanager
def lying(**discovery: object) -> Iterator[HostileProvider]:
    """A provider on a free port, with these members in its discovery document."""
    provider = HostileProvider()
    provider.answering.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply("")

        def do_POST(self) -> None:
            self._reply(self.rfile.read(int(self.headers["Content-Length"])).decode())

        def _reply(self, form: str) -> None:
            status, body = provider.reply(self.path, f"{self.headers.get('Authorization', '')}\n{form}")
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(ConnectionError):  # who asked may have stopped waiting
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
            """Keep the test's output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider.issuer = here = f"http://127.0.0.1:{server.server_port}"
        provider.documents = {
            "/jwks": json.loads(jwks(PUBLISHED)),
            "/.well-known/openid-configuration": {
                "issuer": here,
                "authorization_endpoint": f"{here}/authorize",
                "token_endpoint": f"{here}/token",
                "jwks_uri": f"{here}/jwks",
                "userinfo_endpoint": f"{here}/me",
                **discovery,
            },
        }
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()
