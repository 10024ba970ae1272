"""Browsers at the web's edge: cookies in and out, forms of our own pages in, pages and redirects out.

What the values mean is service/browser's to know; which page is shown, each endpoint's.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from callgate.model.account import Account, Extension
from callgate.model.decisions import Denied
from callgate.service.authorize import read_post
from callgate.service.browser import BINDING_MS, Cookies
from callgate.service.context import Context
from callgate.service.outcome import Post, SendAway, ShowFault
from callgate.service.sso_travel import TRIP_S
from callgate.web import envelope
from callgate.web.pages import FaultPage, Locale, Page, choose_locale, page_headers, render
from callgate.web.wire import Header, Reply, Request

_LOCATION_CHARS_MAX = 8000
"""What servers and browsers agree to pass on as an address."""


class Browsers:
    """What the endpoints with pages share: the names of the cookies, and who may post to us."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._statuses = context.policy.statuses
        self.secure = context.policy.issuer.startswith("https:")
        prefix = "__Host-" if self.secure else ""
        self._binding_name = f"{prefix}callgate_browser"
        self._sign_in_name = f"{prefix}callgate_sign_in"
        self._departure_prefix = f"{prefix}callgate_departure_"
        self._arrival_prefix = f"{prefix}callgate_arrival_"
        self._cell_name = f"{prefix}callgate_cell"
        self._own_origin = "{0.scheme}://{0.netloc}".format(urlsplit(context.policy.issuer))

    def cookies(self, request: Request) -> Cookies:
        """Our cookies, the first of each name.

        A binding has no space: in one page's seal it could pass for another's (service/browser.py).
        """
        found: dict[str, str] = {}
        for name, value in _sent(request):
            found.setdefault(name, value)
        binding = found.get(self._binding_name)
        return Cookies(
            None if binding and " " in binding else binding,
            found.get(self._sign_in_name),
            departures=_named(found, self._departure_prefix),
            arrivals=_named(found, self._arrival_prefix),
        )

    def kept_cell(self, request: Request) -> str | None:
        """The cell that this browser was at last, by its own word."""
        return next((value for name, value in _sent(request) if name == self._cell_name), None)

    async def post(self, request: Request) -> Post | Denied:
        """A form of one of our pages. Raises DisconnectedError.

        A form of another origin comes without cookies: it opens nothing, and is answered as an expired page is.
        """
        body = await request.body()
        if isinstance(body, Denied):
            return body
        cookies = Cookies(None, None) if self._is_foreign(request) else self.cookies(request)
        return Post(request.header(b"content-type") or "", body, cookies, request.request_id, request.network)

    async def pass_on(self, request: Request, path: str) -> Reply | bytes | ShowFault:
        """A form of anybody's page: begun anew by a GET, which brings the cookies that a foreign page's POST does not.

        The address's own parameters count too. Gives the query instead when it would make no address. Raises
        DisconnectedError.
        """
        body = await request.body()
        if isinstance(body, Denied):
            return ShowFault(denied=body)
        query = read_post(
            self._context,
            request.header(b"content-type") or "",
            query=request.query,
            body=body,
            request_id=request.request_id,
        )
        if isinstance(query, ShowFault):
            return query
        location = f"{path}?{query.decode('latin-1')}"
        if len(location) > _LOCATION_CHARS_MAX or not location.isprintable() or not location.isascii():
            return query
        return redirect(location, status=303)

    def bind(self, binding: str) -> Header:
        """The cookie that names this browser."""
        return self._cookie(self._binding_name, binding, max_age_s=BINDING_MS // 1000)

    def keep_cell(self, cell: str) -> Header:
        """The cookie that leads this browser here again, whichever cell it comes to; it opens nothing."""
        return self._cookie(self._cell_name, cell, max_age_s=None)

    def keep_sign_in(self, sealed: str, *, remembered_s: int | None) -> Header:
        """The cookie that opens a sign-in; None: until the browser is closed."""
        return self._cookie(self._sign_in_name, sealed, max_age_s=remembered_s)

    def forget_sign_in(self) -> Header:
        """The browser drops it."""
        return self._cookie(self._sign_in_name, "", max_age_s=0)

    def send_away(self, away: SendAway) -> Reply:
        """To an identity provider, with what this browser is to come back to."""
        gone = (cookie for handle in away.forgotten for cookie in self.forget_trip(handle))
        leaving = self._cookie(f"{self._departure_prefix}{away.handle}", away.departure, max_age_s=TRIP_S)
        return redirect(away.url, status=303, cookies=(*gone, leaving))

    def bring(self, handle: str, arrival: str) -> Header:
        """The cookie of an identity provider's answer."""
        return self._cookie(f"{self._arrival_prefix}{handle}", arrival, max_age_s=TRIP_S)

    def forget_trip(self, handle: str) -> tuple[Header, Header]:
        """The browser drops both cookies of a trip."""
        names = (f"{self._departure_prefix}{handle}", f"{self._arrival_prefix}{handle}")
        return self._cookie(names[0], "", max_age_s=0), self._cookie(names[1], "", max_age_s=0)

    def show_fault(self, request: Request, denied: Denied) -> Reply:
        """A page to a browser, the envelope to others."""
        if not takes_pages(request):
            return envelope.oauth_error(denied, statuses=self._statuses)
        text = envelope.text_of(denied.fault, denied.values)
        page = FaultPage(fault=denied.fault, text=text, request_id=request.request_id)
        return show(request, page, status=self.status_of(denied))

    def status_of(self, denied: Denied) -> int:
        """The status of a page that says this."""
        return envelope.status_of(denied.fault, self._statuses)

    def _is_foreign(self, request: Request) -> bool:
        # Our pages send no referrer, therefore `Origin: null` (Fetch section 3.1), as a sandboxed page of anyone does;
        # the browser's own word on the site tells them apart.
        origin, site = request.header(b"origin"), request.header(b"sec-fetch-site")
        return origin not in {None, "null", self._own_origin} or site not in {None, "same-origin"}

    def _cookie(self, name: str, value: str, *, max_age_s: int | None) -> Header:
        parts = [f"{name}={value}", "Path=/", "HttpOnly", "SameSite=Lax"]
        if max_age_s is not None:
            parts.append(f"Max-Age={max_age_s}")
        if self.secure:
            parts.append("Secure")
        return (b"set-cookie", "; ".join(parts).encode())


def takes_pages(request: Request) -> bool:
    """Whether whoever asks can show a page."""
    return "text/html" in (request.header(b"accept") or "")


def show(
    request: Request, page: Page, *, ui_locales: str = "", status: int = 200, cookies: tuple[Header, ...] = ()
) -> Reply:
    """A page in the language asked for, else the browser's."""
    return show_in(language_of(request, ui_locales=ui_locales), page, status=status, cookies=cookies)


def language_of(request: Request, *, ui_locales: str = "") -> Locale:
    """The language asked for, else the browser's."""
    return choose_locale(ui_locales=ui_locales, locale_id=None, accept_language=request.header(b"accept-language"))


def show_in(locale: Locale, page: Page, *, status: int = 200, cookies: tuple[Header, ...] = ()) -> Reply:
    """A page in a language."""
    headers = tuple(
        (name.lower().encode(), value.encode()) for name, value in page_headers(page, locale=locale).items()
    )
    return Reply(status, (*headers, *cookies), render(page, locale=locale))


def redirect(location: str, *, status: int, cookies: tuple[Header, ...] = ()) -> Reply:
    """On to another address, which learns nothing of ours."""
    headers: tuple[Header, ...] = (
        (b"location", location.encode()),
        (b"cache-control", b"no-store"),
        (b"referrer-policy", b"no-referrer"),
    )
    return Reply(status, (*headers, *cookies), b"")


def _sent(request: Request) -> Iterator[tuple[str, str]]:
    """Each cookie that came, ours or not."""
    for part in (request.header(b"cookie") or "").split(";"):
        name, _, value = part.strip().partition("=")
        yield name, value


def _named(found: dict[str, str], prefix: str) -> tuple[tuple[str, str], ...]:
    return tuple((name.removeprefix(prefix), value) for name, value in found.items() if name.startswith(prefix))


def known_as(account: Account, extension: Extension) -> str:
    """What a person calls themselves when they sign in."""
    return extension.email or f"{account.main_number}*{extension.number or ''}"
