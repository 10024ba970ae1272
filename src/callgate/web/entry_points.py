"""Where everything is: the entry-points documents of service discovery, and the API's version (protocol.md F, I.4).

Every address is on the server's own base URL: a client that follows these documents never leaves it.
"""

import hashlib
import re
from functools import cache, lru_cache
from importlib.metadata import version
from urllib.parse import urlsplit

import orjson

from callgate.model.decisions import Admitted
from callgate.service.context import Context
from callgate.web.envelope import JSON, NO_STORE
from callgate.web.links import JsonObject
from callgate.web.wire import Header, Reply, Request

API_VERSION = "1.0.60"
"""The version of the platform's specification that the wire protocol follows (protocol.md I.4)."""

API_RELEASED = "2026-01-01T00:00:00.000Z"
"""When that specification was current."""

EXPIRES_IN_S = 86_400
RETRY_COUNT = 3
RETRY_INTERVAL_S = 3
RETRY_CYCLE_DELAY_S = 824

DEFAULT_BRAND = "1210"
_BRAND = re.compile(rb"(?:^|&)brand(?:Id|_id)=([0-9]{1,10})(?=&|$)", re.ASCII)
_KEPT: tuple[Header, ...] = ((b"cache-control", b"public, max-age=300"),)


class EntryPoints:
    """The documents of one server."""

    def __init__(self, context: Context) -> None:
        self._base_url = context.policy.issuer
        # A cell's own clients are told to come to it at once; whoever has no token yet may be any cell's.
        own_url = context.cells.own_url if context.cells else None
        self._own_url = own_url or context.policy.issuer

    async def initial(self, request: Request) -> Reply:
        """Where to sign in and get a first token; asked before there is one."""
        found = _BRAND.search(request.query)
        document = describe_initial(self._base_url, brand_id=found[1].decode() if found else DEFAULT_BRAND)
        return Reply(200, (JSON, *NO_STORE), orjson.dumps(document))

    async def external(self, _: Request, admitted: Admitted) -> Reply:
        """Where the bearer's account lives."""
        return _external_reply(self._own_url, admitted.account.brand_id)

    async def versions(self, _: Request) -> Reply:
        """`GET /restapi`: the versions of the API."""
        return Reply(200, (JSON, *_KEPT), orjson.dumps(describe_versions(self._base_url)))

    async def version(self, _: Request) -> Reply:
        """`GET /restapi/v1.0`: this version, in both shapes clients expect (protocol.md M, row 19)."""
        document = {**describe_versions(self._base_url), **_describe_version(self._base_url)}
        return Reply(200, (JSON, *_KEPT), orjson.dumps(document))


@lru_cache(maxsize=64)  # one for each brand, and clients ask again and again
def _external_reply(base_url: str, brand_id: str) -> Reply:
    body = orjson.dumps(describe_external(base_url, brand_id=brand_id))
    # Clients send it back with every call: it changes when, and only when, the document does.
    tag = hashlib.sha256(body).hexdigest()[:16].encode()
    return Reply(200, (JSON, *NO_STORE, (b"discovery-tag", tag)), body)


def describe_initial(base_url: str, *, brand_id: str) -> JsonObject:
    """The document for who has no token yet."""
    return {
        "version": "1.0.0",
        "brandId": brand_id,
        "retryCount": RETRY_COUNT,
        "retryInterval": RETRY_INTERVAL_S,
        "discoveryApi": {"defaultExternalUri": f"{base_url}/.well-known/entry-points/external"},
        "authApi": {**_sign_in_addresses(base_url), "defaultTokenUri": f"{base_url}/restapi/oauth/token"},
        **_services(base_url),
    }


def describe_external(base_url: str, *, brand_id: str) -> JsonObject:
    """The document for a bearer."""
    return {
        "version": "1.0.0",
        "brandId": brand_id,
        "expiresIn": EXPIRES_IN_S,
        "retryCount": RETRY_COUNT,
        "retryInterval": RETRY_INTERVAL_S,
        "retryCycleDelay": RETRY_CYCLE_DELAY_S,
        "discoveryApi": {
            "initialUri": f"{base_url}/.well-known/entry-points/initial",
            "externalUri": f"{base_url}/.well-known/entry-points/external",
        },
        "authApi": {
            **_sign_in_addresses(base_url),
            "baseUri": base_url,
            "tokenUri": f"{base_url}/restapi/oauth/token",
        },
        **_services(base_url),
    }


def describe_versions(base_url: str) -> JsonObject:
    """The API's versions and the server's."""
    server_version = _server_version()
    return {
        "uri": f"{base_url}/restapi",
        "apiVersions": [_describe_version(base_url)],
        "serverVersion": server_version,
        "serverRevision": server_version,
    }


@cache  # looked for in the folders of all packages
def _server_version() -> str:
    return version("callgate")


def _describe_version(base_url: str) -> JsonObject:
    return {
        "uri": f"{base_url}/restapi/v1.0",
        "versionString": API_VERSION,
        "releaseDate": API_RELEASED,
        "uriString": "v1.0",
    }


def _sign_in_addresses(base_url: str) -> JsonObject:
    return {
        "authorizationUri": f"{base_url}/restapi/oauth/authorize",
        "oidcDiscoveryUri": f"{base_url}/.well-known/openid-configuration",
    }


def _services(base_url: str) -> JsonObject:
    """Sections that clients dereference whether or not they use the service: all of them are this server."""
    host = urlsplit(base_url).netloc
    return {
        "coreApi": {"baseUri": base_url, "pubnubOrigin": host},
        "rcv": {"baseWebUri": base_url, "baseApiUri": base_url, "pubnubOrigin": host},
        "rcm": {"baseWebUri": base_url, "sdkDomain": host},
        "edc": {"baseUri": base_url},
        "glip": {"discovery": base_url, "entry": base_url},
        "rcw": {"baseApiUri": base_url},
        "featureFlagsApi": {"baseUri": base_url},
        "mvpApp": {"baseUri": base_url},
    }
