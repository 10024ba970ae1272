"""What every client script shares: the world it is started in, the person at the browser, and the report.

The Python half of js/flows.mjs, which says how a script and whoever started it talk.
"""

import json
import sys
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests

REDIRECT_URI = "http://localhost:5000/oauth2callback"
CALL_LOG = "/restapi/v1.0/account/~/call-log"

SINCE = (datetime.now(UTC) - timedelta(days=60)).isoformat().replace("+00:00", "Z")
"""Long enough ago for more than one page of calls."""

base_url = sys.argv[1]
world = json.loads(Path(sys.argv[2]).read_text())


def visit(url: str) -> str:
    """A person opens `url`, signs in, agrees; gives the whole redirect URI their browser was sent to."""
    print(json.dumps({"visit": url, "as": "helper"}), flush=True)
    return sys.stdin.readline().strip()


def report(flows: Mapping[str, Callable[[], object]]) -> None:
    """Run each flow in turn and say what was seen."""
    observed: dict[str, object] = {}
    for name, flow in flows.items():
        try:
            observed[name] = flow()
        except Exception:  # noqa: BLE001 - whatever a client raises is what there is to see
            observed[name] = {"failed": traceback.format_exc()}
    print(json.dumps({"observed": observed}), flush=True)


def terms(reply: Mapping[str, object]) -> dict[str, object]:
    """The parts of a token reply that are the same on every run."""
    names = ("token_type", "expires_in", "refresh_token_expires_in", "owner_id")
    return {name: reply[name] for name in names if name in reply} | {"scope": sorted(str(reply["scope"]).split())}


def ask(path: str, token: str) -> dict[str, object]:
    """What the API says to `token` where no SDK is in the way: the status, and the code of a refusal."""
    reply = requests.get(f"{base_url}{path}", headers={"Authorization": f"Bearer {token}"}, timeout=20)
    if reply.ok:
        return {"status": reply.status_code}
    return {"status": reply.status_code, "code": reply.json()["errors"][0]["errorCode"]}


def page(calls: Mapping[str, object]) -> dict[str, object]:
    """The parts of a page of the call log that are the same on every run."""
    log = json.loads(json.dumps(calls))
    addresses = [log["uri"], log["navigation"]["nextPage"]["uri"], *(record["uri"] for record in log["records"])]
    extensions = {record["extension"]["id"] for record in log["records"] if "extension" in record}
    return {
        "records": len(log["records"]),
        "page": log["paging"]["page"],
        "extensions": "several" if len(extensions) > 1 else "one",
        "foreignAddresses": [address for address in addresses if not address.startswith(f"{base_url}/")],
    }
