"""What people do at our pages."""

from playwright.sync_api import Page

from tests.company import PASSWORD, email_of
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


def go_to_the_provider(tab: Page, server: Server, who: str) -> None:
    """At the sign-in page: by the address to the company's own."""
    tab.get_by_label("Phone number or email").fill(email_of(server, who))
    press(tab, "Single sign-on")


def sign_in_there(tab: Page, who: str) -> None:
    """At SimpleSAMLphp's own page."""
    tab.locator("input[name=username]").fill(who)
    tab.locator("input[name=password]").fill(PASSWORD)
    tab.locator("#submit_button, button[type=submit], input[type=submit]").first.click()
