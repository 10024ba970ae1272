"""Where everything is kept: the setting `database.url` read, a file of SQLite or a database on PostgreSQL."""

import re
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from pydantic import Field, SecretStr, field_validator, model_validator

from callgate.config.section import Section
from callgate.config.texts import read_password
from callgate.model.database import PostgresPlace

Place = Path | PostgresPlace

SQLITE: Final = "sqlite:///"
URL_CHARS_MAX: Final = 2000

_OPTIONS: Final = frozenset(
    {
        "channel_binding",
        "connect_timeout",
        "gssencmode",
        "host",
        "hostaddr",
        "keepalives",
        "keepalives_count",
        "keepalives_idle",
        "keepalives_interval",
        "load_balance_hosts",
        "passfile",
        "port",
        "requirepeer",
        "service",
        "sslcert",
        "sslcrl",
        "sslkey",
        "sslmode",
        "sslrootcert",
        "target_session_attrs",
        "tcp_user_timeout",
        "user",
    }
)
"""What libpq may be told there. Passwords have a place of their own; what changes how statements work has none."""

_SCHEMES: Final = frozenset({"postgresql", "postgres"})
_OTHER: Final = "%(?!00)[0-9A-Fa-f]{2}"
"""A character that is encoded; no zero, of which libpq would complain by showing what it stands in."""

_USER: Final = re.compile(rf"([\w.~!$&'()*+,;=-]|{_OTHER})*(:([\w.~!$&'()*+,;=-]|{_OTHER})*)?", re.ASCII)
_HOSTS: Final = re.compile(r"(([\w-]{1,63}(\.[\w-]{1,63})*\.?)?|\[[\da-fA-F:.]+\]|%2[Ff][\w.%-]*)(:\d{1,5})?", re.ASCII)
_NAME: Final = re.compile(rf"([\w.~!$&'()*+,;=:@-]|{_OTHER})+", re.ASCII)
_MASK: Final = "********"
_PASSWORDS: Final = frozenset({"password", "sslpassword"})
_FORM: Final = (
    "must be sqlite:///NAME or sqlite:////PATH, or postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with the special "
    "characters of user and password percent-encoded"
)


class DatabaseSettings(Section):
    """Where everything is kept."""

    url: str = Field(default="sqlite:///callgate.db", repr=False)
    """sqlite:///NAME from the working directory, sqlite:////PATH from the root: one server a file.
    postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with libpq's options behind a `?` (sslmode, sslrootcert,
    tcp_user_timeout, …): any number of servers. `HOST,HOST` are a leader and its standbys: the one that is written is
    found, by itself and at once. A Unix socket is `postgresql:///DATABASE?host=/run/postgresql`."""

    password_file: Path | None = None
    """File with PostgreSQL's password, mode 0600, for a URL without one."""

    password: SecretStr | None = None
    """The password itself, where files are awkward."""

    @field_validator("url")
    @classmethod
    def _check_url(cls, value: str) -> str:
        database_place(value)
        return value

    @model_validator(mode="after")
    def _check_password(self) -> "DatabaseSettings":
        if self.password_file is not None and self.password is not None:
            raise ValueError("set database.password_file or database.password, not both")
        if self.password_file is not None or self.password is not None:
            try:
                database_place(self.url, "")
            except ValueError as error:
                raise ValueError(f"database.url {error}") from None
        return self

    @property
    def place(self) -> Place:
        """The file, or the database with the password. Raises OSError."""
        password = self.password.get_secret_value() if self.password is not None else None
        if self.password_file is not None:
            password = read_password(self.password_file, setting="database.password_file")
        return database_place(self.url, password)

    @property
    def has_one_server(self) -> bool:
        """Whether one process alone may serve it."""
        return self.url.startswith(SQLITE)

    @property
    def path(self) -> Path:
        """The database file, where SQLite is meant."""
        place = self.place
        assert isinstance(place, Path), "only SQLite has a file"
        return place


def database_place(url: str, password: str | None = None) -> Place:
    """Where everything is kept. Raises ValueError, which shows nothing of the URL but names of options."""
    if len(url) > URL_CHARS_MAX:
        raise ValueError(_FORM)
    if url.startswith(SQLITE) and len(url) > len(SQLITE):
        if password is not None:
            raise ValueError("is SQLite's, which has no password")
        return Path(url.removeprefix(SQLITE))
    return _postgres_place(url, password)


class _Parts(NamedTuple):
    """A URL of PostgreSQL taken apart; `password` is None where it holds none."""

    scheme: str
    user: str
    password: str | None
    hosts: str
    name: str
    options: str

    def __repr__(self) -> str:
        return f"_Parts(scheme={self.scheme!r}, user={self.user!r}, hosts={self.hosts!r}, name={self.name!r}, …)"


def _split(url: str) -> _Parts | None:
    scheme, _, rest = url.partition("://")
    authority, _, tail = rest.partition("/")
    who, _, hosts = authority.rpartition("@")
    name, _, options = tail.partition("?")
    user, colon, password = who.partition(":")
    if scheme not in _SCHEMES or not _USER.fullmatch(who) or not _NAME.fullmatch(name):
        return None
    if not all(_HOSTS.fullmatch(host) for host in hosts.split(",")):
        return None
    return _Parts(scheme, user, password if colon else None, hosts, name, options)


def shown_url(url: str) -> str:
    """The URL with its password masked."""
    parts = _split(url)
    if parts is None or parts.password is None:
        return url
    return f"{parts.scheme}://{parts.user}:{_MASK}@{url.partition('@')[2]}"


def _postgres_place(url: str, password: str | None) -> PostgresPlace:
    parts = _split(url)
    if parts is None or not parts.options.isprintable():
        raise ValueError(_FORM)
    for name, _ in parse_qsl(parts.options, keep_blank_values=True):
        if name in _PASSWORDS:
            raise ValueError(f"must not have {name} among its options: set database.password_file")
        if name not in _OPTIONS:
            raise ValueError(f"has an option that is none; there are {', '.join(sorted(_OPTIONS))}")
    if password is not None and parts.password is not None:
        raise ValueError("holds a password, and database.password or database.password_file another: keep one")
    return PostgresPlace(url, password, shown_url(url))
