"""Error envelopes: a denial as JSON, in OAuth's shape (protocol.md D.4) or the API's (protocol.md I.2).

Both carry the catalogue's remedy in `errors`, a member of ours: who is refused reads what to do in the refusal itself.
It is the same for everyone who meets the fault, so it tells nothing that the code does not.
"""

import re
from collections import defaultdict
from collections.abc import Callable

import orjson

from callgate.model import api_faults, faults
from callgate.model.decisions import Denied
from callgate.model.faults import Fault
from callgate.model.limits import Charged
from callgate.model.policy import Statuses
from callgate.web.wire import Header, Reply

JSON: Header = (b"content-type", b"application/json")
NO_STORE: tuple[Header, ...] = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))
RETRY_AFTER_S = 1
REALM = "Callgate"

_UNSAFE = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")


def text_of(fault: Fault, values: tuple[tuple[str, str], ...]) -> str:
    """The public text, filled; values are bounded and cut to what RFC 6749 section 5.2 allows in a description."""
    return _fill(fault, values, clean=lambda value: _UNSAFE.sub("?", value))


def message_of(fault: Fault, values: tuple[tuple[str, str], ...]) -> str:
    """The same where JSON alone has it: names as people write them, but for what cannot be printed."""
    return _fill(fault, values, clean=lambda value: "".join(char if char.isprintable() else "?" for char in value))


def status_of(fault: Fault, statuses: Statuses) -> int:
    """The HTTP status: as observed on the platform, as RFC 6749 has it, or as the vendor's table says (ruling 18)."""
    match statuses:
        case Statuses.OBSERVED:
            return fault.status
        case Statuses.RFC:
            return fault.rfc or fault.status
        case Statuses.VENDOR:
            return fault.vendor or fault.rfc or fault.status


def oauth_error(denied: Denied, *, statuses: Statuses) -> Reply:
    """The envelope of /restapi/oauth/*."""
    fault = denied.fault
    message = text_of(fault, denied.values)
    detail: dict[str, object] = {"errorCode": fault.code, "message": message, "remedy": fault.remedy}
    parameters = [
        {"parameterName": name, "parameterValue": _UNSAFE.sub("?", value[:160])}
        for name, value in denied.values
        if name in fault.parameters
    ]
    if parameters:
        detail["parameters"] = parameters
    body = orjson.dumps({"error": fault.error, "errors": [detail], "error_description": message})
    status = status_of(fault, statuses)
    return Reply(
        status,
        (JSON, *NO_STORE, *_challenge(status, "Basic", reason=None), *_retry(status), *rate_headers(denied.rate)),
        body,
    )


def api_error(denied: Denied) -> Reply:
    """The envelope of everything else: a coarse class at the top, the fine code in `errors`."""
    fault = denied.fault
    message = message_of(fault, denied.values)
    extras = {name: value[:160] for name, value in denied.values if name in fault.parameters}
    detail = {"errorCode": fault.code, "message": message, "remedy": fault.remedy, **extras}
    body = orjson.dumps({"errorCode": fault.error, "message": message, "errors": [detail], **extras})
    reason = None if fault is api_faults.AUTHORIZATION_ABSENT else message
    headers = (JSON, *NO_STORE, *_challenge(fault.status, "Bearer", reason=reason), *_retry(fault.status))
    headers += rate_headers(denied.rate)
    return Reply(fault.status, headers, body)


def rate_headers(charged: Charged | None) -> tuple[Header, ...]:
    """What a charge comes to, for clients that pace themselves by it (protocol.md I.3)."""
    if charged is None:
        return ()
    retry = ((b"retry-after", b"%d" % charged.charge.retry_after_s),) if charged.refused else ()
    if charged.group is None:
        return retry
    return (
        (b"x-rate-limit-group", charged.group.value.encode()),
        (b"x-rate-limit-limit", b"%d" % charged.charge.limit),
        (b"x-rate-limit-remaining", b"%d" % charged.charge.remaining),
        (b"x-rate-limit-window", b"%d" % charged.window_s),
        *retry,
    )


def unavailable(*, oauth: bool, statuses: Statuses) -> Reply:
    """The world broke: repeat later."""
    if oauth:
        return oauth_error(Denied(fault=faults.TEMPORARILY_UNAVAILABLE), statuses=statuses)
    return api_error(Denied(fault=api_faults.UNAVAILABLE))


def defect(*, oauth: bool, statuses: Statuses) -> Reply:
    """We broke: the request id leads to the log."""
    if oauth:
        return oauth_error(Denied(fault=faults.SERVER_ERROR), statuses=statuses)
    return api_error(Denied(fault=api_faults.INTERNAL_ERROR))


def _fill(fault: Fault, values: tuple[tuple[str, str], ...], *, clean: Callable[[str], str]) -> str:
    return fault.text.format_map(defaultdict(str, {name: clean(value[:160]) for name, value in values}))


def _challenge(status: int, scheme: str, *, reason: str | None) -> tuple[Header, ...]:
    if status != 401:  # noqa: PLR2004 - Unauthorized, the one status with a challenge (RFC 9110 section 11.6.1)
        return ()
    value = f'{scheme} realm="{REALM}"'
    if reason is not None:
        value += f', error="invalid_token", error_description="{_UNSAFE.sub("?", reason)}"'
    return ((b"www-authenticate", value.encode()),)


def _retry(status: int) -> tuple[Header, ...]:
    if status != 503:  # noqa: PLR2004 - Service Unavailable
        return ()
    return ((b"retry-after", str(RETRY_AFTER_S).encode()),)
