"""Values of settings that several sections have: lists in one text, origins, files of certificates and secrets."""

import errno
import ipaddress
import os
import re
import ssl
import stat
from pathlib import Path
from typing import Final

PORT_MAX: Final = 65_535

_LOOPBACK_NAMES: Final = frozenset({"localhost"})
_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}
_ORIGIN: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::(?P<port>[1-9][0-9]{0,4}))?",
    re.ASCII | re.IGNORECASE,
)


def split(value: object) -> object:
    """A list written as one text, as environments do."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def networks(value: object) -> object:
    """Networks written as one text. Raises ValueError, once for each list: of which of them, and why."""
    parts = split(value)
    if not isinstance(parts, list):
        return parts
    return [ipaddress.ip_network(part) if isinstance(part, str) else part for part in parts]


def origin_problem(value: str) -> str | None:
    """What keeps a text from being an origin that tokens may travel to; None where nothing does."""
    found = _ORIGIN.match(value)
    rest = value[found.end() :] if found else ""
    if found is None or int(found["port"] or 1) > PORT_MAX or (rest and rest[0] not in "/?#"):
        return "must be a URL such as https://login.example.com"
    if rest:
        return "must be scheme, host and port alone: no path, no slash at the end, no query"
    scheme = found["scheme"].lower()
    if value != value.lower() or found["port"] == _DEFAULT_PORTS[scheme]:
        return "must be written as browsers write an origin: in lower case, without the port that goes without saying"
    if scheme == "http" and not is_loopback(found["host"].strip("[]")):
        return "must be https, because tokens and passwords travel there; http is for loopback hosts alone"
    return None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, whatever a resolver says."""
    if host in _LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_certificates(file: Path | None) -> Path | None:
    """A file of certificates that can be read. Raises ValueError."""
    if file is not None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
        except OSError as error:  # what is no certificate, too
            raise ValueError(f"cannot be read as certificates: {error.strerror or error}") from None
    return file


def read_secret(file: Path) -> str:
    """What a file holds that is its owner's alone. Raises OSError, also where it is others', or no text."""
    with file.open(encoding="utf-8") as opened:
        if stat.S_IMODE(os.fstat(opened.fileno()).st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
            raise PermissionError(errno.EPERM, f"others than its owner may use it: chmod 600 {file}")
        try:
            return opened.read()
        except UnicodeDecodeError:
            raise OSError(errno.EILSEQ, f"{file} is not text in UTF-8") from None


def read_password(file: Path, *, setting: str) -> str:
    """What a file of `read_secret` holds, without the line's end. Raises OSError, which names the setting."""
    try:
        return read_secret(file).strip()
    except OSError as error:
        raise OSError(error.errno, f"{setting}: {error.strerror}", error.filename) from None
