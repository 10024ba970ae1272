"""Between the door and the endpoints: what belongs to another cell goes there, what another cell sends comes in.

A request is forwarded once at most: what brings a note is answered here, whosever it seems. Only the fields that an
endpoint reads go on, each under the note, and the cell they come to sees no others; where a request comes from, the
note says, and is believed because only cells can write one. It is judged before a byte of the body is read, and is good
once. The body is whole before it goes on, so that its length is what this server counted (docs/adr/0083-cells.md).
"""

import re
from collections.abc import Callable
from functools import partial
from typing import Final

from starlette.types import Message, Receive, Scope, Send

from callgate.model import api_faults, cell_faults, faults
from callgate.model.cells import Clue, Errand, Head, Note
from callgate.model.decisions import Denied
from callgate.model.failure import Unavailable
from callgate.service import clues
from callgate.service.browser import open_travelling
from callgate.service.cell_links import FIELD, Answered, CellLink, CellSilentError, Passed
from callgate.service.cells import PATH, Silent
from callgate.service.clues import Sent
from callgate.service.context import Context
from callgate.service.discovery import own_key_set
from callgate.service.sso import ANSWER_BYTES_MAX
from callgate.web import cors, envelope
from callgate.web.authorize import AUTHORIZE, CONSENT, SIGN_IN
from callgate.web.browser import Browsers
from callgate.web.device import AUTHORIZATION, DEVICE
from callgate.web.door import Manner
from callgate.web.envelope import JSON, NO_STORE
from callgate.web.exchange import Answer
from callgate.web.network import Told
from callgate.web.second_factor import SECOND_FACTOR
from callgate.web.security import CREDENTIALS, PASSWORD, SECURITY
from callgate.web.sign_out import CONFIRM, SIGN_OUT
from callgate.web.sso import FINISH, SIGNED_IN
from callgate.web.tunnel import METHOD_OVERRIDE
from callgate.web.wire import NETWORKS, DisconnectedError, Header, Reply, Request, send_answer

TOKEN: Final = "/restapi/oauth/token"
REVOKE: Final = "/restapi/oauth/revoke"
OAUTH: Final = "/restapi/oauth/"
USERINFO: Final = "/restapi/oauth/userinfo"

BODY_BYTES_MAX: Final = ANSWER_BYTES_MAX
"""The longest body that any endpoint takes."""

QUESTION_BYTES_MAX: Final = 4 * 1024
"""The longest question between cells: about a passkey."""

CARRIED: Final = (
    b"accept",
    b"accept-language",
    b"authorization",
    b"content-type",
    b"cookie",
    b"origin",
    b"sec-fetch-site",
    b"user-agent",
    METHOD_OVERRIDE,
    b"x-user-agent",
)
"""The fields that an endpoint reads. No other goes from cell to cell, or counts there."""

_PAGES: Final = frozenset(
    {CONSENT, SECOND_FACTOR, SECURITY, PASSWORD, CREDENTIALS, SIGN_OUT, CONFIRM, FINISH, SIGNED_IN}
)
_CONNECTION: Final = re.compile(r"/restapi/oauth/sso/([0-9]{1,19})/[a-z]+")
_EXPLANATION: Final = "/restapi/oauth/explanations/"
_CREDENTIAL: Final = f"{CREDENTIALS}/"

_NOT_PASSED_BACK: Final = frozenset(
    b"connection keep-alive proxy-authenticate trailer transfer-encoding upgrade content-length date rcrequestid "
    b"server".split()
)

_UNAVAILABLE: Final = 503

Read = Callable[[Sent], Clue]


class Forwarding:
    """Takes each request first. `take` gives None where it has answered, else the body for whoever answers here."""

    def __init__(self, context: Context, browsers: Browsers, *, manner: Manner) -> None:
        cells = context.cells
        assert cells is not None
        self._manner = manner
        self._context = context
        self._cells = cells
        self._browsers = browsers
        self._log = manner.log
        self._statuses = manner.statuses
        token = partial(clues.of_token, device_of=cells.devices.row_of)
        sign_in = partial(clues.of_sign_in, open_form=partial(open_travelling, context))
        user_code = partial(clues.of_user_code, cell_of=cells.devices.cell_of_user_code)
        self._addresses: dict[tuple[str, str], Read] = {
            ("GET", AUTHORIZE): clues.of_authorize,
            ("GET", DEVICE): clues.of_page,
        }
        self._forms: dict[tuple[str, str], Read] = {
            ("POST", TOKEN): token,
            ("POST", REVOKE): clues.of_revoke,
            ("POST", AUTHORIZATION): clues.of_app,
            ("POST", AUTHORIZE): clues.of_authorize,
            ("POST", SIGN_IN): sign_in,
            ("POST", DEVICE): user_code,
        }

    async def take(self, scope: Scope, receive: Receive, send: Send) -> Receive | None:
        """Answer a request that is another cell's, or one that another cell asks."""
        request = Request(scope, receive, scope["callgate.request_id"])
        try:
            note = request.header(FIELD)
            if note is not None:
                return await self._come_in(request, note, send=send)
            return await self._send_on(request, receive, send=send)
        except DisconnectedError:
            return None
        except Exception:  # noqa: BLE001 - the edge, as an endpoint's
            self._log.exception("defect", request_id=request.request_id)
            oauth = str(scope["path"]).startswith(OAUTH)
            await self._reply(request, envelope.defect(oauth=oauth, statuses=self._statuses), send=send)
            return None

    # --- from another cell ----------------------------------------------------------------------------------------

    async def _come_in(self, request: Request, text: str, *, send: Send) -> Receive | None:
        scope = request.scope
        head = _head(request, request.method)
        note = self._cells.read_note(text, head)
        is_question = scope["path"] == PATH
        if note is None or is_question is (note.errand is Errand.FORWARDED):
            await self._refuse(request, send=send)
            return None
        body = await request.body(bytes_max=QUESTION_BYTES_MAX if is_question else BODY_BYTES_MAX)
        if isinstance(body, Denied) or not self._cells.fits(note, body):
            await self._refuse(request, send=send)
            return None
        scope["callgate.request_id"] = request.request_id = note.request_id
        scope[NETWORKS] = Told(note.network)
        scope["headers"] = list(head.fields)
        if not is_question:
            return _again(body, request)
        await self._reply(request, await self._answer_cell(note, body), send=send)
        return None

    async def _refuse(self, request: Request, *, send: Send) -> None:
        self._log.warning("cells", outcome="note refused", request_id=request.request_id)
        await self._deny(request, Denied(fault=cell_faults.NOTE_REFUSED), send=send)

    async def _answer_cell(self, note: Note, body: bytes) -> Reply:
        if note.errand is Errand.HELLO:
            return Reply(200, NO_STORE, b"")
        try:
            found = await self._cells.answer(body, own_keys=own_key_set(self._context))
        except Unavailable:
            return Reply(_UNAVAILABLE, NO_STORE, b"")
        except (KeyError, TypeError, ValueError):  # a cell of another version asks what we do not know
            return Reply(400, NO_STORE, b"")
        return Reply(200, (JSON, *NO_STORE), found)

    # --- to another cell ------------------------------------------------------------------------------------------

    async def _send_on(self, request: Request, receive: Receive, *, send: Send) -> Receive | None:
        read = self._reader(request)
        if read is None:
            return receive
        sent = self._sent(request)
        body = None
        if (request.method, request.scope["path"]) in self._forms:
            body = await self._hold(request, send=send, bytes_max=clues.BODY_BYTES_MAX)
            if body is None:
                return None
            sent, receive = sent._replace(body=body), _again(body, request)
        found = await self._cells.find(read(sent))
        if found in {self._cells.own, Silent(self._cells.own)}:
            return receive  # where this cell's own database is silent, the endpoint says so
        try:
            link = self._link_to(found)
            if body is None:
                body = await self._hold(request, send=send)
            if body is not None:
                await self._forward(request, body, link=link, send=send)
        except CellSilentError as trouble:
            await self._say_silent(request, trouble, send=send)
        return None

    def _link_to(self, found: str | Silent) -> CellLink:
        """Raises CellSilentError where the request would not even be sent: then nobody's body need be read."""
        if isinstance(found, Silent):
            self._cells.links[found.cell].forwarded["silent"] += 1
            raise CellSilentError(found.cell, "asked whose it is, it did not answer")
        link = self._cells.links[found]
        link.require_room()
        return link

    async def _hold(self, request: Request, *, send: Send, bytes_max: int = BODY_BYTES_MAX) -> bytes | None:
        """The whole body; None when it is too long, which was answered."""
        body = await request.body(bytes_max=bytes_max)
        if isinstance(body, Denied):
            await self._deny(request, body, send=send)
            return None
        return body

    def _reader(self, request: Request) -> Read | None:
        """How to find out whose it is; None for what every cell answers alike."""
        path = str(request.scope["path"])
        method = "GET" if request.method == "HEAD" else request.method
        if method == "OPTIONS" or path == PATH:  # what cells ask each other, no stranger asks through us
            return None
        if not path.startswith(OAUTH) or path == USERINFO:
            return clues.of_bearer
        if path in _PAGES or path.startswith(_CREDENTIAL):
            return clues.of_page
        connection = _CONNECTION.fullmatch(path)
        if connection is not None:
            return partial(_of_connection, connection[1])
        if path.startswith(_EXPLANATION):
            return clues.of_app
        return self._forms.get((method, path)) or self._addresses.get((method, path))

    def _sent(self, request: Request) -> Sent:
        return Sent(
            request.header(b"content-type") or "",
            request.query,
            request.header(b"authorization"),
            kept=self._browsers.kept_cell(request),
            binding=self._browsers.cookies(request).binding,
        )

    async def _forward(self, request: Request, body: bytes, *, link: CellLink, send: Send) -> None:
        """Raises CellSilentError."""
        # What HEAD is answered with is cut by the server under us, which needs the length of a GET.
        method = "GET" if request.method == "HEAD" else request.method
        passed = Passed(_head(request, method), body, request.request_id)
        answered = await link.forward(
            self._cells.sign(passed, to=link.cell, errand=Errand.FORWARDED, network=request.network)
        )
        tell = self._log.info if self._manner.tells else self._log.debug
        tell("cells", outcome="forwarded", request_id=request.request_id, cell=link.cell, status=answered.status)
        await send_answer(request.scope, send, answer=_back(answered, request))

    async def _say_silent(self, request: Request, trouble: CellSilentError, *, send: Send) -> None:
        self._log.info("cells", outcome="not forwarded", request_id=request.request_id, trouble=str(trouble))
        await self._deny(request, Denied(fault=cell_faults.CELL_SILENT, why=trouble.cell), send=send)

    async def _deny(self, request: Request, denied: Denied, *, send: Send) -> None:
        path = str(request.scope["path"])
        if _is_page(path):
            reply = self._browsers.show_fault(request, denied)
            if reply.status == _UNAVAILABLE and not any(name == b"retry-after" for name, _ in reply.headers):
                reply = reply._replace(headers=(*reply.headers, (b"retry-after", b"%d" % envelope.RETRY_AFTER_S)))
        elif path.startswith(OAUTH) or denied.fault is cell_faults.NOTE_REFUSED:
            reply = envelope.oauth_error(denied, statuses=self._statuses)
        elif denied.fault is faults.BODY_TOO_LARGE:
            reply = envelope.api_error(Denied(fault=api_faults.BODY_TOO_LARGE, values=denied.values))
        else:
            reply = envelope.api_error(Denied(fault=api_faults.CELL_SILENT))
        await self._reply(request, reply, send=send)

    async def _reply(self, request: Request, reply: Reply, *, send: Send) -> None:
        """As an endpoint of that path sends it, but for the cookie that says where the browser is: it is not here."""
        common = self._manner.always
        if not _is_page(str(request.scope["path"])):
            common += cors.headers(request.header(b"origin"))
        answer = Answer(reply.status, common, reply.headers, request.request_id.encode(), reply.body)
        await send_answer(request.scope, send, answer=answer)


def _is_page(path: str) -> bool:
    """Whether a browser shows what it finds there."""
    known = path in {AUTHORIZE, SIGN_IN, DEVICE} or path in _PAGES or path.startswith(_CREDENTIAL)
    return known or _CONNECTION.fullmatch(path) is not None


def _of_connection(connection_id: str, _: Sent) -> Clue:
    return clues.of_connection(connection_id)


def _head(request: Request, method: str) -> Head:
    """What of a request goes from cell to cell; of several fields of one name the list that they are."""
    scope = request.scope
    path: bytes = scope["raw_path"]
    query: bytes = scope["query_string"]
    sent = ((name, request.header(name)) for name in CARRIED)
    fields: tuple[Header, ...] = tuple((name, _bare(value)) for name, value in sent if value is not None)
    return Head(method, path + b"?" + query if query else path, fields)


def _bare(value: str) -> bytes:
    return value.strip(" \t").encode("latin-1")


def _again(body: bytes, request: Request) -> Receive:
    """A body that was read, for whoever reads it now; then whatever comes."""
    told = False

    async def receive() -> Message:
        nonlocal told
        if told:
            return await request.receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _back(answered: Answered, request: Request) -> Answer:
    fields = ((name.lower(), value) for name, value in answered.fields)
    kept = tuple(field for field in fields if field[0] not in _NOT_PASSED_BACK)
    return Answer(answered.status, (), kept, request.request_id.encode(), answered.body)
