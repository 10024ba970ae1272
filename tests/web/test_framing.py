"""Requests whose framing lies or is out of bounds end in one plain refusal and a closed connection, on a real server.

Assurance P15 (smuggling) and P13 (sizes). What follows the broken request on the connection is never carried out: it
would be the request of somebody else behind the same proxy.
"""

from urllib.parse import urlencode

import pytest

from callgate.web import framing
from callgate.web.deadline import MESSAGE_BYTES_MAX, PIPELINE_MAX, SLICE_BYTES
from tests.server import Server
from tests.web.raw import answers, ask, basic, connected, request, tell

LIVE = "/health/live"
ACCOUNT = "/restapi/v1.0/account/~"
TOKEN = "/restapi/oauth/token"
FORM = "Content-Type: application/x-www-form-urlencoded"
POST = f"POST {LIVE} HTTP/1.1\r\nHost: a\r\n".encode()
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


def with_length(value: bytes) -> bytes:
    """A POST whose length is this."""
    return POST + b"Content-Length: " + value + b"\r\n\r\nhello"


def with_coding(*values: bytes) -> bytes:
    """A POST of one chunk with these transfer codings, a field each."""
    fields = b"".join(b"Transfer-Encoding: " + value + b"\r\n" for value in values)
    return POST + fields + b"\r\n5\r\nhello\r\n0\r\n\r\n"


LIES = {
    # Two lengths, or a length that is none (RFC 9112 section 6.3).
    "length and coding": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "coding and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two equal lengths": POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "two lengths": POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "list of lengths": with_length(b"5, 5"),
    "signed length": with_length(b"+5"),
    "negative length": with_length(b"-5"),
    "hexadecimal length": with_length(b"0x5"),
    "length with a space": with_length(b"5 5"),
    "length with a vertical tab": with_length(b"5\x0b"),
    "empty length": with_length(b""),
    "overflowing length": with_length(b"9" * 20),
    # Transfer codings (RFC 9112 section 6.1).
    "unknown coding": with_coding(b"xchunked"),
    "identity": with_coding(b"identity"),
    "chunked not last": with_coding(b"chunked, identity"),
    "compressed and chunked": with_coding(b"gzip, chunked"),
    "chunked twice": with_coding(b"chunked", b"chunked"),
    "identity, then chunked": with_coding(b"identity", b"chunked"),
    "coding with a parameter": with_coding(b"chunked;q=1"),
    "quoted coding": with_coding(b'"chunked"'),
    "coding with a vertical tab": with_coding(b"\x0bchunked"),
    "empty coding": with_coding(b""),
    "chunked in HTTP/1.0": with_coding(b"chunked").replace(b"HTTP/1.1", b"HTTP/1.0"),
    # Lines (RFC 9112 sections 2.2, 5.1, 5.2).
    "folded field": POST + b"A: b\r\n c\r\n\r\n",
    "folded length": POST + b"Content-Length:\r\n 5\r\n\r\nhello",
    "folded coding": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "fold before any field": b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
    "bare LF everywhere": b"GET / HTTP/1.1\nHost: a\n\n",
    "bare LF after the request line": b"GET / HTTP/1.1\nHost: a\r\n\r\n",
    "bare LF after a field": b"GET / HTTP/1.1\r\nHost: a\nA: b\r\n\r\n",
    "bare LF at the end": b"GET / HTTP/1.1\r\nHost: a\r\n\n",
    "bare CR": b"GET / HTTP/1.1\r\nHost: a\rA: b\r\n\r\n",
    "two CRs": b"GET / HTTP/1.1\r\nHost: a\r\r\n\r\n",
    "space before the colon": POST + b"Content-Length : 5\r\n\r\nhello",
    "tab before the colon": POST + b"Content-Length\t: 5\r\n\r\nhello",
    "no colon": POST + b"Content-Length 5\r\n\r\nhello",
    "no name": POST + b": 5\r\n\r\n",
    "NUL in a name": POST + b"Content-\0Length: 5\r\n\r\n",
    "NUL in a value": POST + b"A: \0\r\n\r\n",
    "control in a value": POST + b"A: \x01\r\n\r\n",
    # Chunks (RFC 9112 section 7.1).
    "chunk of bare LF": CHUNKED + b"5\nhello\r\n0\r\n\r\n",
    "chunk without its end": CHUNKED + b"5\r\nhello0\r\n\r\n",
    "chunk ended by LF": CHUNKED + b"5\r\nhello\n0\r\n\r\n",
    "chunk longer than it says": CHUNKED + b"5\r\nhelloXX\r\n0\r\n\r\n",
    "chunk of no size": CHUNKED + b"\r\nhello\r\n0\r\n\r\n",
    "chunk size with 0x": CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n",
    "chunk size with a sign": CHUNKED + b"+5\r\nhello\r\n0\r\n\r\n",
    "chunk size with a space": CHUNKED + b"5 \r\nhello\r\n0\r\n\r\n",
    "chunk size with an underscore": CHUNKED + b"0_5\r\nhello\r\n0\r\n\r\n",
    "chunk size that is no number": CHUNKED + b"g\r\nhello\r\n0\r\n\r\n",
    "overflowing chunk size": CHUNKED + b"10000000000000005\r\nhello\r\n0\r\n\r\n",
    "chunk extension with LF": CHUNKED + b"5;a\nhello\r\n0\r\n\r\n",
    "chunk extension with CR": CHUNKED + b"5;a\rb\r\nhello\r\n0\r\n\r\n",
    "chunk extension with NUL": CHUNKED + b"5;a\0\r\nhello\r\n0\r\n\r\n",
    "chunk extension quoting LF": CHUNKED + b'5;a="\n"\r\nhello\r\n0\r\n\r\n',
    "empty chunk extension": CHUNKED + b"5;\r\nhello\r\n0\r\n\r\n",
    "last chunk of bare LF": CHUNKED + b"0\n\n",
    "trailer with a length": CHUNKED + b"0\r\nContent-Length: 4\r\n\r\n",
    "trailer of bare LF": CHUNKED + b"0\r\nA: b\n\r\n",
    # Targets, methods, hosts (RFC 9112 sections 3, 3.2).
    "no Host": b"GET / HTTP/1.1\r\n\r\n",
    "two Hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "two equal Hosts": b"GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n",
    "CONNECT": b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
    "CONNECT to a path": b"CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n",
    "fragment": b"GET /#x HTTP/1.1\r\nHost: a\r\n\r\n",
    "absolute target without a path": b"GET http://a HTTP/1.1\r\nHost: a\r\n\r\n",
    "NUL in the target": b"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n",
    "target beyond ASCII": "GET /ö HTTP/1.1\r\nHost: a\r\n\r\n".encode(),
    "space in the target": b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
    "tab for a space": b"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "lower-case method": b"get / HTTP/1.1\r\nHost: a\r\n\r\n",
    "method unheard of": b"FROB / HTTP/1.1\r\nHost: a\r\n\r\n",
    "HTTP/1.2": b"GET / HTTP/1.2\r\nHost: a\r\n\r\n",
    "HTTP/2 with prior knowledge": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": bytes.fromhex("16030100c8010000c40303"),
    "junk": b"\0\xff" * 100,
}


class Bystander:
    """A session of somebody else, and the request that ends it."""

    def __init__(self, server: Server) -> None:
        self._server = server
        proof = basic(server.world.apps["service"])
        body = b"grant_type=client_credentials"
        token = ask(server, request(TOKEN, proof, FORM, "Connection: close", method="POST", body=body)).json()
        self._bearer = f"Authorization: Bearer {token['access_token']}"
        body = urlencode({"token": token["access_token"]}).encode()
        self.attack = request("/restapi/oauth/revoke", proof, FORM, method="POST", body=body)

    def is_unharmed(self) -> bool:
        """Whether the session lives."""
        return ask(self._server, request(ACCOUNT, self._bearer, "Connection: close")).status == 200


@pytest.fixture(scope="module")
def bystander(server: Server) -> Bystander:
    """One for all attacks."""
    return Bystander(server)


def test_bystander_is_harmed_when_the_attack_is_a_request(server: Server) -> None:
    """What the tests below rely on."""
    harmed = Bystander(server)
    assert harmed.is_unharmed()
    tell(server, harmed.attack + request(LIVE, "Connection: close"))
    assert not harmed.is_unharmed()


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_connection_ends_with_one_refusal_when_the_framing_lies(
    server: Server, bystander: Bystander, lie: bytes
) -> None:
    """400 and closed, and the request behind it is not carried out."""
    (answer,) = tell(server, lie + bystander.attack)
    assert answer.status == 400
    assert answer.headers["connection"] == "close"
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["cache-control"] == "no-store"
    assert bystander.is_unharmed()


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_earlier_requests_are_answered_first_when_a_later_one_lies(
    server: Server, bystander: Bystander, lie: bytes
) -> None:
    """A refusal in another's place would tell a client that what was carried out was not."""
    first, second = tell(server, request(LIVE) + lie + bystander.attack)
    assert (first.status, second.status) == (200, 400)
    assert bystander.is_unharmed()


@pytest.mark.parametrize("version", [b"0.9", b"2.0"])
def test_request_is_refused_when_its_version_is_another(server: Server, version: bytes) -> None:
    """505 (RFC 9110 section 15.6.6); llhttp reads these as if they were HTTP/1.1."""
    assert ask(server, b"GET / HTTP/" + version + b"\r\nHost: a\r\n\r\n").status == 505


def test_what_follows_is_ignored_when_a_request_said_it_is_the_last(server: Server, bystander: Bystander) -> None:
    """One answer, whatever comes after `Connection: close` (RFC 9112 section 9.6)."""
    for more in (bystander.attack, b"\0junk"):
        (answer,) = tell(server, request(LIVE, "Connection: close") + more)
        assert answer.status == 200
    assert bystander.is_unharmed()


def test_trailers_are_not_header_fields(server: Server) -> None:
    """A proxy looks at header fields alone, so nothing that it would look at may come after the body."""
    body = b"grant_type=client_credentials"
    head = f"POST {TOKEN} HTTP/1.1\r\nHost: a\r\n{FORM}\r\nTransfer-Encoding: chunked\r\n".encode()
    chunks = b"%x\r\n%s\r\n0\r\n" % (len(body), body)
    field = basic(server.world.apps["service"]).encode() + b"\r\n"
    closing = b"Connection: close\r\n"
    assert ask(server, head + closing + field + b"\r\n" + chunks + b"\r\n").status == 200
    assert ask(server, head + closing + b"\r\n" + chunks + field + b"\r\n").status == 400


def test_body_is_read_when_the_client_offers_another_protocol(server: Server) -> None:
    """Java's client offers h2c with its first request; the body is a body, and the next request the next."""
    offer = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAA")
    fields = (basic(server.world.apps["service"]), FORM, *offer)
    post = request(TOKEN, *fields, method="POST", body=b"grant_type=client_credentials")
    last = request(LIVE, *offer[1:], "Connection: Upgrade, close")
    for parts in ((post + post + last,), (post[:-9], post[-9:] + last), tuple(bytes([b]) for b in post + last)):
        *tokens, live = tell(server, *parts)
        assert tokens
        assert all("access_token" in token.json() for token in tokens)
        assert (live.status, live.headers["connection"]) == (200, "close")


def test_pipelined_requests_are_answered_in_their_order(server: Server) -> None:
    """As many as may wait, in one packet and in shreds."""
    targets = [LIVE, "/restapi", "/restapi/v1.0", "/nowhere"] * (PIPELINE_MAX // 4)
    alone = {target: ask(server, request(target, "Connection: close")).body for target in targets}
    stream = b"".join(map(request, targets)) + request(LIVE, "Connection: close")
    for parts in ((stream,), tuple(stream[i : i + 7] for i in range(0, len(stream), 7))):
        bodies = [answer.body for answer in tell(server, *parts)]
        assert bodies[:4] == [alone[target] for target in targets[:4]]
        assert len(bodies) == len(targets) + 1


def test_pipeline_is_refused_when_it_is_too_long(server: Server) -> None:
    """What was accepted is answered, then 400: a packet of small requests would fill the memory."""
    *accepted, refusal = tell(server, request(LIVE) * 500)
    assert {answer.status for answer in accepted} == {200}
    assert len(accepted) == PIPELINE_MAX + 1
    assert refusal.status == 400


def test_request_is_served_when_it_shares_a_packet_with_a_long_body(server: Server) -> None:
    """What came before a message in its packet does not count against it, though the rest comes later."""
    begun = 20
    long = request(TOKEN, FORM, method="POST", body=b"x" * 60_000)
    long = request(TOKEN, FORM, method="POST", body=b"x" * (60_000 + 4 * SLICE_BYTES - len(long) - begun))
    live = request(LIVE, "Connection: close")
    with connected(server) as connection:
        connection.sendall(long + live[:begun])  # whole slices, so that all of the last one is before it
        said = connection.recv(65536)
        connection.sendall(live[begun:])
        said += b"".join(iter(lambda: connection.recv(65536), b""))
    assert [answer.status for answer in answers(said)] == [413, 200]


@pytest.mark.parametrize(
    ("status", "line", "fields"),
    [
        (200, f"GET {LIVE}?{'x' * 7000}", b"A: " + b"x" * 8000),
        (414, f"GET /{'x' * framing.TARGET_BYTES_MAX}", b""),
        (431, f"GET {LIVE}", b"A: " + b"x" * framing.HEAD_BYTES_MAX),
        (431, f"GET {LIVE}", b"x" * framing.HEAD_BYTES_MAX + b": b"),
        (200, f"GET {LIVE}", b"\r\n".join([b"A: b"] * (framing.FIELDS_MAX - 2))),
        (431, f"GET {LIVE}", b"\r\n".join([b"A: b"] * (framing.FIELDS_MAX - 1))),
        (431, f"GET {LIVE}", b"\r\n".join([b"A: b"] * 5000)),
    ],
)
def test_head_is_refused_when_it_is_out_of_bounds(server: Server, status: int, line: str, fields: bytes) -> None:
    """414 or 431 beyond 8 KiB of target, 64 fields or 16 KiB in all; what is within is served."""
    head = f"{line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n".encode() + fields + b"\r\n\r\n"
    assert ask(server, head).status == status
    assert answers(b"".join(shredded(server, head, 1000)))[0].status == status


@pytest.mark.parametrize("start", [f"GET {LIVE} HTTP/1.1\r\nHost: a\r\nA: ".encode(), b"GET /"])
def test_head_is_refused_before_its_end_when_it_is_endless(server: Server, start: bytes) -> None:
    """Not 16 MiB are taken in before somebody notices."""
    replies = answers(b"".join(shredded(server, start + b"x" * (16 * 1024 * 1024), 10_000)))
    assert [answer.status for answer in replies] in ([431], [414])


@pytest.mark.parametrize(
    "body",
    [
        f"Content-Length: {1024**3}\r\n\r\n".encode() + b"x" * (4 * MESSAGE_BYTES_MAX),
        b"Transfer-Encoding: chunked\r\n\r\n" + b"4000\r\n%s\r\n" % (b"x" * 0x4000) * 200,
        b"Transfer-Encoding: chunked\r\n\r\n5;" + b"x" * (4 * MESSAGE_BYTES_MAX),
    ],
    ids=["length", "chunks", "chunk extension"],
)
def test_message_is_cut_off_when_it_goes_on_and_on(server: Server, body: bytes) -> None:
    """The endpoint's 413 is there to be read, or ours; what follows it is not taken in for ever."""
    head = f"POST {TOKEN} HTTP/1.1\r\nHost: a\r\n{FORM}\r\n".encode()
    assert [answer.status for answer in answers(b"".join(shredded(server, head + body, 10_000)))] == [413]


def shredded(server: Server, stream: bytes, size: int) -> list[bytes]:
    """Send a stream in pieces until the server has enough of it, and give what it said."""
    with connected(server) as connection:
        try:
            for start in range(0, len(stream), size):
                connection.sendall(stream[start : start + size])
        except (BrokenPipeError, ConnectionResetError):
            pass  # it closed, and what it said before may be read all the same
        return list(iter(lambda: connection.recv(65536), b""))
