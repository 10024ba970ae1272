"""Whoever pretends to be a cell, sends a request round and round, or hides one in another."""

import re
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from callgate.crypto.cell_keys import NOTE_MS, CellKeys, digest_body, new_nonce
from callgate.crypto.entropy import SystemEntropy
from callgate.model.cells import Errand, Head, Note
from callgate.web import cells as web
from callgate.web.tunnel import METHOD_OVERRIDE
from tests.cells.founding import HTTP, SECRET, Cell, Pair, ask_token, read_extension

BODY = b'{"held":"client","word":"nobody"}'
ASKING = Head("POST", b"/_cells")


def note(
    sender: str,
    to: str,
    *,
    errand: Errand = Errand.QUESTION,
    at_ms: int | None = None,
    secret: str = SECRET,
    body: bytes = BODY,
    head: Head = ASKING,
) -> str:
    """The field's value for what one cell sends another: a question, if not said otherwise."""
    now_ms = int(time.time() * 1000) if at_ms is None else at_ms
    said = Note(errand, sender, to, now_ms, "203.0.113.7", "0", new_nonce(SystemEntropy()), digest_body(body))
    return CellKeys([secret]).sign(said, head)


ONE, TWO = "CGT01P01", "CGT01P02"

FORGED: dict[str, Callable[[], str]] = {
    "no note": lambda: "1",
    "another secret": lambda: note(TWO, ONE, secret="x" * 40),
    "for another cell": lambda: note(TWO, TWO),
    "of a cell nobody knows": lambda: note("CGT01P09", ONE),
    "of the cell itself": lambda: note(ONE, ONE),
    "old": lambda: note(TWO, ONE, at_ms=int(time.time() * 1000) - NOTE_MS - 5000),
    "early": lambda: note(TWO, ONE, at_ms=int(time.time() * 1000) + NOTE_MS + 5000),
    "for another body": lambda: note(TWO, ONE, body=b"{}"),
    "with another network": lambda: note(TWO, ONE).replace("203.0.113.7", "203.0.113.8"),
    "for another errand": lambda: note(TWO, ONE).replace("question", "hello"),
    "too long": lambda: note(TWO, ONE) + "A" * 600,
    "empty": lambda: "",
}


@pytest.mark.parametrize("how", FORGED)
def test_forged_note_is_refused(pair: Pair, how: str) -> None:
    """From outside: at the cells' own address and at any other."""
    for path in ("/_cells", "/restapi/oauth/token", "/restapi/v1.0/account/~", "/health/live"):
        answer = _ask_plainly(pair.one, f"POST {path}", {"Callgate-Cell": FORGED[how]()}, body=BODY)
        assert answer.startswith(b"HTTP/1.1 403 "), path
        assert b"CGT-194" in answer


def test_cell_is_heard(pair: Pair) -> None:
    """The same question with a note as cells write it: what the refusals above rest on."""
    answer = _ask_plainly(pair.one, "POST /_cells", {"Callgate-Cell": note(TWO, ONE)}, body=BODY)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b'{"has":false}')


def test_note_of_a_forwarded_request_answers_no_question(pair: Pair) -> None:
    """However it came there; and the note of a question is none for anything else."""
    for path in ("/_cells", "/%5Fcells"):
        sent = {"Callgate-Cell": note(TWO, ONE, errand=Errand.FORWARDED, head=Head("POST", path.encode()))}
        assert _say_plainly(pair.one, f"POST {path}", sent, body=BODY) == 403
    for errand, status in ((Errand.QUESTION, 403), (Errand.FORWARDED, 405)):
        sent = {"Callgate-Cell": note(TWO, ONE, errand=errand, head=Head("POST", b"/health/live"))}
        assert _say_plainly(pair.one, "POST /health/live", sent, body=BODY) == status


def forwarded(target: str, **fields: str) -> dict[str, str]:
    """The fields of a GET as a cell forwards it, with its note."""
    named = {name.replace("_", "-"): value for name, value in sorted(fields.items())}
    carried = tuple((name.encode(), value.encode()) for name, value in named.items())
    head = Head("GET", target.encode(), carried)
    return named | {"callgate-cell": note(TWO, ONE, errand=Errand.FORWARDED, body=b"", head=head)}


OWN = "/restapi/v1.0/account/~/extension/~"


@pytest.mark.parametrize(
    "change",
    [
        {"authorization": "Bearer x"},
        {"cookie": "callgate_cell=CGT01P02"},
        {"content-type": "application/json"},
        {"x-http-method-override": "DELETE"},
        {"accept": "text/html"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_field_that_counts_is_under_the_note(pair: Pair, change: dict[str, str]) -> None:
    """Another one, or one more, and it holds no longer; nor with one less."""
    token = ask_token(pair.one, pair.one.service, grant_type="client_credentials").json()["access_token"]
    bearer = f"Bearer {token}"
    assert _say_plainly(pair.one, f"GET {OWN}", forwarded(OWN, authorization=bearer)) == 200
    assert _say_plainly(pair.one, f"GET {OWN}", forwarded(OWN, authorization=bearer) | change) == 403
    less = forwarded(OWN, authorization=bearer, user_agent="x")
    assert _say_plainly(pair.one, f"GET {OWN}", less | {"user-agent": ""}) == 403
    del less["user-agent"]
    assert _say_plainly(pair.one, f"GET {OWN}", less) == 403


def test_field_that_does_not_count_is_nobodys(pair: Pair) -> None:
    """Proxies between cells may add theirs; no endpoint sees one."""
    token = ask_token(pair.one, pair.one.service, grant_type="client_credentials").json()["access_token"]
    more = {"X-Forwarded-For": "198.51.100.1", "Via": "1.1 proxy", "traceparent": "x", "Connection": "authorization"}
    assert _say_plainly(pair.one, f"GET {OWN}", forwarded(OWN, authorization=f"Bearer {token}") | more) == 200


def test_every_field_that_an_endpoint_reads_is_carried() -> None:
    """Whatever is asked for by name in the web's modules; where a request comes from is in the note."""
    code = "".join(file.read_text() for file in Path(web.__file__).parent.glob("*.py"))
    read = {name.encode() for name in re.findall(r'\.header\(b"([a-z-]+)"\)', code)} | {METHOD_OVERRIDE}
    assert read == {*web.CARRIED}
    by_name = {*re.findall(r"\.header\(([^b][^)]*)\)", code)}
    assert by_name == {"FIELD", "METHOD_OVERRIDE", "name", "networks.field_name"}


def test_note_is_good_once(pair: Pair) -> None:
    """Whoever has overheard one says nothing new with it."""
    if pair.workers > 1:
        pytest.skip("each process of a server remembers the notes that it has seen")
    asked = {"Callgate-Cell": note(TWO, ONE)}
    sent = forwarded(OWN, accept="text/html")
    for first, second in (("POST /_cells", asked), (f"GET {OWN}", sent)):
        body = BODY if second is asked else b""
        assert _say_plainly(pair.one, first, second, body=body) in {200, 401}
        assert _say_plainly(pair.one, first, second, body=body) == 403


def test_note_is_judged_before_the_body_is_read(pair: Pair) -> None:
    """Nobody has memory held by a field that only looks like one; and a cell's question is short."""
    for length, sent in ((500_000, note(TWO, ONE, secret="x" * 40)), (5_000, note(TWO, ONE))):
        head = f"POST /_cells HTTP/1.1\r\nHost: x\r\nCallgate-Cell: {sent}\r\nContent-Length: {length}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", pair.one.port), timeout=5) as connection:
            connection.sendall(head.encode() + b"x" * (0 if length > 5_000 else 4_200))
            assert connection.recv(65536).startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize("path", ["/_cells", "/%5Fcells", "/_%63ells"])
def test_stranger_asks_no_cell_through_another(pair: Pair, path: str) -> None:
    """A token that leads to the other cell, real or only with its name in front, takes no question there."""
    token = ask_token(pair.two, pair.two.service, grant_type="client_credentials").json()["access_token"]
    for shown in (token, f"{token[:11]}{'A' * (len(token) - 11)}"):
        for question in (BODY, f'{{"held":"login","word":"{pair.two.email}"}}'.encode()):
            replies = [
                HTTP.post(f"{pair.one.url}{path}", content=question, headers={"Authorization": f"Bearer {shown}"}),
                HTTP.post(f"{pair.one.url}{path}?access_token={shown}", content=question),
            ]
            assert {reply.status_code for reply in replies} == {404}
            assert all(b"has" not in reply.content for reply in replies)


def test_note_twice_is_none(pair: Pair) -> None:
    """Of two fields nobody knows which counts."""
    fields = {"Callgate-Cell": note(TWO, ONE), "callgate-cell": note(TWO, ONE)}
    assert _say_plainly(pair.one, "POST /_cells", fields, body=BODY) == 403


def test_cells_own_address_does_not_exist_for_others(pair: Pair) -> None:
    """As any path that nobody serves."""
    shown, unknown = (HTTP.post(f"{pair.one.url}{path}", content=BODY) for path in ("/_cells", "/_cellz"))
    assert (shown.status_code, shown.content) == (unknown.status_code, unknown.content)


@pytest.mark.parametrize("asked", [b"[]", b"{}", b"nonsense", b'{"held":"secrets","word":"x"}', b'{"held":"client"}'])
def test_question_that_is_none_is_no_defect(pair: Pair, asked: bytes) -> None:
    """A cell of another version may ask what we do not know."""
    assert _say_plainly(pair.one, "POST /_cells", {"Callgate-Cell": note(TWO, ONE, body=asked)}, body=asked) == 400


def test_forwarded_request_is_not_forwarded_again(pair: Pair) -> None:
    """Whosever it seems: a request that two cells think is the other's ends at the second."""
    token = ask_token(pair.two, pair.two.service, grant_type="client_credentials").json()["access_token"]
    answer = _ask_plainly(pair.one, f"GET {OWN}", forwarded(OWN, authorization=f"Bearer {token}"))
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"OAU-149" in answer


def test_token_of_a_cell_that_nobody_knows_is_refused_here(pair: Pair) -> None:
    """Its prefix leads nowhere."""
    token = ask_token(pair.two, pair.two.service, grant_type="client_credentials").json()["access_token"]
    for door in pair.both:
        reply = read_extension(door, f"Q0dUMDlQMD{token[10:]}")
        assert (reply.status_code, reply.json()["errors"][0]["errorCode"]) == (401, "OAU-149")


@pytest.mark.parametrize("path", ["/restapi/oauth/token", "/restapi/oauth/revoke", "/restapi/oauth/sign-in"])
def test_body_that_is_too_long_is_refused_before_it_is_held(pair: Pair, path: str) -> None:
    """At the first door."""
    form = {"refresh_token": "x" * 600_000}
    assert HTTP.post(f"{pair.one.url}{path}", data=form).status_code in {400, 413}


def test_form_that_is_read_for_what_it_tells_is_bounded(pair: Pair) -> None:
    """No form that leads anywhere is longer than 64 KiB: it is refused there, though more of it is to come."""
    for path in ("token", "revoke", "sign-in", "authorize"):
        head = (
            f"POST /restapi/oauth/{path} HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", pair.one.port), timeout=5) as connection:
            connection.sendall(head.encode() + b"x" * 80_000)
            assert connection.recv(65536).startswith(b"HTTP/1.1 4"), path


def test_body_of_another_cells_call_is_bounded(pair: Pair) -> None:
    """Where only the header says whose it is."""
    token = ask_token(pair.two, pair.two.service, grant_type="client_credentials").json()["access_token"]
    reply = HTTP.post(
        f"{pair.one.url}/restapi/v1.0/account/~/extension",
        content=b"x" * 600_000,
        headers={"Authorization": f"Bearer {token}"},
    )
    assert reply.status_code in {400, 413}
    assert reply.json()["errors"][0]["errorCode"] != "OAU-149"


def test_request_hidden_in_another_is_not_forwarded(pair: Pair) -> None:
    """Two lengths: refused before anybody asks whose it is, and the connection ends."""
    token = ask_token(pair.two, pair.two.service, grant_type="client_credentials").json()["access_token"]
    hidden = b"GET /restapi/v1.0/account/~ HTTP/1.1\r\nHost: x\r\nCallgate-Cell: 1\r\n\r\n"
    head = (
        f"POST /restapi/v1.0/account/~/extension HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Length: {len(hidden) + 5}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    )
    answer = _say(pair.one, head.encode() + hidden)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_chunked_body_arrives_whole(pair: Pair) -> None:
    """With the length that the first cell counted."""
    form = f"grant_type=client_credentials&client_id={pair.two.service.client_id}&client_secret=wrong".encode()
    head = b"POST /restapi/oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (form[:20], form[20:]))
    answer = _say(pair.one, head + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
    whole = HTTP.post(
        f"{pair.two.url}/restapi/oauth/token",
        content=form,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.endswith(whole.content)


def test_no_secret_is_in_a_log(pair: Pair) -> None:
    """Of everything that was forwarded."""
    tokens = ask_token(pair.one, pair.two.service, grant_type="client_credentials").json()
    read_extension(pair.one, tokens["access_token"])
    for cell in pair.both:
        for secret in (SECRET, tokens["access_token"], pair.two.service.secret, ";forwarded;"):
            assert secret not in cell.log()


def _say_plainly(cell: Cell, line: str, fields: dict[str, str], *, body: bytes = b"") -> int:
    """The status of the answer to exactly these fields."""
    return int(_ask_plainly(cell, line, fields, body=body).split(b" ", 2)[1])


def _ask_plainly(cell: Cell, line: str, fields: dict[str, str], *, body: bytes = b"") -> bytes:
    lines = [f"{line} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}"]
    lines += [] if "Connection" in fields else ["Connection: close"]
    head = "\r\n".join(lines + [f"{name}: {value}" for name, value in fields.items()])
    with socket.create_connection(("127.0.0.1", cell.port), timeout=10) as connection:
        connection.sendall(f"{head}\r\n\r\n".encode() + body)
        return connection.recv(65536)


def _say(cell: Cell, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", cell.port), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65536):
            answer += part
        return answer
