"""Settings of cells: who the others are, and what proves us to them (docs/cells.md)."""

import re
from pathlib import Path
from typing import Annotated, Final

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from callgate.config.section import Section
from callgate.config.texts import check_certificates, origin_problem, read_secret, split
from callgate.model.cells import Neighbour

CELL_PATTERN: Final = r"[A-Z]{3}\d\d[PT]\d\d"

_SECRET_CHARS_MIN: Final = 32
_OTHERS_MAX: Final = 64


class CellSettings(Section):
    """Other cells behind the same public URL, each with a database of its own (docs/cells.md). None as a rule."""

    others: Annotated[tuple[str, ...], NoDecode, BeforeValidator(split)] = ()
    """The other cells, such as CGT01P02=https://cell2.internal.example.com: the name each has in its server.cell, and
    where the others reach its door, by https except on a loopback host."""

    secret_file: Path | None = None
    """File with what all cells share, mode 0600: a line of at least 32 characters that nobody can guess. Of several
    lines the first proves what this cell forwards, and each is believed: so it is changed without a stop."""

    secret: SecretStr | None = None
    """The same itself, where files are awkward."""

    ca_file: Path | None = None
    """Certificates (PEM) of authorities to trust for the others, instead of the system's."""

    own_url: str | None = None
    """A public URL of this cell alone, which the entry-points document tells its clients: what comes there need not be
    forwarded. Left out: the one public URL."""

    wait_ms: int = Field(default=10_000, ge=100, le=60_000)
    """The longest, in milliseconds, that a request waits for another cell."""

    connect_ms: int = Field(default=1000, ge=10, le=10_000)
    """The longest, in milliseconds, that it takes to reach one, and for one to say whether something is there."""

    in_flight_max: int = Field(default=256, ge=1, le=10_000)
    """Requests forwarded to one cell at a time; those beyond are told to come again."""

    remember_s: int = Field(default=5, ge=0, le=300)
    """How long, in seconds, it is remembered what is where."""

    @field_validator("others")
    @classmethod
    def _check_others(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        names = [_read(each).cell for each in value]
        if len(set(names)) < len(names):
            raise ValueError("names a cell twice")
        if len(names) > _OTHERS_MAX:
            raise ValueError(f"names more than {_OTHERS_MAX} cells")
        return value

    @field_validator("own_url")
    @classmethod
    def _check_own_url(cls, value: str | None) -> str | None:
        problem = None if value is None else origin_problem(value)
        if problem:
            raise ValueError(problem)
        return value

    @field_validator("ca_file")
    @classmethod
    def _check_ca_file(cls, value: Path | None) -> Path | None:
        return check_certificates(value)

    @model_validator(mode="after")
    def _check_secret(self) -> "CellSettings":
        if self.secret_file is not None and self.secret is not None:
            raise ValueError("set cells.secret_file or cells.secret, not both")
        if self.others and self.secret_file is None and self.secret is None:
            raise ValueError("cells.others: needs cells.secret_file, by which the cells know each other")
        try:
            secrets = self.secrets if self.others else ()
        except OSError as error:
            raise ValueError(f"cells.secret_file: cannot read {self.secret_file}: {error.strerror}") from None
        if self.others and any(len(line) < _SECRET_CHARS_MIN for line in secrets or ("",)):
            raise ValueError(f"cells.secret_file: each line must have at least {_SECRET_CHARS_MIN} characters")
        return self

    @property
    def neighbours(self) -> tuple[Neighbour, ...]:
        """The other cells."""
        return tuple(_read(each) for each in self.others)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What proves a cell, the one to prove with first. Raises OSError."""
        if self.secret is not None:
            text = self.secret.get_secret_value()
        else:
            text = read_secret(self.secret_file) if self.secret_file is not None else ""
        return tuple(line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))


def _read(other: str) -> Neighbour:
    name, equals, url = other.partition("=")
    if not equals or not re.fullmatch(CELL_PATTERN, name, re.ASCII):
        raise ValueError("must be NAME=URL, such as CGT01P02=https://cell2.internal.example.com")
    problem = origin_problem(url)
    if problem:
        raise ValueError(f"{name}: {problem}")
    return Neighbour(name, url)
