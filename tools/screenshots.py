"""Photograph the consent page of a real server, on a phone and on a desktop, into docs/images/consent.png.

`.venv/bin/python tools/screenshots.py`. Needs chromium (`apt-get install chromium fonts-dejavu-core`).
"""

import base64
import json
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, ViewportSize, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs/images/consent.png"
CHROMIUM = "/usr/bin/chromium"
CALLGATE = str(Path(sys.executable).with_name("callgate"))

APP = "Call Insights"
REDIRECT_URI = "https://insights.example/callback"
SCOPES = ("ReadAccounts", "ReadCallLog", "ReadContacts")
PHONE = ViewportSize(width=390, height=790)
DESKTOP = ViewportSize(width=800, height=790)

SHEET = """
<!doctype html><style>
body { margin: 0; padding: 28px; display: flex; gap: 28px; width: max-content; background: #dfe8e5; }
img { border-radius: 14px; box-shadow: 0 6px 24px rgb(20 50 45 / .18); display: block; }
</style>
"""


def main() -> None:
    """Take the pictures and put them side by side."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as base_url, sync_playwright() as playwright:
        url = authorize_url(Path(folder), base_url)
        person = json.loads((Path(folder) / "dev.json").read_text())["people"]["agent"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        shots = [photograph(browser, url, person=person, size=size) for size in (PHONE, DESKTOP)]
        PICTURE.parent.mkdir(exist_ok=True)
        PICTURE.write_bytes(side_by_side(browser, shots))
        browser.close()
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size // 1024} KiB")


@contextmanager
def serving(data: Path) -> Iterator[str]:
    """A development server, from its ready line to its end."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    command = [CALLGATE, "dev", "--port", port, "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout
        yield server.stdout.readline().removeprefix("callgate is ready on ").strip()
        server.terminate()


def authorize_url(data: Path, base_url: str) -> str:
    """Register an app with a name worth a picture, beside the running server; give the address it sends people to."""
    account = json.loads((data / "dev.json").read_text())["accounts"]["main"]["id"]
    words = ["--account", account, "--name", APP, "--kind", "ServerWeb", "--redirect-uri", REDIRECT_URI, "--json"]
    words += ["--grant", "authorization_code", *(word for scope in SCOPES for word in ("--scope", scope))]
    settings = {"CALLGATE_CONFIG": str(data / "callgate.toml")}
    made = subprocess.run([CALLGATE, "apps", "register", *words], env=settings, capture_output=True, check=True)
    query = {
        "response_type": "code",
        "client_id": json.loads(made.stdout)["client_id"],
        "redirect_uri": REDIRECT_URI,
        "state": "xyz",
    }
    return f"{base_url}/restapi/oauth/authorize?{urlencode(query)}"


def photograph(browser: Browser, url: str, *, person: dict[str, str], size: ViewportSize) -> bytes:
    """Sign in as anybody would, and photograph the page that asks."""
    context = browser.new_context(viewport=size, color_scheme="light", locale="en-GB", device_scale_factor=1)
    tab = context.new_page()
    tab.goto(url)
    tab.get_by_label("Phone number or email").fill(person["email"])
    tab.get_by_label("Password").fill(person["password"])
    tab.get_by_role("button", name="Sign in", exact=True).click()
    tab.get_by_role("button", name="Authorize").wait_for()
    shot = tab.screenshot()
    context.close()
    return shot


def side_by_side(browser: Browser, shots: list[bytes]) -> bytes:
    """One picture of several."""
    tab = browser.new_page(viewport=ViewportSize(width=1400, height=900))
    images = "".join(f'<img src="data:image/png;base64,{base64.b64encode(shot).decode()}">' for shot in shots)
    tab.set_content(SHEET + images)
    return tab.locator("body").screenshot()


if __name__ == "__main__":
    main()
