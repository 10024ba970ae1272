"""An app that proves itself by what it signs (RFC 7523), registered beside a running server as its owner would."""

import itertools
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.asymmetric import ec

from tests.admin.shell import beside
from tests.crypto.forge import Sign, ec_jwk, ec_key, es256, forge, hs, jwks
from tests.server import Server

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class Signer:
    """The app, and what it signs with."""

    server: Server
    client_id: str
    header: dict[str, object]
    sign: Sign = field(repr=False)
    _serial: "itertools.count[int]" = field(default_factory=itertools.count)

    def prove(self, **claims: object) -> dict[str, str]:
        """The form's fields that prove the app, good once."""
        issuer = httpx.get(f"{self.server.base_url}/.well-known/openid-configuration").json()["issuer"]
        good = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": issuer,
            "exp": int(time.time()) + 300,
            "jti": f"{self.client_id}-{next(self._serial)}",
        }
        assertion = forge(self.header, good | claims, self.sign)
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}

    def ask(self, **form: str) -> httpx.Response:
        """POST to the token endpoint, with a new proof."""
        return httpx.post(f"{self.server.base_url}/restapi/oauth/token", data=form | self.prove())


def register_signer(server: Server, *, hmac: bool = False) -> Signer:
    """One that signs with its secret, or with a key of its own."""
    method = "client_secret_jwt" if hmac else "private_key_jwt"
    words = [f"signs by {method}", "--kind", "ServerOther", "--grant", JWT_BEARER, "--grant", "refresh_token"]
    more = [] if hmac else ["--jwks", str(_write_keys(server.data.parent))]
    made = beside(server).give(
        *("apps", "register", "--account", server.world.accounts["main"].id, "--scope", "ReadAccounts"),
        *("--auth-method", method, "--name", *words, *more),
    )
    if hmac:
        return Signer(server, str(made["client_id"]), {"alg": "HS256"}, hs(str(made["client_secret"]).encode()))
    return Signer(server, str(made["client_id"]), {"alg": "ES256", "kid": "k"}, es256(_key()))


def _write_keys(folder: Path) -> Path:
    path = folder / "jwks.json"
    path.write_text(jwks(ec_jwk(_key(), kid="k", alg="ES256", use="sig")))
    return path


def _key() -> ec.EllipticCurvePrivateKey:
    return ec_key(which=7)
