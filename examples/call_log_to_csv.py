"""The company's call log as CSV, every night, with nobody signed in.

An administrator allows the app once:

    callgate apps register --account ACCOUNT --name archive --kind ServerOther \
        --grant client_credentials --scope ReadCallLog --scope ReadAccounts
    callgate apps allow-service archive --account ACCOUNT --role "Call log reader"

and the job runs with what that printed:

    CALLGATE_URL=https://… APP_CLIENT_ID=… APP_CLIENT_SECRET=… python call_log_to_csv.py 2025-01-01 > calls.csv
"""

import base64
import csv
import json
import os
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator

COLUMNS = ("id", "startTime", "direction", "type", "result", "duration")


def get_token(url: str, client_id: str, client_secret: str) -> str:
    """An access token of the app itself (RFC 6749 section 4.4). Ask again when it expires; there is no refresh."""
    basic = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
    request = urllib.request.Request(
        f"{url}/restapi/oauth/token",
        data=b"grant_type=client_credentials",
        headers={"Authorization": f"Basic {basic}"},
    )
    with urllib.request.urlopen(request, timeout=30) as reply:
        return str(json.load(reply)["access_token"])


def read_calls(url: str, token: str, *, since: str) -> Iterator[dict[str, str | dict[str, str]]]:
    """Every call since a day, newest first: the server says where the next page is."""
    query = urllib.parse.urlencode({"dateFrom": since, "perPage": 1000, "view": "Simple"})
    page: str | None = f"{url}/restapi/v1.0/account/~/call-log?{query}"
    while page:
        request = urllib.request.Request(page, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=30) as reply:
            found = json.load(reply)
        yield from found["records"]
        page = found["navigation"].get("nextPage", {}).get("uri")


def name_end(end: object) -> str:
    """Who was at one end of a call: a number outside, an extension inside, at least a name."""
    known = end if isinstance(end, dict) else {}
    return known.get("phoneNumber") or known.get("extensionNumber") or known.get("name") or ""


def main() -> None:
    """Write the calls to standard output."""
    url = os.environ["CALLGATE_URL"]
    token = get_token(url, os.environ["APP_CLIENT_ID"], os.environ["APP_CLIENT_SECRET"])
    sheet = csv.writer(sys.stdout)
    sheet.writerow((*COLUMNS, "from", "to"))
    for call in read_calls(url, token, since=sys.argv[1]):
        sheet.writerow((*(call[column] for column in COLUMNS), name_end(call.get("from")), name_end(call.get("to"))))


if __name__ == "__main__":
    main()
