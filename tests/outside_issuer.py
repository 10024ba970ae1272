"""An outside issuer for tests: a server with discovery and keys, whose tokens are shaped like those of known issuers.

Written against `cryptography` and the standard library: not a line of what is tested makes a token here.
"""

import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.crypto.forge import forge, jwks, rs256, rsa_jwk, rsa_key


@dataclass
class OutsideIssuer:
    """An issuer that is up; `asked` counts the requests for its keys."""

    url: str
    audience: str
    which: int = 1
    up: bool = True
    asked: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    answering: threading.Event = field(default_factory=threading.Event)
    """While it is not set, connections are taken, requests read, and nothing is answered."""

    @property
    def kid(self) -> str:
        """The name of the key it signs with."""
        return f"key-{self.which}"

    def key_set(self) -> str:
        """Its public key, and one for encryption, as some publish it too."""
        own = rsa_jwk(rsa_key(which=self.which), kid=self.kid, use="sig", alg="RS256", x5t="zBwlKc")
        other = rsa_jwk(rsa_key(which=99), kid="enc", use="enc", alg="RSA-OAEP")
        return jwks(own, other)

    def rotate(self) -> None:
        """Sign with a new key from now on, and publish that alone."""
        self.which += 1

    def github(self, repository: str = "acme/app", **claims: object) -> str:
        """A token as GitHub Actions gives to a job."""
        now = int(time.time())
        shaped = {
            "jti": str(uuid.uuid4()),
            "sub": f"repo:{repository}:ref:refs/heads/main",
            "aud": self.audience,
            "ref": "refs/heads/main",
            "sha": "3a0b5c",
            "repository": repository,
            "repository_owner": repository.partition("/")[0],
            "run_id": "30",
            "actor": "octocat",
            "workflow": "deploy",
            "job_workflow_ref": f"{repository}/.github/workflows/deploy.yml@refs/heads/main",
            "iss": self.url,
            "nbf": now - 300,
            "exp": now + 300,
            "iat": now,
        }
        return self.sign(shaped | claims, typ="JWT", x5t="zBwlKc")

    def kubernetes(self, namespace: str = "jobs", account: str = "archiver", **claims: object) -> str:
        """A token as Kubernetes projects it into a pod."""
        now = int(time.time())
        shaped = {
            "aud": [self.audience],
            "exp": now + 3607,
            "iat": now,
            "iss": self.url,
            "jti": str(uuid.uuid4()),
            "kubernetes.io": {"namespace": namespace, "serviceaccount": {"name": account, "uid": "8d4e"}},
            "nbf": now,
            "sub": f"system:serviceaccount:{namespace}:{account}",
        }
        return self.sign({name: value for name, value in (shaped | claims).items() if value is not None})

    def sign(self, claims: dict[str, object], **header: str) -> str:
        """Any claims, signed with the key of now."""
        return forge({"alg": "RS256", "kid": self.kid, **header}, claims, rs256(rsa_key(which=self.which)))


@contextmanager
def issuing(audience: str) -> Iterator[OutsideIssuer]:
    """An issuer on a free port; its tokens are for this audience."""
    issuer = OutsideIssuer("", audience)
    issuer.answering.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/jwks":
                with issuer.lock:
                    issuer.asked += 1
            issuer.answering.wait(30)
            documents = {
                "/.well-known/openid-configuration": {"issuer": issuer.url, "jwks_uri": f"{issuer.url}/jwks"},
                "/jwks": json.loads(issuer.key_set()),
            }
            document = documents.get(self.path) if issuer.up else None
            body = json.dumps(document or {}).encode()
            self.send_response(200 if document else 503)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(ConnectionError):  # who asked may have stopped waiting
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
            """Keep the test's output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        issuer.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield issuer
        finally:
            server.shutdown()
            thread.join()
