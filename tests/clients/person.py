"""A person at a browser without JavaScript: reads the pages as HTML, fills in what they know, presses a button.

Only what any browser does belongs here: cookies, forms, redirects. What the pages mean is for the tests to say.
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Self
from urllib.parse import urljoin, urlsplit

import httpx

APP = "http://localhost:5000/"
"""Where the apps of the development world live."""
REDIRECT_URI = f"{APP}oauth2callback"
_PAGES_MAX = 6


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever sits there: what they type, and the button they press on the consent page."""

    username: str
    password: str = field(repr=False)
    extension: str = ""
    answer: str = "authorize"


@dataclass(slots=True)
class Form:
    """A form as read: where it goes, what it holds, its buttons as (name, value)."""

    action: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class Page(HTMLParser):
    """A page of HTML, read for its title, its texts and its one form."""

    def __init__(self) -> None:
        super().__init__()
        self.form: Form | None = None
        self.text = ""

    @classmethod
    def of(cls, html: str) -> Self:
        """Read a whole page."""
        page = cls()
        page.feed(html)
        page.close()
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a browser would send."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            assert self.form is None, "our pages have one form each"
            assert given["method"] == "post", "what is typed must not end in an address"
            self.form = Form(given["action"])
        elif self.form and tag == "input" and (given.get("type") != "checkbox" or "checked" in given):
            self.form.fields[given["name"]] = given.get("value", "")
        elif self.form and tag == "button":
            self.form.buttons.append((given["name"], given["value"]))

    def handle_data(self, data: str) -> None:
        """Note what a person would read."""
        self.text += f" {data.strip()}" if data.strip() else ""


@dataclass(slots=True)
class Visit:
    """How it went: the address at which the person left our pages, and the pages they saw, each by its buttons."""

    ended_at: str = ""
    seen: list[str] = field(default_factory=list)


class Browser:
    """One browser with its cookies; `visit` as often as you like."""

    def __init__(self) -> None:
        self._http = httpx.Client(headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}, timeout=20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def visit(self, url: str, person: Person) -> Visit:
        """Open an address and go on until the browser is sent to the app. Fails on a page without a form."""
        visit = Visit()
        reply = self._follow(self._http.get(url), visit)
        while not visit.ended_at:
            assert len(visit.seen) < _PAGES_MAX, f"the pages go round in circles: {visit.seen}"
            page = Page.of(reply.text)
            if page.form is None and reply.is_success and visit.seen:
                visit.ended_at = str(reply.url)  # a flow that ends here: what comes of it, a device will learn
                break
            assert page.form, f"{reply.status_code} {reply.url}: {page.text or reply.text}"
            visit.seen.append(" ".join(value for _, value in page.form.buttons))
            reply = self._follow(self._fill_in(page.form, reply, person), visit)
        return visit

    def _fill_in(self, form: Form, reply: httpx.Response, person: Person) -> httpx.Response:
        known = {"username": person.username, "password": person.password, "extension": person.extension}
        fields = form.fields | {name: value for name, value in known.items() if name in form.fields}
        wanted = person.answer if person.answer == "cancel" or "password" not in form.fields else "sign-in"
        wanted = "continue" if "user_code" in form.fields else wanted
        button = next(button for button in form.buttons if button == ("action", wanted))
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(str(reply.url)))
        target = urljoin(str(reply.url), form.action)
        answer = self._http.post(target, data={**fields, button[0]: button[1]}, headers={"Origin": origin})
        assert answer.status_code != httpx.codes.TEMPORARY_REDIRECT, (
            "would hand the password on (RFC 9700 section 4.12)"
        )
        return answer

    def _follow(self, reply: httpx.Response, visit: Visit) -> httpx.Response:
        while reply.is_redirect:
            location = urljoin(str(reply.url), reply.headers["location"])
            if location.startswith(APP):
                visit.ended_at = location
                return reply
            reply = self._http.get(location)
        return reply
