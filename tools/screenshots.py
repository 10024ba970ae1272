"""Photograph pages of a real server into docs/images: consent.png, on a phone and on a desktop, and credentials.png.

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

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs/images"
CHROMIUM = "/usr/bin/chromium"
CALLGATE = str(Path(sys.executable).with_name("callgate"))

APP = "Call Insights"
REDIRECT_URI = "https://insights.example/callback"
SCOPES = ("ReadAccounts", "ReadCallLog", "ReadContacts")
PHONE = ViewportSize(width=390, height=790)
DESKTOP = ViewportSize(width=800, height=790)
TALL = ViewportSize(width=500, height=1250)

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
        keep(browser, shots, name="consent.png")
        keep(browser, photograph_credentials(browser, base_url, person=person), name="credentials.png")
        browser.close()


def keep(browser: Browser, shots: list[bytes], *, name: str) -> None:
    """Put the pictures side by side into a file."""
    IMAGES.mkdir(exist_ok=True)
    picture = IMAGES / name
    picture.write_bytes(side_by_side(browser, shots))
    print(f"{picture.relative_to(ROOT)}: {picture.stat().st_size // 1024} KiB")


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
    sign_in(tab, url, person=person)
    tab.get_by_role("button", name="Authorize").wait_for()
    shot = tab.screenshot()
    context.close()
    return shot


def photograph_credentials(browser: Browser, base_url: str, *, person: dict[str, str]) -> list[bytes]:
    """Make a JWT credential as anybody would; the page of all and the page of one."""
    context = browser.new_context(viewport=TALL, color_scheme="light", locale="en-GB", device_scale_factor=1)
    tab = context.new_page()
    sign_in(tab, f"{base_url}/restapi/oauth/security", person=person)
    tab.get_by_role("link", name="Your JWT credentials").click()
    tab.get_by_label("What it is for").fill("Nightly report")
    tab.get_by_role("checkbox").first.check()
    tab.get_by_label("Until when").fill("2030-01-31")
    tab.get_by_role("button", name="Make it").click()
    tab.get_by_role("button", name="I have kept it").click()
    tab.get_by_label("What it is for").wait_for()
    all_of_them = tab.screenshot()
    tab.get_by_role("link", name="Nightly report").first.click()
    tab.get_by_role("button", name="Delete it").wait_for()
    shots = [all_of_them, tab.screenshot()]
    context.close()
    return shots


def sign_in(tab: Page, url: str, *, person: dict[str, str]) -> None:
    """Go there, and sign in on the way."""
    tab.goto(url)
    tab.get_by_label("Phone number or email").fill(person["email"])
    tab.get_by_label("Password").fill(person["password"])
    tab.get_by_role("button", name="Sign in", exact=True).click()


def side_by_side(browser: Browser, shots: list[bytes]) -> bytes:
    """One picture of several."""
    tab = browser.new_page(viewport=ViewportSize(width=1400, height=900))
    images = "".join(f'<img src="data:image/png;base64,{base64.b64encode(shot).decode()}">' for shot in shots)
    tab.set_content(SHEET + images)
    return tab.locator("body").screenshot()


if __name__ == "__main__":
    main()
