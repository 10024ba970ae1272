"""A loopback server that puts views on stage: their HTML and headers, the static files, and what is posted back."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

from callgate.web.pages import STATIC_FILES, Locale, Page, page_headers, render


class Stage(ThreadingHTTPServer):
    """Serves `pages` by name under `/en/…` and `/de/…`; a form gets a 303 to `answer` and is kept in `posted`.

    In the part of an app, it answers at `/callback`: with a page, or with a redirect to `onward`.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages: dict[str, Page] = {}
        self.answer = "/done"
        self.onward = ""
        self.posted: list[list[tuple[str, str]]] = []
        self.posted_from: list[tuple[str | None, str | None]] = []

    @property
    def url(self) -> str:
        """The origin of everything served."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Stage

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        _, language, name = f"{path}/".split("/")[:3]
        if path in STATIC_FILES:
            self._reply(200, STATIC_FILES[path].headers, STATIC_FILES[path].body)
        elif language in list(Locale) and name in self.server.pages:
            page, locale = self.server.pages[name], Locale(language)
            self._reply(200, page_headers(page, locale=locale), render(page, locale=locale))
        elif path == "/callback" and self.server.onward:
            self._reply(302, {"Location": self.server.onward}, b"")
        else:
            self._reply(200, {"Content-Type": "text/html"}, b"<!doctype html><title>elsewhere</title>")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.posted.append(parse_qsl(body, keep_blank_values=True))
        self.server.posted_from.append((self.headers["Origin"], self.headers["Sec-Fetch-Site"]))
        self._reply(303, {"Location": self.server.answer}, b"")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        """Keep the test's output clean."""

    def _reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def stage() -> Iterator[Stage]:
    """Give a running stage, closed at the end."""
    with Stage() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
