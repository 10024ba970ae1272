"""What pages load: stylesheet, mark, the script for passkeys; named by content, so a browser may keep them for ever."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent / "static"
_CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticFile:
    """One file as served at `path`."""

    path: str
    body: bytes
    content_type: str

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the reply; the name changes with the content, so it is never asked for again."""
        return {
            "Content-Type": self.content_type,
            "Cache-Control": "public, max-age=31536000, immutable",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
            "Cross-Origin-Resource-Policy": "same-origin",
        }


def _read(file: Path) -> StaticFile:
    body = file.read_bytes()
    digest = hashlib.sha256(body).hexdigest()[:16]
    path = f"/static/{file.stem}.{digest}{file.suffix}"
    return StaticFile(path=path, body=body, content_type=_CONTENT_TYPES[file.suffix])


_BY_NAME = {file.name: _read(file) for file in sorted(_FOLDER.iterdir())}

STATIC_FILES = {file.path: file for file in _BY_NAME.values()}
"""Every static file by the path it is served at."""


def asset_path(name: str) -> str:
    """Where the file `name` of the static folder is served."""
    return _BY_NAME[name].path
