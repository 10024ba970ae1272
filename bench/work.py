"""What is measured: a kind of request, and one server's way of it."""

import base64
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
PASSWORD_CONNECTIONS = 4
"""Proofs of one network wait for each other here; more callers would measure their patience."""


class Kind(StrEnum):
    """Kinds of work, in the order of the report."""

    CLIENT_CREDENTIALS = "client_credentials"
    JWT_BEARER = "jwt-bearer"
    REFRESH = "refresh"
    REFRESH_AND_USE = "refresh with first use (pairs)"
    VALIDATION = "bearer validation, introspection"
    REVOKE = "grant and revoke (pairs)"
    PASSWORD = "password grant"
    BARE = "bare reply"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A script for wrk with its arguments. `{round}` in one is the round's number: a round uses up its refresh chains.

    `requests` make one unit. `connections`: fewer than the run's, where a server has a bound of its own.
    """

    kind: Kind
    script: str
    arguments: tuple[str, ...]
    requests: int = 1
    connections: int | None = None


def encode_basic(client_id: str, secret: str) -> str:
    """The Authorization header of an app."""
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def encode_form(**fields: str) -> str:
    """A form's body."""
    return urllib.parse.urlencode(fields)


def write_lines(file: Path, rows: Sequence[tuple[str, str]]) -> str:
    """What the scripts read: authorization, tab, body or token."""
    file.write_text("".join(f"{authorization}\t{rest}\n" for authorization, rest in rows))
    return str(file)
