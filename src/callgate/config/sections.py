"""Every setting there is, and what makes its value impossible.

The docstrings here are the source of docs/settings.md. What a setting does belongs to the module that uses it, never
here; where values come from, to reading.py.
"""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from callgate.config.cells import CELL_PATTERN, CellSettings
from callgate.config.counters import MEMORY, counter_store
from callgate.config.database import DatabaseSettings
from callgate.config.section import Section
from callgate.config.texts import PORT_MAX, check_certificates, is_loopback, networks, origin_problem, read_password
from callgate.config.watching import LogSettings, MetricsSettings, TracesSettings
from callgate.model.counters import CounterStore
from callgate.model.fetch import FetchRules, Network
from callgate.model.guesses import GUESSES_MAX, LOCK_MAX_MS, Guessing
from callgate.model.limits import RATE_MAX, Rates
from callgate.model.network import ForwardedField
from callgate.model.policy import Policy, Statuses

WORKERS_MAX = 64
ONE_SERVER = "an SQLite database has one server process; for more, move it to PostgreSQL"
Rate = Annotated[int, Field(ge=1, le=RATE_MAX)]


class ServerSettings(Section):
    """Where the server listens, and what it is called outside."""

    host: str = "127.0.0.1"
    """Address to listen on."""

    port: int = Field(default=8080, ge=1, le=PORT_MAX)
    """Port to listen on."""

    public_url: str | None = None
    """The URL clients use, which is also the issuer: https, except on a loopback host, and without a path.
    Left out: http://HOST:PORT, on a loopback host only."""

    trusted_proxies: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(networks)] = ()
    """Networks of the proxies in front, such as 10.0.0.0/8: from them alone it is believed where a request comes
    from."""

    forwarded_field: ForwardedField = ForwardedField.X_FORWARDED_FOR
    """The field in which those proxies say it, and the only one that is read: a proxy passes the other on as its
    caller sent it."""

    cell: str = Field(default="CGT01P01", pattern=f"^{CELL_PATTERN}$")
    """Name of this cell, which stands at the head of every token: site, number, P or T, number. A database remembers
    its cell, and no server of another name serves it."""

    workers: int = Field(default=1, ge=0, le=WORKERS_MAX)
    """Processes that answer, behind one listening socket; `callgate serve --workers` has the last word. With SQLite no
    more than one. 0: `callgate serve` itself answers, nobody starts it anew when it dies, and it cannot reload."""

    shutdown_s: int = Field(default=10, ge=0, le=600)
    """How long, in seconds, requests under way may finish when a process is told to end."""

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, value: str | None) -> str | None:
        problem = None if value is None else origin_problem(value)
        if problem:
            raise ValueError(problem)
        return value

    @model_validator(mode="after")
    def _check_issuer(self) -> "ServerSettings":
        if self.public_url is None and not is_loopback(self.host):
            raise ValueError("server.public_url is required when server.host is not a loopback address")
        return self

    @property
    def issuer(self) -> str:
        """The issuer identifier (RFC 8414 section 2)."""
        return self.public_url or f"http://{self.address}"

    @property
    def address(self) -> str:
        """Where it listens, as URLs have it."""
        return f"{_bracketed(self.host)}:{self.port}"


class KeySettings(Section):
    """The key-encryption key: it wraps every key in the database, and must never be kept with its backups."""

    key_encryption_key_file: Path | None = None
    """File with the key, mode 0600; `callgate keys new-kek` makes one."""

    key_encryption_key: SecretStr | None = None
    """The key itself, 32 bytes in base64, where files are awkward; the file is the better place."""

    @model_validator(mode="after")
    def _check_one(self) -> "KeySettings":
        if self.key_encryption_key_file is not None and self.key_encryption_key is not None:
            raise ValueError("set keys.key_encryption_key_file or keys.key_encryption_key, not both")
        return self


class WireSettings(Section):
    """How the wire protocol is spoken where its sources differ."""

    statuses: Statuses = Statuses.OBSERVED
    """HTTP statuses of token-endpoint errors: as observed on the platform (400), by RFC 6749, or by the
    vendor's table."""

    query_tokens: bool = True
    """Accept `access_token` in the query of API calls, and `token` in revoke's. Redacted in every log."""


class SessionSettings(Section):
    """Lifetimes that belong to the server; those of tokens belong to each app."""

    sign_in_ttl_s: int = Field(default=12 * 3600, ge=300, le=7 * 86_400)
    """How long a browser stays signed in."""

    remembered_sign_in_ttl_s: int = Field(default=30 * 86_400, ge=300, le=365 * 86_400)
    """How long a browser stays signed in when the person asked to be remembered."""


class PasswordSettings(Section):
    """What a new password must be; those that are set already stay. No kind of character is ever asked for."""

    chars_min: int = Field(default=12, ge=8, le=64)
    """The fewest characters. OWASP ASVS asks for 8 and recommends 15."""

    strength_min: int = Field(default=3, ge=0, le=4)
    """How hard it must be to guess, as zxcvbn counts: 3 is 10⁸ guesses and more, 4 is 10¹⁰. 0 asks for nothing."""


class LimitSettings(Section):
    """What one server does at a time, and how often anybody may call it (docs/limits.md)."""

    password_workers: int | None = Field(default=None, ge=1, le=256)
    """Threads of each worker that check passwords, 19 MiB each. Without it: one less than the machine has cores, shared
    out among the workers."""

    connections_max: int = Field(default=10_000, ge=1, le=1_000_000)
    """Connections open at a time, if the process may have as many files."""

    rates: bool = True
    """Whether calls are counted and refused when there are too many. `callgate dev` counts with --limits only."""

    light: Rate = Rates().light
    """Calls of the group Light that a person may make through an app in 60 seconds; an app may have its own number."""

    medium: Rate = Rates().medium
    """The same for the group Medium."""

    heavy: Rate = Rates().heavy
    """The same for the group Heavy."""

    auth: Rate = Rates().auth
    """The same for the group Auth: tokens and user info."""

    service: Rate = Rates().service
    """Tokens that an app without a user may get for one account in 60 seconds."""

    unproven: Rate = Rates().unproven
    """Calls of the token endpoint that came to nothing, for one network and client id in 60 seconds. Past it they are
    told so; what is right is answered all the same."""

    lockout: bool = True
    """Whether wrong passwords are counted, and their login name locked for their network when there are too many.
    `callgate dev` counts with --limits only."""

    wrong_passwords: int = Field(default=Guessing().wrong_max, ge=1, le=GUESSES_MAX)
    """Wrong passwords from one network for one login name that lock it there. Network and name: nobody is locked out
    by others."""

    lock_s: int = Field(default=Guessing().lock_s, ge=1, le=LOCK_MAX_MS // 1000)
    """How long, in seconds, the first lock lasts; each that follows within a day is four times as long, up to a day."""

    wrong_passwords_everywhere: int = Field(default=Guessing().wrong_everywhere_max, ge=1, le=GUESSES_MAX)
    """Wrong passwords for one login name in a day, from all networks together in which it has not been used rightly,
    that lock it for these networks."""

    store: str = MEMORY
    """Where calls and wrong passwords are counted: `memory`, for one server process; for several,
    redis://USER@HOST:PORT/DATABASE (Redis or Valkey), or rediss:// with TLS. The password stands in a setting of its
    own."""

    store_password_file: Path | None = None
    """File with the password of that store, mode 0600."""

    store_password: SecretStr | None = None
    """The password itself, where files are awkward."""

    store_wait_ms: int = Field(default=250, ge=10, le=5000)
    """The longest, in milliseconds, that a request waits for that store before the server counts by itself until it
    answers again."""

    store_ca_file: Path | None = None
    """Certificates (PEM) of authorities to trust for rediss://, instead of the system's."""

    @field_validator("store")
    @classmethod
    def _check_store(cls, value: str) -> str:
        counter_store(value)
        return value

    @field_validator("store_ca_file")
    @classmethod
    def _check_store_ca_file(cls, value: Path | None) -> Path | None:
        return check_certificates(value)

    @model_validator(mode="after")
    def _check_store_password(self) -> "LimitSettings":
        if self.store_password_file is not None and self.store_password is not None:
            raise ValueError("set limits.store_password_file or limits.store_password, not both")
        return self

    @property
    def counts_alone(self) -> bool:
        """Whether anything is counted, and by each process for itself."""
        return self.store == MEMORY and (self.rates or self.lockout)

    @property
    def counters(self) -> CounterStore | None:
        """Where several processes count together, with the password; None in this one's memory. Raises OSError."""
        place = counter_store(self.store)
        if place is None:
            return None
        password = self.store_password.get_secret_value() if self.store_password is not None else None
        if self.store_password_file is not None:
            password = read_password(self.store_password_file, setting="limits.store_password_file")
        ca_file = str(self.store_ca_file) if self.store_ca_file is not None else None
        return place._replace(password=password or None, ca_file=ca_file, wait_ms=self.store_wait_ms)

    @property
    def guessing(self) -> Guessing | None:
        """How guesses are counted, or None where they are not."""
        if not self.lockout:
            return None
        return Guessing(self.wrong_passwords, self.lock_s, self.wrong_passwords_everywhere)

    @property
    def rates_charged(self) -> Rates | None:
        """What is charged, or None where nothing is."""
        if not self.rates:
            return None
        return Rates(self.light, self.medium, self.heavy, self.auth, self.service, self.unproven)


class FetchSettings(Section):
    """What the server fetches by itself: key sets and documents of issuers and identity providers."""

    private_networks: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(networks)] = ()
    """Networks that are not public and may be fetched from all the same, such as 10.0.0.0/8 for a cluster's own
    issuer. Without one, whatever an address names inside your network is out of reach."""

    ca_file: Path | None = None
    """Certificates (PEM) of authorities to trust there, beside the system's."""

    loopback: bool = False
    """Fetch from this machine itself too, by http as well: for development. `callgate dev` has it on."""

    @field_validator("ca_file")
    @classmethod
    def _check_ca_file(cls, value: Path | None) -> Path | None:
        return check_certificates(value)

    @property
    def rules(self) -> FetchRules:
        """Where fetches may go."""
        return FetchRules(self.private_networks, loopback=self.loopback)


class Settings(Section):
    """Every setting of one server."""

    server: ServerSettings = ServerSettings()
    database: DatabaseSettings = DatabaseSettings()
    keys: KeySettings = KeySettings()
    wire: WireSettings = WireSettings()
    sessions: SessionSettings = SessionSettings()
    passwords: PasswordSettings = PasswordSettings()
    log: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()
    traces: TracesSettings = TracesSettings()
    limits: LimitSettings = LimitSettings()
    fetch: FetchSettings = FetchSettings()
    cells: CellSettings = CellSettings()

    @model_validator(mode="after")
    def _check_workers(self) -> "Settings":
        if self.server.workers > 1 and self.database.has_one_server:
            raise ValueError(f"server.workers: {ONE_SERVER}")
        return self

    @model_validator(mode="after")
    def _check_cells(self) -> "Settings":
        if self.server.cell in {each.cell for each in self.cells.neighbours}:
            raise ValueError(f"cells.others: {self.server.cell} is this cell itself (server.cell)")
        if self.cells.others and self.server.public_url is None:
            raise ValueError("cells.others: needs server.public_url, the one URL that all cells answer at")
        return self

    @property
    def policy(self) -> Policy:
        """What decisions may depend on."""
        return Policy(
            issuer=self.server.issuer,
            statuses=self.wire.statuses,
            query_tokens=self.wire.query_tokens,
            sign_in_ttl_s=self.sessions.sign_in_ttl_s,
            remembered_sign_in_ttl_s=self.sessions.remembered_sign_in_ttl_s,
            password_chars_min=self.passwords.chars_min,
            password_strength_min=self.passwords.strength_min,
        )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
