"""gunicorn as the peers' manuals recommend it: one process, threads, connections kept.

python serving.py PORT MODULE:APPLICATION  -> an application beside this file, on the database that is there.
"""

import os
import sys
from pathlib import Path


def become(port: int, application: str) -> None:
    """Turn this process into the server of an application beside this file."""
    program = Path(sys.executable).with_name("gunicorn")
    options = ["--worker-class", "gthread", "--threads", "4", "--keep-alive", "60", "--log-level", "error"]
    place = ["--bind", f"127.0.0.1:{port}", "--chdir", str(Path(__file__).parent)]
    os.execv(program, [str(program), *options, *place, application])  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    become(int(sys.argv[1]), sys.argv[2])
