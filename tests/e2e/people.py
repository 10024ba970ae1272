"""What people do at our pages."""

from playwright.sync_api import Page

from tests.server import Server


def sign_in(tab: Page, server: Server, who: str, *, password: str | None = None) -> None:
    """Fill in the sign-in page and send it."""
    person = server.world.people[who]
    tab.get_by_label("Phone number or email").fill(person.email)
    tab.get_by_label("Password").fill(password or person.password)
    tab.get_by_role("button", name="Sign in", exact=True).click()


def press(tab: Page, button: str) -> None:
    """Press a button of the page."""
    tab.get_by_role("button", name=button, exact=True).click()
