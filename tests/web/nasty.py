"""Values that no parameter should have, and what must hold of every reply to them."""

from collections.abc import Callable, Iterator, Sequence

from tests.web.raw import Answer

Turned = Callable[[Sequence[str], Sequence[str]], Iterator[tuple[str, str]]]
"""Gives pairs of a name and a value to turn it into, of so many as the run has time for."""

BIG = "9" * 5000
NASTY = (
    *("x", "null", "undefined", "true", "[]", "{}", "NaN", "Infinity", "0", "-1", "1.5", "1e9", "0x10", "+1", "1_000"),
    *("9223372036854775807", "9223372036854775808", "18446744073709551616", "-9223372036854775809", BIG),
    *("%20", "%09", "%0d%0aX-Injected:%20yes", "%0aX-Injected:%20yes", "%e2%80%a8", "%c2%85", "%00", "%ff", "%", "%zz"),
    *("'%20OR%201=1--", "%22%3e%3cscript%3ealert(1)%3c/script%3e", "%7b%7b7*7%7d%7d", "${jndi:ldap://x}", "%25s%25n"),
    *("{0.__class__}", "%7bparameter%7d", "../../../../etc/passwd", "..%2f..%2f", "file:///etc/passwd"),
    *("//evil.example", "http://evil.example/", "javascript:alert(1)", "%ef%bc%91", "%f0%9f%92%a9", "%e2%80%ae"),
    *("a" * 3000, "%41" * 1000),
)
"""Values as they stand in a URL or form: numbers at and past every edge, encodings, injections, lengths."""


def sane(answer: Answer) -> Answer:
    """Holds what must hold of every reply."""
    assert answer.status < 500, answer
    assert "x-injected" not in answer.headers
    assert b"evil.example" not in answer.headers.get("location", "").partition("?")[0].encode()
    if "json" not in answer.headers.get("content-type", ""):
        assert b"<script>alert" not in answer.body
    assert b"Traceback" not in answer.body
    return answer
