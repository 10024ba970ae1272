"""What a refusal must look like: a row of the catalogue in the envelope of its path (protocol.md D.4, I.2)."""

import re
from collections.abc import Iterator

from callgate.model import api_faults, authorize_faults, device_faults, faults, grant_faults
from callgate.model.faults import Fault
from tests.web.raw import Answer

OAUTH_PATHS = "/restapi/oauth/"
API_ENVELOPE_PATHS = ("/restapi/oauth/userinfo",)
"""Below the OAuth paths, but behind a bearer token as the API is (RFC 6750)."""

_PLACE = re.compile(r"\\{\w+\\}")


def fault_of(answer: Answer, path: str) -> Fault:
    """The row of the catalogue that a refusal is, in the envelope of its path. Fails if it is none."""
    assert answer.headers.get("content-type") == "application/json", answer
    assert answer.headers.get("cache-control") == "no-store", answer
    assert answer.headers.get("rcrequestid"), answer
    assert answer.status < 500, answer
    body = answer.json()
    errors = body["errors"]
    assert isinstance(errors, list)
    (detail,) = errors
    is_oauth = path.startswith(OAUTH_PATHS) and not path.startswith(API_ENVELOPE_PATHS)
    if is_oauth:
        assert list(body) == ["error", "errors", "error_description"], body
        error, message = body["error"], body["error_description"]
    else:
        assert list(body)[:3] == ["errorCode", "message", "errors"], body
        error, message = body["errorCode"], body["message"]
    assert list(detail)[:3] == ["errorCode", "message", "remedy"], detail
    assert detail["message"] == message
    row = _row(str(detail["errorCode"]), str(error), status=answer.status, message=str(message))
    assert detail["remedy"] in {each.remedy for each in _rows() if each.code == row.code}, detail
    return row


def _row(code: str, error: str, *, status: int, message: str) -> Fault:
    for fault in _rows():
        if (fault.code, fault.error, fault.status) == (code, error, status) and _fits(fault.text, message):
            return fault
    raise AssertionError(f"not in the catalogue: {status} {error} {code} {message!r}")


def _rows() -> Iterator[Fault]:
    for module in (faults, grant_faults, authorize_faults, device_faults, api_faults):
        yield from (each for each in vars(module).values() if isinstance(each, Fault))


def _fits(text: str, message: str) -> bool:
    return re.fullmatch(_PLACE.sub(".*", re.escape(text)), message, re.DOTALL) is not None
