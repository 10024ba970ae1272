"""Bad input to a real server: a documented refusal each, never a 5xx, and nothing written.

The issue's list: bodies too long or with too many fields, wrong content types, bad percent-encoding, NUL, duplicates,
malformed Basic, huge tokens, every single-bit flip of a token, base64 that is not canonical. What the same does to
every endpoint and parameter is in test_every_endpoint.py and test_every_parameter.py.
"""

import base64
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest

from callgate.model import api_faults, faults, grant_faults
from callgate.model.faults import Fault
from tests.web.caller import FORM, JWT_BEARER, MYSELF, REVOKE, TOKEN, Caller, Session
from tests.web.catalogue import fault_of
from tests.web.raw import request

pytestmark = pytest.mark.usefixtures("nothing_written")

GRANT = {"grant_type": "client_credentials"}
"""What `service` gets tokens for, when nothing is wrong."""

BODY_MAX = 16 * 1024
FIELDS_MAX = 32

TOKEN_CHARS = 96
BITS = TOKEN_CHARS * 8


def refused(caller: Caller, body: bytes | dict[str, str], *fields: str, path: str = TOKEN) -> Fault:
    """Which fault a form from the app `service` meets; another Authorization takes the place of its own."""
    proof = () if any(field.startswith("Authorization") for field in fields) else (caller.proof("service"),)
    return fault_of(caller.post(path, body, *proof, *fields), path)


# --- bodies ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [TOKEN, REVOKE])
def test_body_is_refused_when_it_is_longer_than_16_kib(caller: Caller, path: str) -> None:
    """The last byte that is allowed meets another fault; chunked or not."""
    for length, fault in ((BODY_MAX, None), (BODY_MAX + 1, faults.BODY_TOO_LARGE), (900_000, faults.BODY_TOO_LARGE)):
        body = b"x=" + b"y" * (length - 2)
        met = refused(caller, body, path=path)
        assert (met is faults.BODY_TOO_LARGE) == (fault is not None)
        head = request(path, caller.proof("service"), FORM, "Transfer-Encoding: chunked", method="POST")
        assert fault_of(caller.send(head + b"%x\r\n%s\r\n0\r\n\r\n" % (length, body)), path) is met


@pytest.mark.parametrize("path", [TOKEN, REVOKE])
def test_form_is_refused_when_it_has_more_than_32_fields(caller: Caller, path: str) -> None:
    """Here or in the query."""
    for count, too_many in ((FIELDS_MAX, False), (FIELDS_MAX + 1, True), (3000, True)):
        fields = "&".join(f"f{number}=" for number in range(count))
        assert (refused(caller, fields.encode(), path=path) is faults.BODY_TOO_LARGE) == too_many
        if count < 1000:
            in_query = fault_of(caller.post(f"{path}?{fields}", b"", caller.proof("service")), path)
            assert (in_query is faults.BODY_TOO_LARGE) == too_many


@pytest.mark.requirement("must-not-break N.3")
@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "text/plain",
        "text/xml; charset=utf-8",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded-not",
        "application/octet-stream",
        "x-www-form-urlencoded",
        "application/x-www-form-urlencoded, application/json",
        "",
        ";",
        "\xff",
    ],
)
@pytest.mark.parametrize("path", [TOKEN, REVOKE])
def test_body_is_refused_when_it_says_it_is_no_form(caller: Caller, path: str, content_type: str) -> None:
    """415, whatever the body looks like: a form that only looks like one was written for another reader."""
    assert refused(caller, GRANT, f"Content-Type: {content_type}", path=path) is faults.BODY_NOT_FORM


def test_body_is_refused_when_it_has_two_types(caller: Caller) -> None:
    """Two fields of one name are one, joined by a comma (RFC 9110 section 5.2), and no form is called that."""
    for other in ("Content-Type: application/json", FORM):
        body = b"grant_type=client_credentials"
        for types in ((FORM, other), (other, FORM)):
            answer = caller.send(request(TOKEN, caller.proof("service"), *types, method="POST", body=body))
            assert fault_of(answer, TOKEN) is faults.BODY_NOT_FORM


MALFORMED = [
    *(b"%", b"%0", b"%zz", b"%0g", b"%%", b"%u0041", b"a%2"),
    *(b"%00", b"\0", b"a%00b", b"%01", b"%08", b"%0b", b"%1f", b"%7f", b"\x7f"),
    *(b"%ff", b"%80", b"%c0%80", b"%c1%bf", b"%e0%80%af", b"%ed%a0%80", b"%f4%90%80%80", b"%f8%88%80%80%80", b"\xff"),
]


@pytest.mark.parametrize("text", MALFORMED)
@pytest.mark.parametrize("path", [TOKEN, REVOKE])
def test_form_is_refused_when_it_is_badly_encoded(caller: Caller, path: str, text: bytes) -> None:
    """Bad escapes, control characters, and what is not UTF-8, in a value and in a name, known or not."""
    for form in (
        b"x=" + text,
        text + b"=x",
        text,
        b"grant_type=" + text,
        b"grant_type=client_credentials&token=" + text,
    ):
        assert refused(caller, form, path=path) is faults.BODY_MALFORMED
    if not (text.startswith(b"%") or text.isalnum()):
        return
    in_query = fault_of(caller.post(f"{path}?x={text.decode()}", GRANT, caller.proof("service")), path)
    assert in_query is faults.BODY_MALFORMED


@pytest.mark.parametrize("name", ["grant_type", "scope", "account_id", "client_id", "token", "nobody_knows_me"])
@pytest.mark.parametrize("path", [TOKEN, REVOKE])
def test_form_is_refused_when_a_name_comes_twice(caller: Caller, path: str, name: str) -> None:
    """OAU-111, also when the values are equal, empty, escaped differently or in two places."""
    first = name.encode()
    second = b"%%%02x" % first[0] + first[1:]
    for form in (
        first + b"=a&" + first + b"=a",
        first + b"=a&" + first + b"=b",
        first + b"=&" + first + b"=",
        first + b"&" + first,
        first + b"=a&" + second + b"=a",
    ):
        assert refused(caller, form, path=path) is faults.PARAMETER_DUPLICATED


def test_form_is_refused_when_the_query_says_it_again(caller: Caller) -> None:
    """At the token endpoint the body alone speaks (RFC 6749 section 3.2)."""
    for name, value in GRANT.items():
        answer = caller.post(f"{TOKEN}?{name}={value}", GRANT, caller.proof("service"))
        assert fault_of(answer, TOKEN) is faults.PARAMETER_DUPLICATED


@pytest.mark.parametrize("form", [b"", b"&", b"&&&&", b"=", b"==", b"=grant_type", b"{}", b"[]", b"null", b"\r\n"])
def test_form_is_refused_when_it_says_nothing(caller: Caller, form: bytes) -> None:
    """Every one of these is a form, and none has a grant_type."""
    assert refused(caller, form) is faults.PARAMETER_MISSING


# --- proof of the client -----------------------------------------------------------------------------------------


def encoded(text: bytes) -> str:
    """Base64."""
    return base64.b64encode(text).decode()


NO_BASIC = [
    *("", "Basic", "Basic ", "Basic =", "Basic ==", "Basic ====", "Basic !", "Basic %3A", "basic", "Basic\t"),
    *(
        f"Basic {encoded(text)}"
        for text in (b":", b"::", b"id", b":secret", b"\0:x", b"a\0b:c", b"\xff\xfe:x", b"i:\xff")
    ),
    *(f"Basic {encoded(b'id:secret')}{junk}" for junk in ("!", "=====", ", Basic aTpz", "\xff", " x", "=x")),
    f"Basic {encoded(b'i' * 200 + b':s')}",
    f"Basic {encoded(b'i:' + b's' * 5000)}",
    "Bearer abc",
    "Digest username=x",
    "Negotiate YII=",
    "\xff\xff",
]


@pytest.mark.parametrize("authorization", NO_BASIC)
@pytest.mark.parametrize("path", [TOKEN, REVOKE])
def test_client_is_refused_when_its_header_is_no_basic(caller: Caller, path: str, authorization: str) -> None:
    """OAU-156, or OAU-123 where the field is empty, which counts as none."""
    met = refused(caller, GRANT, f"Authorization: {authorization}", path=path)
    assert met is (faults.AUTHORIZATION_MALFORMED if authorization else faults.CLIENT_PROOF_MISSING)


def test_client_is_refused_when_its_header_is_not_canonical(caller: Caller) -> None:
    """Base64 whose unused bits are set spells the same bytes once more; padding may be missing, as clients disagree."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    spelled = encoded(f"{caller.world.apps['spa'].client_id}:".encode())
    bare = spelled.rstrip("=")
    assert bare != spelled
    for canonical in (spelled, bare):
        assert refused(caller, form, f"Authorization: Basic {canonical}") is grant_faults.TOKEN_NOT_FOUND
    for extra in range(1, 4):
        other = bare[:-1] + alphabet[alphabet.index(bare[-1]) + extra]
        assert base64.b64decode(f"{other}=") == base64.b64decode(spelled)
        for padding in ("", "="):
            assert refused(caller, form, f"Authorization: Basic {other}{padding}") is faults.AUTHORIZATION_MALFORMED


def test_client_is_refused_when_it_proves_itself_twice(caller: Caller) -> None:
    """Two fields are one (RFC 9110 section 5.2): a proxy that reads the first and we the last would differ."""
    own, other = caller.proof("service"), caller.proof("web")
    for pair in ((own, other), (other, own), (own, own)):
        answer = caller.send(request(TOKEN, *pair, FORM, method="POST", body=b"grant_type=client_credentials"))
        assert fault_of(answer, TOKEN) is faults.AUTHORIZATION_MALFORMED


def test_client_is_refused_when_the_body_says_otherwise(caller: Caller) -> None:
    """OAU-116: header and body must name the same."""
    app, other = caller.world.apps["service"], caller.world.apps["web"]
    for more in ({"client_id": other.client_id}, {"client_id": app.client_id, "client_secret": "other"}):
        assert refused(caller, GRANT | more) is faults.CLIENT_PROOFS_TWO


@pytest.mark.parametrize(
    "name", ["client_secret", "client_assertion", "password", "assertion", "refresh_token", "code"]
)
def test_secret_is_refused_when_it_is_in_the_query(caller: Caller, name: str) -> None:
    """CGT-105, whatever its value: the next proxy has logged it."""
    for value in ("", "x", "%41"):
        answer = caller.post(f"{TOKEN}?{name}={value}", GRANT, caller.proof("service"))
        assert fault_of(answer, TOKEN) is faults.SECRET_IN_QUERY


# --- tokens ------------------------------------------------------------------------------------------------------


UNFIT = (*range(9), 11, 12, *range(14, 32), *range(127, 256))
"""What a form cannot hold: control characters, and bytes that alone are not UTF-8."""


def flips(token: str, step: int) -> Iterator[bytes]:
    """The token with one bit turned: each, or one in so many, which is odd so that all bits of a character occur."""
    assert len(token) == TOKEN_CHARS
    for bit in range(0, BITS, step):
        turned = bytearray(token.encode())
        turned[bit // 8] ^= 1 << bit % 8
        yield bytes(turned)


def test_access_token_is_refused_when_a_bit_is_flipped(
    caller: Caller, session: Session, counts: Callable[[int, int], int]
) -> None:
    """OAU-149 each, in the query and, where a header field can carry the byte, in the header."""
    for turned in flips(session.access, counts(3, 1)):
        in_query = caller.get(f"{MYSELF}?access_token={quote(turned)}")
        assert fault_of(in_query, MYSELF) is api_faults.TOKEN_UNREADABLE
        if not any(byte < 0x20 or byte == 0x7F for byte in turned):  # llhttp refuses those
            in_header = caller.get(MYSELF, f"Authorization: Bearer {turned.decode('latin-1')}")
            assert fault_of(in_header, MYSELF) is api_faults.TOKEN_UNREADABLE


def test_refresh_token_is_refused_when_a_bit_is_flipped(
    caller: Caller, session: Session, counts: Callable[[int, int], int]
) -> None:
    """OAU-213 each, or a form that is none where the byte cannot be in one."""
    for turned in flips(session.refresh, counts(3, 1)):
        form = b"grant_type=refresh_token&refresh_token=" + quote(turned).encode()
        met = refused(caller, form, caller.proof("script"))
        assert met in {grant_faults.TOKEN_NOT_FOUND, faults.BODY_MALFORMED}
        assert (met is faults.BODY_MALFORMED) == any(byte in UNFIT for byte in turned)


def test_nothing_is_revoked_when_a_bit_is_flipped(
    caller: Caller, session: Session, counts: Callable[[int, int], int]
) -> None:
    """200, for whoever revokes is not told what is a token (RFC 7009 section 2.2); nothing ends."""
    for token in session:
        for turned in flips(token, counts(5, 1)):
            answer = caller.post(REVOKE, b"token=" + quote(turned).encode(), caller.proof("script"))
            assert answer.status in {200, 400}
            if answer.status == 400:
                assert fault_of(answer, REVOKE) is faults.BODY_MALFORMED


def respellings(token: str) -> list[str]:
    """Other ways to write the same bytes, or nearly, that a lenient decoder would take."""
    standard = token.replace("-", "+").replace("_", "/")
    return [
        *(token + tail for tail in ("=", "==", "===", "A", "AA", "AAAA", "\n", " ", ".", "\t", "%3D")),
        *(head + token for head in ("=", "A", "AAAA", " ", "\n", "Bearer ")),
        *(token[:-cut] for cut in (1, 2, 3, 4, 8, 48)),
        *(token[:50] + inside + token[50:] for inside in ("\n", " ", "=", "-", "\t")),
        token.swapcase(),
        token.upper(),
        token[::-1],
        token * 2,
        token + token[-4:],
        quote(quote(token, safe=""), safe="") + "%",
        *([standard] if standard != token else []),
    ]


def test_token_is_refused_when_it_is_spelled_in_another_way(caller: Caller, session: Session) -> None:
    """One canonical spelling: else one token is many to whoever keeps lists of them."""
    for spelled in respellings(session.refresh):
        form = {"grant_type": "refresh_token", "refresh_token": spelled}
        assert refused(caller, form, caller.proof("script")) is grant_faults.TOKEN_NOT_FOUND
        assert caller.post(REVOKE, {"token": spelled}, caller.proof("script")).status == 200
    for spelled in respellings(session.access):
        answer = caller.get(f"{MYSELF}?access_token={quote(spelled, safe='')}")
        assert fault_of(answer, MYSELF) is api_faults.TOKEN_UNREADABLE


def test_credential_is_refused_when_it_is_spelled_in_another_way(caller: Caller) -> None:
    """A JWT credential is accepted as it was shown, to the letter."""
    jwt = caller.world.jwt_credentials["admin_any"].jwt
    accepted = {grant_faults.ASSERTION_UNREADABLE, grant_faults.ASSERTION_SIGNATURE, grant_faults.ASSERTION_ALGORITHM}
    others = [
        *respellings(jwt),
        jwt.replace(".", "..", 1),
        jwt[:-1] + chr(ord(jwt[-1]) ^ 1),
        ".".join(jwt.split(".")[:2]),
    ]
    for spelled in others:
        form = {"grant_type": JWT_BEARER, "assertion": spelled}
        assert refused(caller, form, caller.proof("script")) in accepted


@pytest.mark.parametrize("length", [97, 1000, 8000, 16_000])
def test_token_is_refused_when_it_is_huge(caller: Caller, session: Session, length: int) -> None:
    """Before anything is decoded; what is longer than a body or a head may be is refused with that."""
    huge = (session.refresh * 200)[:length]
    form = {"grant_type": "refresh_token", "refresh_token": huge}
    assert refused(caller, form, caller.proof("script")) is grant_faults.TOKEN_NOT_FOUND
    assert caller.post(REVOKE, {"token": huge}, caller.proof("script")).status == 200
    assert refused(caller, {"grant_type": JWT_BEARER, "assertion": huge}, caller.proof("script")).status == 400
    if length <= 8000:
        answer = caller.get(MYSELF, f"Authorization: Bearer {huge}")
        assert fault_of(answer, MYSELF) is api_faults.TOKEN_UNREADABLE
        assert refused(caller, GRANT, f"Authorization: Basic {huge}") is faults.AUTHORIZATION_MALFORMED


NO_BEARER = ["", "Bearer", "Bearer ", "Bearer\t", "bearer", "Basic abc", "Token x", "\xff", "Bearer,", "Bearertoken"]


@pytest.mark.requirement("must-not-break N.3")
@pytest.mark.parametrize("authorization", NO_BEARER)
def test_call_is_refused_when_its_header_is_no_bearer(caller: Caller, authorization: str) -> None:
    """AGW-402."""
    answer = caller.get(MYSELF, f"Authorization: {authorization}")
    assert fault_of(answer, MYSELF) is api_faults.AUTHORIZATION_MALFORMED


def test_call_is_refused_when_it_brings_two_tokens(caller: Caller, session: Session) -> None:
    """Two fields are one, which is no token; header and query must agree (RFC 6750 section 2)."""
    own = f"Authorization: Bearer {session.access}"
    for other in (own, "Authorization: Bearer x", "Authorization: Basic eDp5"):
        for pair in ((own, other), (other, own)):
            assert fault_of(caller.get(MYSELF, *pair), MYSELF).status == 401
    for query in ("access_token=x", f"access_token={session.access}&access_token=x"):
        assert fault_of(caller.get(f"{MYSELF}?{query}", own), MYSELF) is api_faults.TOKENS_DIFFER
