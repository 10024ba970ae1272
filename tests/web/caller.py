"""Somebody who sends a server whatever they like, and sees whether it wrote anything."""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import NamedTuple
from urllib.parse import quote, urlencode

import apsw

from callgate.admin.world import World
from tests.server import Server
from tests.web.raw import Answer, Line, basic, request

TOKEN = "/restapi/oauth/token"
REVOKE = "/restapi/oauth/revoke"
MYSELF = "/restapi/v1.0/account/~/extension/~"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
FORM = "Content-Type: application/x-www-form-urlencoded"
_LAZY_S = 0.5
"""After which nothing that a finished request left to be written is still to come."""


class Session(NamedTuple):
    """A session of the app `script`."""

    access: str
    refresh: str


class Caller:
    """One connection to the server, one to its database."""

    def __init__(self, server: Server, line: Line, database: apsw.Connection) -> None:
        self.server = server
        self._line = line
        self._database = database

    @property
    def world(self) -> World:
        """Whom there is to be."""
        return self.server.world

    def proof(self, app: str) -> str:
        """The field that proves an app."""
        return basic(self.world.apps[app])

    def send(self, raw: bytes) -> Answer:
        """Any bytes that are one request."""
        return self._line.ask(raw)

    def get(self, target: str, *fields: str) -> Answer:
        """GET."""
        return self.send(request(target, *fields))

    def post(self, target: str, form: Mapping[str, str] | bytes, *fields: str) -> Answer:
        """POST of a form, as pairs or as it goes over the wire."""
        body = form if isinstance(form, bytes) else urlencode(form, quote_via=quote).encode()
        typed = fields if any(field.startswith("Content-Type") for field in fields) else (FORM, *fields)
        return self.send(request(target, *typed, method="POST", body=body))

    def open_session(self) -> Session:
        """Sign the script in; waits until what that leaves to be written is written."""
        form = {"grant_type": JWT_BEARER, "assertion": self.world.jwt_credentials["admin_any"].jwt}
        tokens = self.post(TOKEN, form, self.proof("script")).json()
        time.sleep(_LAZY_S)
        return Session(str(tokens["access_token"]), str(tokens["refresh_token"]))

    def writes(self) -> object:
        """A value that another commit to the database changes, whoever makes it (SQLite's data_version)."""
        return self._database.execute("PRAGMA data_version").fetchone()


@contextmanager
def calling(server: Server) -> Iterator[Caller]:
    """Someone, until they hang up."""
    with (
        closing(Line(server)) as line,
        closing(apsw.Connection(str(server.data / "callgate.db"), apsw.SQLITE_OPEN_READONLY)) as database,
    ):
        yield Caller(server, line, database)
