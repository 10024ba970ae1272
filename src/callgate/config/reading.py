"""Settings read: one TOML file and `CALLGATE_…` variables, checked whole before anything starts.

The environment wins over the file. A name that is no setting is refused, with the nearest one that is: a
mistyped switch must not leave a door open.
"""

import difflib
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

from callgate.config.sections import Settings

DEFAULT_FILE = Path("callgate.toml")
"""Read when it lies in the working directory and no other file is named."""

FILE_VARIABLE = "CALLGATE_CONFIG"
PREFIX = "CALLGATE_"
_NESTED = "__"


class ConfigError(Exception):
    """Settings that cannot be used; `problems` has one line for each, none of which shows a value."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


class _FromEnvironment(Settings, BaseSettings):
    """The same settings as pydantic-settings needs them to read the environment."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter=_NESTED, env_ignore_empty=True)


def load_settings(file: Path | None = None) -> Settings:
    """Settings from the environment and a file: this one, else CALLGATE_CONFIG's, else callgate.toml if any.

    Raises:
        ConfigError: with one line for each thing wrong.
    """
    chosen = _chosen_file(file)
    written = {} if chosen is None else _read(chosen)
    problems = [*_unknown_in_file(written, chosen), *_unknown_in_environment(os.environ)]
    if problems:
        raise ConfigError(problems)
    environment = EnvSettingsSource(_FromEnvironment)()
    sections = {*written, *environment}
    try:
        return Settings.model_validate({s: {**written.get(s, {}), **environment.get(s, {})} for s in sections})
    except ValidationError as error:
        raise ConfigError(_problems(error)) from None


def check_files(settings: Settings) -> None:
    """Read the passwords that lie in files of their own, as a start would.

    Raises:
        ConfigError: with one line for each that cannot be read.
    """
    problems = []
    for read in (lambda: settings.database.place, lambda: settings.limits.counters):
        try:
            read()
        except OSError as error:
            problems.append(": ".join(str(part) for part in (error.strerror, error.filename) if part))
    if problems:
        raise ConfigError(problems)


def notify_socket() -> str | None:
    """Where systemd wants to be told of the service's state (sd_notify(3)); None if it does not."""
    address = os.environ.get("NOTIFY_SOCKET")
    return address.replace("@", "\0", 1) if address and address[0] == "@" else address or None


def variable_of(key: str) -> str:
    """The environment variable of a setting, as in `log.level`."""
    return f"{PREFIX}{key.replace('.', _NESTED)}".upper()


def _chosen_file(named: Path | None) -> Path | None:
    variable = os.environ.get(FILE_VARIABLE)
    if named is None and variable:
        return Path(variable)
    return named or (DEFAULT_FILE if DEFAULT_FILE.exists() else None)


def _read(file: Path) -> dict[str, Mapping[str, object]]:
    try:
        written = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        by = f", which {FILE_VARIABLE} names" if str(file) == os.environ.get(FILE_VARIABLE) else ""
        raise ConfigError([f"cannot read {file}{by}: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise ConfigError([f"{file} is not UTF-8 text"]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{file} is not TOML: {error}"]) from None
    loose = [key for key, inside in written.items() if not isinstance(inside, Mapping)]
    if loose:
        raise ConfigError(f"{file}: {key} stands outside a section, such as [server]" for key in loose)
    return written


def _fields() -> Iterator[tuple[str, str]]:
    for section, field in Settings.model_fields.items():
        yield from ((section, name) for name in type(field.default).model_fields)


def _unknown_in_file(written: Mapping[str, Mapping[str, object]], file: Path | None) -> Iterator[str]:
    known = [f"{section}.{name}" for section, name in _fields()]
    for section, inside in written.items():
        if section not in Settings.model_fields:
            yield f"{file}: [{section}] is not a section{_nearest(section, Settings.model_fields)}"
            continue
        keys = (f"{section}.{name}" for name in inside)
        yield from (f"{file}: {k} is not a setting{_nearest(k, known)}" for k in keys if k not in known)


def _unknown_in_environment(environment: Iterable[str]) -> Iterator[str]:
    known = [FILE_VARIABLE, *(variable_of(f"{section}.{name}") for section, name in _fields())]
    for variable in sorted(environment):
        if variable.upper().startswith(PREFIX) and variable.upper() not in known:
            yield f"{variable} is not a setting{_nearest(variable.upper(), known)}"


def _nearest(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else "; `callgate config check` lists all"


def _problems(error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        key = ".".join(str(part) for part in problem["loc"][:2])
        said = problem["msg"].removeprefix("Value error, ")
        # A section's own rule names its settings itself.
        yield said if "." not in key else f"{key}: {said}"
