"""Files that hold secrets, or say where these are: written whole or not at all, for their owner alone to read."""

import os
from pathlib import Path

_OWNER_ONLY = 0o600


def write_own(file: Path, text: str) -> None:
    """Put a file in its place, on the disk when this returns. Raises OSError."""
    draft = file.with_name(f".{file.name}.draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWNER_ONLY)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    draft.replace(file)
