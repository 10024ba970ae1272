"""Discovery, keys and userinfo: the documents OpenID Connect clients read (protocol.md F)."""

import orjson

from callgate.model.decisions import Admitted, Denied
from callgate.service.context import Context
from callgate.service.discovery import key_set, metadata
from callgate.service.userinfo import person_of
from callgate.web.envelope import JSON, NO_STORE
from callgate.web.pages import Locale
from callgate.web.wire import Header, Reply, Request

_KEPT: tuple[Header, ...] = ((b"cache-control", b"public, max-age=300"),)
"""Five minutes: far less than a key is published before it signs."""


def _kept(context: Context) -> tuple[Header, ...]:
    return _KEPT if context.cells is None or context.cells.are_all_known else NO_STORE


class MetadataEndpoint:
    """Both well-known documents are one."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def __call__(self, _: Request) -> Reply:
        """What this server can do."""
        document = await metadata(self._context, [locale.value for locale in Locale])
        return Reply(200, (JSON, *_kept(self._context)), orjson.dumps(document))


class KeySetEndpoint:
    """The public keys of ID tokens."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def __call__(self, _: Request) -> Reply:
        """A JWK Set (RFC 7517)."""
        found = await key_set(self._context)
        return Reply(200, (JSON, *_kept(self._context)), found)


async def userinfo(_: Request, admitted: Admitted) -> Reply | Denied:
    """Claims about the bearer's person."""
    claims = person_of(admitted)
    if isinstance(claims, Denied):
        return claims
    fields = {name: value for name, value in claims._asdict().items() if value is not None}
    if claims.email is not None:
        fields["email_verified"] = True
    return Reply(200, (JSON, *NO_STORE), orjson.dumps(fields))
