"""A token that outlives the script: refreshed when due, kept in a file, safe to lose a reply.

    CALLGATE_URL=http://127.0.0.1:8080 APP_CLIENT_ID=… APP_CLIENT_SECRET=… APP_JWT=… python keep_token.py state.json

prints an access token that is good for at least a minute. Call it as often as you like.

What matters is the order: the new pair is written to disk before it is used. If this process dies in between, or the
reply never arrives, the old refresh token still answers with the very same pair. If all is lost, the JWT credential
opens a new session.
"""

import base64
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import NamedTuple

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SPARE_S = 60
REFUSED = 400


class Kept(NamedTuple):
    """What the file holds: the pair, and until when the access token is good, in seconds since 1970."""

    access_token: str
    refresh_token: str
    good_until: float


def ask(form: dict[str, str]) -> Kept:
    """One call of the token endpoint. Raises HTTPError when it refuses."""
    basic = base64.b64encode(f"{os.environ['APP_CLIENT_ID']}:{os.environ['APP_CLIENT_SECRET']}".encode()).decode()
    request = urllib.request.Request(
        f"{os.environ['CALLGATE_URL']}/restapi/oauth/token",
        data=urllib.parse.urlencode(form).encode(),
        headers={"Authorization": f"Basic {basic}"},
    )
    asked_at = time.time()
    with urllib.request.urlopen(request, timeout=30) as reply:
        tokens = json.load(reply)
    return Kept(tokens["access_token"], tokens["refresh_token"], asked_at + tokens["expires_in"])


def renew(kept: Kept | None) -> Kept:
    """The next pair: by refresh token where there is one that works, else by credential."""
    if kept:
        try:
            return ask({"grant_type": "refresh_token", "refresh_token": kept.refresh_token})
        except urllib.error.HTTPError as refusal:
            # Any other status says nothing about the token: fail, and let the next run try the same one.
            if refusal.code != REFUSED:
                raise
    return ask({"grant_type": JWT_BEARER, "assertion": os.environ["APP_JWT"]})


def write(file: Path, kept: Kept) -> None:
    """Replace the file in one step; nobody else may read it."""
    draft = file.with_suffix(".draft")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(kept._asdict()))
    draft.replace(file)


def main() -> None:
    """Print an access token."""
    file = Path(sys.argv[1])
    kept = Kept(**json.loads(file.read_text())) if file.exists() else None
    if kept is None or kept.good_until < time.time() + SPARE_S:
        kept = renew(kept)
        write(file, kept)
    sys.stdout.write(f"{kept.access_token}\n")


if __name__ == "__main__":
    main()
