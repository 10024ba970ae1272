"""Settings: what is read from where, and that nothing mistyped starts a server."""

import os
import re
from collections.abc import Callable
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from callgate.config import ConfigError, Settings, describe, load_settings, reading, render_settings
from callgate.model.counters import CounterStore
from callgate.model.database import PostgresPlace
from callgate.model.fetch import FetchRules
from callgate.model.policy import Statuses
from tests.figures import Figure

KEK = "c2VjcmV0LXRoYXQtbXVzdC1uZXZlci1iZS1zaG93bi4="


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each test begins in an empty folder with no CALLGATE_ variable."""
    monkeypatch.chdir(tmp_path)
    for variable in [name for name in os.environ if name.startswith(reading.PREFIX)]:
        monkeypatch.delenv(variable)


def problems(file: Path | None = None) -> tuple[str, ...]:
    """What loading says is wrong."""
    with pytest.raises(ConfigError) as raised:
        load_settings(file)
    return raised.value.problems


def test_defaults_are_a_loopback_server_when_nothing_is_set() -> None:
    """Nothing listens to the world, nor speaks http to it, unless somebody said so."""
    settings = load_settings()
    assert settings == Settings()
    assert settings.policy.issuer == "http://127.0.0.1:8080"
    assert settings.database.path == Path("callgate.db")


CELLS = {"CELLS__OTHERS": "CGT01P02=http://127.0.0.1:9002", "SERVER__PUBLIC_URL": "http://127.0.0.1:9000"}
SHARED = {"CELLS__SECRET": "0123456789" * 4}


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        (CELLS, "cells.others: needs cells.secret_file"),
        ({**SHARED, "CELLS__OTHERS": CELLS["CELLS__OTHERS"]}, "cells.others: needs server.public_url"),
        ({**CELLS, "CELLS__SECRET": "short"}, "cells.secret_file: each line must have at least 32 characters"),
        ({**CELLS, **SHARED, "SERVER__CELL": "CGT01P02"}, "cells.others: CGT01P02 is this cell itself"),
        ({**CELLS, **SHARED, "CELLS__OTHERS": "CGT01P02"}, "cells.others: must be NAME=URL, such as"),
        ({**CELLS, **SHARED, "CELLS__OTHERS": "two=http://127.0.0.1:9002"}, "cells.others: must be NAME=URL, such as"),
        ({**CELLS, **SHARED, "CELLS__OTHERS": "CGT01P02=http://two:9002"}, "cells.others: CGT01P02: must be https"),
        (
            {**CELLS, **SHARED, "CELLS__OTHERS": "CGT01P02=https://two, CGT01P02=https://three"},
            "cells.others: names a cell twice",
        ),
        ({**CELLS, "CELLS__SECRET_FILE": "/nowhere"}, "cells.secret_file: cannot read /nowhere"),
        ({**CELLS, **SHARED, "CELLS__OWN_URL": "http://two/x"}, "cells.own_url: must be scheme, host and port alone"),
        ({**CELLS, **SHARED, "CELLS__OTHER": "x"}, "did you mean CALLGATE_CELLS__OTHERS?"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_cells_that_could_not_work_start_nothing(
    variables: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each says the key and the mend, and shows no secret."""
    for name, value in variables.items():
        monkeypatch.setenv(f"CALLGATE_{name}", value)
    (problem,) = problems()
    assert said in problem
    assert SHARED["CELLS__SECRET"] not in problem


def test_cells_secret_that_others_may_read_starts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the key-encryption key; and lines are read as lines, the first first."""
    file = tmp_path / "secret"
    file.write_text(f"# two\n{'a' * 32}\n\n{'b' * 32}\n")
    file.chmod(0o640)
    for name, value in {**CELLS, "CELLS__SECRET_FILE": str(file)}.items():
        monkeypatch.setenv(f"CALLGATE_{name}", value)
    assert f"chmod 600 {file}" in problems()[0]
    file.chmod(0o600)
    assert load_settings().cells.secrets == ("a" * 32, "b" * 32)
    assert [*load_settings().cells.neighbours] == [("CGT01P02", "http://127.0.0.1:9002")]


@pytest.mark.parametrize(
    ("key", "read"),
    [
        ("DATABASE__PASSWORD_FILE", lambda settings: settings.database.place),
        ("LIMITS__STORE_PASSWORD_FILE", lambda settings: settings.limits.counters),
    ],
    ids=["database", "store"],
)
def test_password_that_others_may_read_is_not_used(
    key: str, read: Callable[[Settings], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As every secret in a file; nor one that is no text, of which nothing is shown."""
    file = tmp_path / "password"
    file.write_bytes(b"\xff\xfe")
    file.chmod(0o604)
    monkeypatch.setenv("CALLGATE_DATABASE__URL", "postgresql://callgate@db.example.com/callgate")
    monkeypatch.setenv("CALLGATE_LIMITS__STORE", "redis://redis.example")
    monkeypatch.setenv(f"CALLGATE_{key}", str(file))
    with pytest.raises(PermissionError, match=f"chmod 600 {file}"):
        read(load_settings())
    file.chmod(0o600)
    with pytest.raises(OSError, match=f"{file} is not text in UTF-8"):
        read(load_settings())
    file.write_text("open-sesame\n")
    assert read(load_settings()).password == "open-sesame"  # type: ignore[attr-defined] # both places have one


def test_environment_wins_when_the_file_says_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One setting of a section may come from each."""
    (tmp_path / "callgate.toml").write_text(
        '[server]\nport = 9000\nhost = "::1"\n[wire]\nstatuses = "rfc"\n[database]\nurl = "sqlite:////var/x.db"\n'
    )
    monkeypatch.setenv("CALLGATE_SERVER__PORT", "9001")
    monkeypatch.setenv("CALLGATE_SERVER__TRUSTED_PROXIES", "10.0.0.0/8, ::1")
    monkeypatch.setenv("CALLGATE_WIRE__QUERY_TOKENS", "false")
    settings = load_settings()
    assert settings.server.issuer == "http://[::1]:9001"
    assert [str(network) for network in settings.server.trusted_proxies] == ["10.0.0.0/8", "::1/128"]
    assert settings.policy.statuses is Statuses.RFC
    assert not settings.policy.query_tokens
    assert settings.database.path == Path("/var/x.db")


def test_written_settings_are_read_as_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file for other processes: whole, with paths that hold wherever they stand, and without a secret."""
    monkeypatch.setenv("CALLGATE_SERVER__TRUSTED_PROXIES", "10.0.0.0/8, ::1")
    monkeypatch.setenv("CALLGATE_SERVER__PORT", "9001")
    monkeypatch.setenv("CALLGATE_WIRE__STATUSES", "rfc")
    monkeypatch.setenv("CALLGATE_LIMITS__RATES", "false")
    monkeypatch.setenv("CALLGATE_LIMITS__STORE_PASSWORD", "hush")
    monkeypatch.setenv("CALLGATE_DATABASE__URL", 'sqlite:////tmp/a "b"\\c\x7f\t\u00fc.db')
    monkeypatch.setenv("CALLGATE_KEYS__KEY_ENCRYPTION_KEY_FILE", "kek")
    settings = load_settings()
    text = render_settings(settings)
    for variable in [name for name in os.environ if name.startswith(reading.PREFIX)]:
        monkeypatch.delenv(variable)
    (tmp_path / "written.toml").write_text(text, "utf-8")
    assert load_settings(Path("written.toml")) == settings.model_copy(
        update={
            "keys": settings.keys.model_copy(update={"key_encryption_key_file": tmp_path / "kek"}),
            "limits": settings.limits.model_copy(update={"store_password": None}),
        }
    )
    assert "hush" not in text
    assert render_settings(Settings()) == ""


def test_file_of_the_variable_is_named_when_it_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever exported it an hour ago typed no file's name now."""
    monkeypatch.setenv(reading.FILE_VARIABLE, "gone.toml")
    assert problems() == ("cannot read gone.toml, which CALLGATE_CONFIG names: No such file or directory",)


def test_variable_counts_as_absent_when_it_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose files set what they do not know to nothing."""
    monkeypatch.setenv("CALLGATE_SERVER__PORT", "")
    assert load_settings().server.port == Settings().server.port


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:s3cret@h/d", "postgresql://u:********@h/d"),
        (
            "postgresql://u:s3%40cret@h1:5432,[::1]:6/d?sslmode=require",
            "postgresql://u:********@h1:5432,[::1]:6/d?sslmode=require",
        ),
        ("postgres://h:5432/d", "postgres://h:5432/d"),
        ("postgresql://db_1.h-2.example.,127.0.0.1/d", "postgresql://db_1.h-2.example.,127.0.0.1/d"),
        ("postgresql:///d?host=/run/postgresql", "postgresql:///d?host=/run/postgresql"),
    ],
)
def test_password_of_the_database_is_never_shown(url: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The URL is enough for PostgreSQL, and nobody reads its password off our output."""
    monkeypatch.setenv("CALLGATE_DATABASE__URL", url)
    settings = load_settings()
    place = settings.database.place
    assert isinstance(place, PostgresPlace)
    assert (place.url, str(place)) == (url, shown)
    told = [entry.value for section in describe(settings) for entry in section.settings if entry.key == "database.url"]
    assert told == [shown]
    assert "s3" not in repr(settings) + repr(place)


def test_password_of_the_database_stands_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As secrets of containers do, where they are the server's alone."""
    (tmp_path / "password").touch(mode=0o600)
    (tmp_path / "password").write_text("s3cret\n", "utf-8")
    monkeypatch.setenv("CALLGATE_DATABASE__URL", "postgresql://u@h/d")
    monkeypatch.setenv("CALLGATE_DATABASE__PASSWORD_FILE", str(tmp_path / "password"))
    assert load_settings().database.place == PostgresPlace("postgresql://u@h/d", "s3cret", "postgresql://u@h/d")
    monkeypatch.setenv("CALLGATE_DATABASE__PASSWORD_FILE", str(tmp_path / "none"))
    with pytest.raises(FileNotFoundError, match=r"database\.password_file: "):
        _ = load_settings().database.place


def test_file_of_the_variable_is_read_when_none_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CALLGATE_CONFIG names a file; the command line's own name for one comes before it."""
    (tmp_path / "one.toml").write_text("[server]\nport = 1001\n")
    (tmp_path / "two.toml").write_text("[server]\nport = 1002\n")
    monkeypatch.setenv(reading.FILE_VARIABLE, "one.toml")
    assert load_settings().server.port == 1001
    assert load_settings(Path("two.toml")).server.port == 1002


MISTAKES = [
    ("[server]\nprot = 1\n", "c.toml: server.prot is not a setting; did you mean server.port?"),
    ("[serve]\nport = 1\n", "c.toml: [serve] is not a section; did you mean server?"),
    ("port = 1\n", "c.toml: port stands outside a section, such as [server]"),
    ("[server\n", "c.toml is not TOML: "),
    ("[server]\nport = 0\n", "server.port: "),
    ("[server]\nworkers = 2\n", "server.workers: an SQLite database has one server process"),
    ("[database]\nurl = 'postgresql://x'\n", "database.url: must be sqlite:///NAME or sqlite:////PATH, or"),
    ("[database]\nurl = 'mysql://x/y'\n", "database.url: must be sqlite:///NAME"),
    ("[database]\nurl = 'postgresql://db..example.com/d'\n", "database.url: must be sqlite:///NAME"),
    ("[database]\nurl = 'postgresql://u:p@ss@h/d'\n", "database.url: must be sqlite:///NAME"),
    ("[database]\nurl = 'postgresql://u:p%00ss@h/d'\n", "database.url: must be sqlite:///NAME"),
    ("[database]\nurl = 'postgresql://h/d?password=p'\n", "database.url: must not have password among"),
    ("[database]\nurl = 'postgresql://h/d?options=-cjit=off'\n", "database.url: has an option that is none"),
    (f"[database]\nurl = 'postgresql://h/{'d' * 2000}'\n", "database.url: must be sqlite:///NAME"),
    ("[database]\nurl = 'postgresql://u:p@h/d'\npassword = 'q'\n", "database.url holds a password, and"),
    ("[database]\nurl = 'sqlite:///d'\npassword = 'q'\n", "database.url is SQLite's"),
    ("[database]\npassword_file = 'p'\npassword = 'q'\n", "set database.password_file or database.password"),
    ("[server]\nhost = '0.0.0.0'\n", "server.public_url is required"),
    ("[server]\npublic_url = 'http://login.example.com'\n", "server.public_url: must be https"),
    ("[server]\npublic_url = 'https://login.example.com/'\n", "server.public_url: must be scheme, host"),
    ("[server]\npublic_url = 'https://a:b@example.com'\n", "server.public_url: must be a URL"),
    ("[server]\npublic_url = 'login.example.com'\n", "server.public_url: must be a URL"),
    ("[server]\npublic_url = 'https://example.com:99999'\n", "server.public_url: must be a URL"),
    ("[server]\npublic_url = 'https://example.com:port'\n", "server.public_url: must be a URL"),
    ("[server]\npublic_url = 'https://example.com:'\n", "server.public_url: must be a URL"),
    ("[server]\npublic_url = 'https://exa mple.com'\n", "server.public_url: must be a URL"),
    ("[server]\npublic_url = 'https://[::1'\n", "server.public_url: must be a URL"),
    ("[server]\npublic_url = 'https://Example.com'\n", "server.public_url: must be written as browsers write"),
    ("[server]\npublic_url = 'https://example.com:443'\n", "server.public_url: must be written as browsers write"),
    ("[server]\ncell = 'here'\n", "server.cell: "),
    ("[server]\nworkers = 65\n", "server.workers: "),
    ("[server]\nshutdown_s = -1\n", "server.shutdown_s: "),
    ("[server]\nport = '80 80'\n", "server.port: "),
    ("[server]\ntrusted_proxies = '10.0.0.1/8'\n", "server.trusted_proxies: 10.0.0.1/8 has host bits set"),
    ("[server]\ntrusted_proxies = '::1, proxy'\n", "server.trusted_proxies: 'proxy' does not appear to be"),
    ("[server]\nforwarded_field = 'Via'\n", "server.forwarded_field: "),
    ("[wire]\nstatuses = 'mine'\n", "wire.statuses: "),
    ("[wire]\nquery_tokens = 'perhaps'\n", "wire.query_tokens: "),
    ("[sessions]\nsign_in_ttl_s = 299\n", "sessions.sign_in_ttl_s: "),
    ("[sessions]\nremembered_sign_in_ttl_s = 31536001\n", "sessions.remembered_sign_in_ttl_s: "),
    ("[passwords]\nchars_min = 7\n", "passwords.chars_min: "),
    ("[passwords]\nstrength_min = 5\n", "passwords.strength_min: "),
    ("[log]\nlevel = 'loud'\n", "log.level: "),
    ("[log]\nformat = 'xml'\n", "log.format: "),
    ("[metrics]\nport = 65536\n", "metrics.port: "),
    ("[traces]\nratio = 1.5\n", "traces.ratio: "),
    ("[traces]\nendpoint = 'collector'\n", "traces.endpoint: "),
    ("[limits]\npassword_workers = 0\n", "limits.password_workers: "),
    ("[limits]\nconnections_max = 1000001\n", "limits.connections_max: "),
    ("[limits]\nlight = 0\n", "limits.light: "),
    ("[limits]\nunproven = 1.5\n", "limits.unproven: "),
    ("[limits]\nwrong_passwords = 0\n", "limits.wrong_passwords: "),
    ("[limits]\nlock_s = 0\n", "limits.lock_s: "),
    ("[limits]\nstore_wait_ms = 9\n", "limits.store_wait_ms: "),
    ("[limits]\nstore = 'redis'\n", "limits.store: "),
    ("[limits]\nrates = 2\n", "limits.rates: "),
    ("[fetch]\nprivate_networks = '10.0.0.0/33'\n", "fetch.private_networks: '10.0.0.0/33' does not"),
    ("[fetch]\nloopback = 'sometimes'\n", "fetch.loopback: "),
    ("[fetch]\nca_file = 'none.pem'\n", "fetch.ca_file: cannot be read"),
    ("[cells]\nwait_ms = 0\n", "cells.wait_ms: "),
    ("[cells]\nin_flight_max = 0\n", "cells.in_flight_max: "),
    ("[keys]\nkey_encryption_key_file = 'a'\nkey_encryption_key = 'b'\n", "set keys.key_encryption_key_file or"),
    ("server = 1\n", "c.toml: "),
    ("[server]\nport = 1\nport = 2\n", "c.toml is not TOML: "),
]
"""A settings file with one mistake, and how the line begins that says which."""


@pytest.mark.parametrize(("text", "expected"), MISTAKES)
def test_one_line_names_the_mistake_when_the_file_has_one(tmp_path: Path, text: str, expected: str) -> None:
    """Nothing starts, and the line says where to look."""
    (tmp_path / "c.toml").write_text(text)
    (problem,) = problems(Path("c.toml"))
    assert problem.startswith(expected)
    assert "\n" not in problem


def test_every_section_has_its_mistakes(tmp_path: Path, figure: Figure) -> None:
    """Fifty and more (assurance R21): each starts nothing, and says one line of its own."""
    said: set[tuple[int, str]] = set()
    for number, (text, _) in enumerate(MISTAKES):
        file = tmp_path / f"{number}.toml"
        file.write_text(text)
        said.update((number, line.replace(str(file), "c.toml")) for line in problems(file))
    figure("settings.mistaken", f"{len(MISTAKES)} files with a mistake: none starts, {len(said)} lines name the key")
    assert len(said) == len(MISTAKES) >= 50
    sections = {section for text, _ in MISTAKES for section in re.findall(r"^\[(\w+)\]", text, re.MULTILINE)}
    assert sections >= set(Settings.model_fields)


@pytest.mark.parametrize(
    ("variable", "nearest"),
    [
        ("CALLGATE_SERVER__PROT", "CALLGATE_SERVER__PORT"),
        ("CALLGATE_LOG_LEVEL", "CALLGATE_LOG__LEVEL"),
        ("CALLGATE_CONFG", "CALLGATE_CONFIG"),
    ],
)
def test_unknown_variable_is_refused_with_the_nearest(
    variable: str, nearest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A switch that was meant to be set must not be silently off."""
    monkeypatch.setenv(variable, "1")
    assert problems() == (f"{variable} is not a setting; did you mean {nearest}?",)


def test_missing_file_is_a_mistake_when_it_was_named() -> None:
    """Only the default file may be missing."""
    assert problems(Path("gone.toml")) == ("cannot read gone.toml: No such file or directory",)


def test_secret_is_never_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither in repr, nor in `config check`, nor in an error about something else of its section."""
    monkeypatch.setenv("CALLGATE_KEYS__KEY_ENCRYPTION_KEY", KEK)
    settings = load_settings()
    secret = settings.keys.key_encryption_key
    assert secret is not None
    assert secret.get_secret_value() == KEK
    assert KEK not in repr(settings) + str(describe(settings))
    monkeypatch.setenv("CALLGATE_KEYS__KEY_ENCRYPTION_KEY_FILE", "kek")
    both = problems()
    assert both == ("set keys.key_encryption_key_file or keys.key_encryption_key, not both",)
    (tmp_path / "c.toml").write_text(f"[keys]\nkey_encryption_kee = '{KEK}'\n[server]\nport = '{KEK}'\n")
    assert KEK not in str(problems(Path("c.toml")))


def test_every_setting_is_described_and_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/settings.md is made of this: nothing may lack its sentence, nor name a variable that does not work."""
    for section in describe(Settings()):
        assert section.description
        for entry in section.settings:
            assert re.fullmatch(r"[a-z]+\.[a-z_]+", entry.key)
            assert entry.description.endswith(".")
            assert entry.value == entry.default
            monkeypatch.setenv(entry.variable, "")
    assert load_settings() == Settings()


def test_fetching_is_bounded_when_nothing_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Public addresses alone, until the operator names others; an authority's file is read at the start."""
    assert load_settings().fetch.rules == FetchRules()
    monkeypatch.setenv("CALLGATE_FETCH__PRIVATE_NETWORKS", "10.96.0.0/12")
    monkeypatch.setenv("CALLGATE_FETCH__LOOPBACK", "true")
    assert load_settings().fetch.rules == FetchRules((IPv4Network("10.96.0.0/12"),), loopback=True)
    (tmp_path / "empty.pem").write_text("")
    for file, said in (("missing.pem", "No such file or directory"), ("empty.pem", "")):
        monkeypatch.setenv("CALLGATE_FETCH__CA_FILE", file)
        [problem] = problems()
        assert problem.startswith(f"fetch.ca_file: cannot be read as certificates: {said}")


def test_place_of_the_counters_is_read_with_its_password_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis or Valkey, with TLS or without; the password comes from a file or a setting of its own."""
    assert load_settings().limits.counters is None
    monkeypatch.setenv("CALLGATE_LIMITS__STORE", "redis://redis.example")
    assert load_settings().limits.counters == CounterStore("redis.example", 6379, 0, None, tls=False, ca_file=None)
    monkeypatch.setenv("CALLGATE_LIMITS__STORE", "rediss://callgate@[::1]:6380/3")
    monkeypatch.setenv("CALLGATE_LIMITS__STORE_PASSWORD", "open-sesame")
    monkeypatch.setenv("CALLGATE_LIMITS__STORE_WAIT_MS", "100")
    settings = load_settings()
    expected = CounterStore("::1", 6380, 3, "callgate", tls=True, ca_file=None, password="open-sesame", wait_ms=100)
    assert settings.limits.counters == expected
    assert "sesame" not in repr(settings) + str(describe(settings)) + repr(expected)
    monkeypatch.setenv("CALLGATE_LIMITS__STORE_PASSWORD_FILE", "secret")
    assert problems() == ("set limits.store_password_file or limits.store_password, not both",)
    monkeypatch.delenv("CALLGATE_LIMITS__STORE_PASSWORD")
    secret = tmp_path / "secret"
    secret.touch(mode=0o600)
    secret.write_text("from a file\n")
    assert load_settings().limits.counters == expected._replace(password="from a file")
    secret.unlink()
    with pytest.raises(FileNotFoundError, match=r"limits\.store_password_file: "):
        _ = load_settings().limits.counters


@pytest.mark.parametrize(
    "value",
    [
        "memory:",
        "redis",
        "redis://",
        "http://h:1",
        "redis://h:x",
        "redis://h:70000",
        "redis://h/a",
        "redis://h/1/2",
        "redis://h?db=1",
        "redis://:open-sesame@h",
        "redis://u:open-sesame@h/0",
        "unix:///run/redis.sock",
    ],
)
def test_place_of_the_counters_is_refused_when_it_is_none(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a password in it is told to be put elsewhere, without being shown."""
    monkeypatch.setenv("CALLGATE_LIMITS__STORE", value)
    [problem] = problems()
    assert problem.startswith("limits.store: must ")
    assert ("store_password" in problem) == ("sesame" in value)
    assert "sesame" not in problem
