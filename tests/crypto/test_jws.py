"""The strict reader: what is not exactly a compact JWS of ours to judge is refused before any library sees it."""

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.crypto.jws import HmacSecret, Jws, JwsFault, parse_jws, sign_jws, signature_holds
from callgate.crypto.strict_json import decode_base64url
from tests.crypto.forge import b64, forge, hs, part, unsigned
from tests.stopwatch import stays_below

KEY = b"k" * 43
SECRET = HmacSecret("k" * 43)
HEADER = {"alg": "HS256", "typ": "JWT"}
GOOD = forge(HEADER, {"iss": "a"}, hs(KEY))


def test_a_plain_jws_is_read_and_its_signature_holds() -> None:
    """What others write, and what we write, by the same reader."""
    for text in (
        GOOD,
        forge({"alg": "HS256"}, {"iss": "a"}, hs(KEY)),
        sign_jws({"iss": "a"}, SECRET.key, alg="HS256", kid=None),
        sign_jws({"iss": "a"}, SECRET.key, alg="HS256", kid="k1"),
        forge('{"alg" : "HS256"}', ' {"iss":\n"a"} ', hs(KEY)),
    ):
        jws = parse_jws(text)
        assert isinstance(jws, Jws)
        assert jws.claims == {"iss": "a"}
        assert signature_holds(jws, SECRET.key, alg="HS256")


def test_what_we_sign_keeps_its_order_on_the_wire() -> None:
    """protocol.md G: `kid`, `typ`, `alg`; claims as given, no spaces."""
    text = sign_jws({"b": 1, "a": "é"}, SECRET.key, alg="HS256", kid="k1")
    raw = [decode_base64url(piece) for piece in text.split(".")[:2]]
    assert raw == [b'{"kid":"k1","typ":"JWT","alg":"HS256"}', '{"b":1,"a":"é"}'.encode()]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", JwsFault.NOT_COMPACT),
        ("..", JwsFault.NOT_COMPACT),
        ("a.b.c", JwsFault.NOT_COMPACT),
        (GOOD.rpartition(".")[0], JwsFault.NOT_COMPACT),
        (GOOD.rpartition(".")[0] + ".", JwsFault.NOT_COMPACT),
        (GOOD + ".", JwsFault.NOT_COMPACT),
        (GOOD + ".x", JwsFault.NOT_COMPACT),
        ("." + GOOD.partition(".")[2], JwsFault.NOT_COMPACT),
        (GOOD.replace(".", "..", 1), JwsFault.NOT_COMPACT),
        (GOOD + "=", JwsFault.NOT_COMPACT),
        (GOOD + "\n", JwsFault.NOT_COMPACT),
        (" " + GOOD, JwsFault.NOT_COMPACT),
        (GOOD[:-1] + "é", JwsFault.NOT_COMPACT),
        (forge(HEADER, {"iss": "a"}, unsigned), JwsFault.NOT_COMPACT),
        (f"{GOOD}.AAAA.AAAA", JwsFault.NOT_COMPACT),  # five parts: a JWE
        (json.dumps({"payload": "e30", "protected": part(HEADER), "signature": "AAAA"}), JwsFault.NOT_COMPACT),
        (forge(b"foo", {"iss": "a"}, hs(KEY)), JwsFault.NOT_JSON),
        (forge("[]", {"iss": "a"}, hs(KEY)), JwsFault.NOT_JSON),
        (forge("null", {"iss": "a"}, hs(KEY)), JwsFault.NOT_JSON),
        (forge('"x"', {"iss": "a"}, hs(KEY)), JwsFault.NOT_JSON),
        (forge(HEADER, b"foo", hs(KEY)), JwsFault.NOT_JSON),
        (forge(HEADER, "[]", hs(KEY)), JwsFault.NOT_JSON),
        (forge(HEADER, GOOD, hs(KEY)), JwsFault.NOT_JSON),  # a JWT in a JWT
        (forge('{"alg":"none","alg":"HS256"}', {"iss": "a"}, hs(KEY)), JwsFault.NOT_JSON),
        (forge(HEADER, '{"aud":"us","aud":"them"}', hs(KEY)), JwsFault.NOT_JSON),
        (forge('{"alg":"HS256","\\u0061lg":"none"}', {"iss": "a"}, hs(KEY)), JwsFault.NOT_JSON),
        (forge(HEADER, '{"exp":NaN}', hs(KEY)), JwsFault.NOT_JSON),
        (forge(HEADER, '{"exp":1e400}', hs(KEY)), JwsFault.NOT_JSON),
        (forge({}, {"iss": "a"}, hs(KEY)), JwsFault.HEADER_VALUE),
        (forge({"typ": "JWT"}, {"iss": "a"}, hs(KEY)), JwsFault.HEADER_VALUE),
        (forge({"alg": None}, {"iss": "a"}, hs(KEY)), JwsFault.HEADER_VALUE),
        (forge({"alg": 1}, {"iss": "a"}, hs(KEY)), JwsFault.HEADER_VALUE),
        (forge({"alg": ""}, {"iss": "a"}, hs(KEY)), JwsFault.HEADER_VALUE),
        (forge({"alg": ["HS256"]}, {"iss": "a"}, hs(KEY)), JwsFault.HEADER_VALUE),
        (forge({"alg": "HS256", "kid": 1}, {"iss": "a"}, hs(KEY)), JwsFault.HEADER_VALUE),
        (forge({"alg": "HS256", "kid": None}, {"iss": "a"}, hs(KEY)), JwsFault.HEADER_VALUE),
        (forge({"alg": "HS256", "kid": {}}, {"iss": "a"}, hs(KEY)), JwsFault.HEADER_VALUE),
        (forge({"alg": "HS256", "kid": "k" * 257}, {"iss": "a"}, hs(KEY)), JwsFault.HEADER_VALUE),
        (forge({"alg": "HS256", "typ": ["JWT"]}, {"iss": "a"}, hs(KEY)), JwsFault.HEADER_VALUE),
        ("A" * 8193, JwsFault.TOO_LONG),
        (forge(HEADER, {"x": "y" * 8192}, hs(KEY)), JwsFault.TOO_LONG),
    ],
)
def test_anything_else_is_refused(text: str, fault: JwsFault) -> None:
    """RFC 8725 sections 2.6 and 3.1; the vectors' kinds: parts, padding, serialisations, repeats, constants."""
    assert parse_jws(text) is fault


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jwk", {"kty": "oct", "k": b64(KEY)}),
        ("jku", "http://127.0.0.1/keys"),
        ("x5u", "http://127.0.0.1/cert"),
        ("x5c", ["MIIB"]),
        ("x5t", "AAAA"),
        ("x5t#S256", "AAAA"),
        ("crit", ["exp"]),
        ("crit", []),
        ("b64", False),
        ("b64", True),
        ("zip", "DEF"),
        ("enc", "A256GCM"),
        ("cty", "JWT"),
        ("epk", {}),
        ("p2c", 2_000_000_000),
        ("x-anything", 1),
    ],
)
def test_a_header_that_says_more_is_refused(name: str, value: object) -> None:
    """S18: nothing in a header brings a key, an address, or another way to read; signed rightly or not."""
    assert parse_jws(forge({**HEADER, name: value}, {"iss": "a"}, hs(KEY))) is JwsFault.HEADER_MEMBER


def test_b64_false_with_a_raw_payload_is_refused() -> None:
    """RFC 7797: a payload that is not encoded is another signing input."""
    header = part({"alg": "HS256", "b64": False, "crit": ["b64"]})
    payload = '{"iss":"a"}'
    signature = b64(hs(KEY)(f"{header}.{payload}".encode()))
    assert parse_jws(f"{header}.{payload}.{signature}") is JwsFault.NOT_COMPACT


def test_every_changed_character_breaks_it() -> None:
    """No second spelling that verifies: every other letter in every place, in all three parts."""
    for place in range(len(GOOD)):
        for letter in "AQgwz09-_=+/.% ":
            text = GOOD[:place] + letter + GOOD[place + 1 :]
            if text != GOOD:
                jws = parse_jws(text)
                assert not isinstance(jws, Jws) or not signature_holds(jws, SECRET.key, alg="HS256")


def test_the_algorithm_is_the_caller_s_word() -> None:
    """RFC 8725 section 3.1: a header that names another one does not choose."""
    for alg in ("none", "None", "NONE", "HS384", "RS256", "hs256", "../HS256"):
        jws = parse_jws(forge({"alg": alg}, {"iss": "a"}, hs(KEY)))
        assert isinstance(jws, Jws)
        assert not signature_holds(jws, SECRET.key, alg="HS256")


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "EdDSA"])
def test_a_key_of_another_type_verifies_nothing(alg: str) -> None:
    """Not even where a caller settles on an algorithm its key cannot have."""
    jws = parse_jws(forge({"alg": alg}, {"iss": "a"}, hs(KEY)))
    assert isinstance(jws, Jws)
    assert not signature_holds(jws, SECRET.key, alg=alg)


@pytest.mark.parametrize(
    "text",
    [
        "A" * 50_000_000,
        "." * 50_000_000,
        GOOD.partition(".")[0] * 1_000_000,
        ("[" * 4000 + "." + "{" * 2000 + ".AAAA")[:8192],
        forge(b"[" * 6000, b"{}", hs(KEY)),
        forge(b'{"a":' * 1000, b"{}", hs(KEY)),
        forge(HEADER, b'{"a":' + b"9" * 5900 + b"}", hs(KEY)),
        forge(HEADER, b'{"a":"' + b"\\u0041" * 950 + b'"}', hs(KEY)),
        forge(HEADER, b"{" + b",".join(b'"%d":1' % n for n in range(600)) + b"}", hs(KEY)),
    ],
    ids=lambda text: f"{text[:8]}-{len(text)}",
)
def test_hostile_sizes_cost_little(text: str) -> None:
    """CVE-2025-61920 cost 4 GB and nine seconds: here under a megabyte and a tenth of a second."""
    tracemalloc.start()
    parse_jws(text)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 1_000_000
    assert stays_below(0.1, lambda: parse_jws(text))


@given(
    text=st.text(max_size=60)
    | st.lists(st.binary(min_size=1, max_size=40).map(b64), min_size=3, max_size=3).map(".".join)
)
def test_any_text_is_an_answer(text: str) -> None:
    """Never an exception."""
    assert isinstance(parse_jws(text), Jws | JwsFault)


@given(header=st.dictionaries(st.sampled_from(["alg", "kid", "typ"]), st.text(max_size=8) | st.integers() | st.none()))
def test_what_is_read_has_an_algorithm_and_strings(header: dict[str, object]) -> None:
    """The header's three members are short strings or absent."""
    jws = parse_jws(forge(header, {}, hs(KEY)))
    if isinstance(jws, Jws):
        read = {"alg": jws.alg, "kid": jws.kid, "typ": jws.typ}
        assert {name: value for name, value in read.items() if value is not None} == header


@pytest.mark.parametrize(
    ("length", "fitting"),
    [(31, set()), (32, {"HS256"}), (48, {"HS256", "HS384"}), (64, {"HS256", "HS384", "HS512"})],
)
def test_short_secrets_do_not_serve_long_hashes(length: int, fitting: set[str]) -> None:
    """RFC 7518 section 3.2: a key at least as long as the hash."""
    secret = HmacSecret("k" * length)
    assert {alg for alg in ("HS256", "HS384", "HS512", "RS256", "none") if secret.suffices_for(alg)} == fitting


def test_no_repr_shows_what_was_read_or_the_key() -> None:
    """An assertion is a secret while it lives."""
    jws = parse_jws(GOOD)
    assert "iss" not in repr(jws)
    assert "kkk" not in repr(SECRET)
