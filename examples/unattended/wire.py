"""What the variants share: a request shown as its curl line, a refusal told with its remedy, and the reads themselves.

Where the server is and which app asks stands in the environment: CALLGATE_URL, APP_CLIENT_ID, and APP_CLIENT_SECRET
unless the app keeps none. Nothing but the standard library; secrets are printed cut short.
"""

import base64
import json
import os
import shlex
import sys
import urllib.error
import urllib.parse
import urllib.request

SHOWN_CHARS = 12
PLAIN = frozenset({"grant_type", "client_id", "username", "extension"})


def get_token(**form: str) -> str:
    """An access token for a grant. The app proves itself by its secret; one that keeps none says its name alone."""
    client_id, secret = os.environ["APP_CLIENT_ID"], os.environ.get("APP_CLIENT_SECRET")
    sent = form if secret else form | {"client_id": client_id}
    reply = call("/restapi/oauth/token", form=sent, basic=(client_id, secret) if secret else None)
    return str(reply["access_token"])


def pull_reports(token: str) -> None:
    """The company's latest calls and its call queues: what the whole errand is for."""
    account = "/restapi/v1.0/account/~"
    calls = call(f"{account}/call-log?view=Simple&perPage=3", bearer=token)["records"]
    for each in calls:
        tell(f"{each['startTime']}  {each['direction']:8}  {each['result']:14}  {each['duration']:>4} s")
    queues = call(f"{account}/call-queues", bearer=token)["records"]
    for queue in queues:
        tell(f"queue {queue['extensionNumber']}  {queue['name']}")


def call(
    path: str, *, form: dict[str, str] | None = None, basic: tuple[str, str] | None = None, bearer: str | None = None
) -> dict:
    """One request and its JSON; both are shown. A refusal ends the program with what to do about it."""
    url = os.environ["CALLGATE_URL"] + path
    print(show_curl(url, form=form, basic=basic, bearer=bearer), flush=True)
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    if basic:
        headers["Authorization"] = f"Basic {base64.b64encode(':'.join(basic).encode()).decode()}"
    body = urllib.parse.urlencode(form).encode() if form else None
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30) as reply:
            answer = json.load(reply)
    except urllib.error.HTTPError as refusal:
        sys.exit(explain(refusal.code, json.load(refusal)))
    if "access_token" in answer:
        life, scope = answer["expires_in"], answer["scope"]
        tell(f"200: access_token {cut(answer['access_token'])} for {life} s, may {scope}")
    else:
        tell(f"200: {len(answer['records'])} records")
    return answer


def explain(status: int, answer: dict) -> str:
    """A refusal as the server words it: the code to look up, what is wrong, what to do."""
    error = answer["errors"][0]
    return f"  {status}: {error['errorCode']}  {error['message']}\n  What to do: {error.get('remedy', 'ask the admin')}"


def show_curl(url: str, *, form: dict[str, str] | None, basic: tuple[str, str] | None, bearer: str | None) -> str:
    """The same request for a shell."""
    parts = ["  $ curl", shlex.quote(url)]
    if basic:
        parts.append(f"-u {basic[0]}:{cut(basic[1])}")
    if bearer:
        parts.append(f"-H 'Authorization: Bearer {cut(bearer)}'")
    parts += [f"-d {name}={value if name in PLAIN else cut(value)}" for name, value in (form or {}).items()]
    return " ".join(parts)


def cut(secret: str) -> str:
    """Enough to recognise it, too little to use it."""
    return f"{secret[: min(SHOWN_CHARS, len(secret) // 4)]}…"


def tell(line: str) -> None:
    """A line of the reply."""
    print(f"  {line}")
