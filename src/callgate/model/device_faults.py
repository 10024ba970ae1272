"""Faults of the device grant: rows of the catalogue in faults.py (RFC 8628 section 3.5)."""

from callgate.model.faults import Fault

AUTHORIZATION_PENDING = Fault(
    code="CGT-180",
    error="authorization_pending",
    text="Nobody has entered the user code yet",
    remedy="Wait `interval` seconds, then ask again; the person needs user_code and verification_uri meanwhile.",
)
SLOW_DOWN = Fault(
    code="CGT-181",
    error="slow_down",
    text="Polling too fast",
    remedy="Wait five seconds longer between requests from now on: each one that comes too soon adds five more.",
)
DEVICE_CODE_EXPIRED = Fault(
    code="CGT-182",
    error="expired_token",
    text="Device code expired",
    remedy="Get a new device code and show its user code: a code lives fifteen minutes.",
)
DEVICE_DENIED = Fault(
    code="CGT-183",
    error="access_denied",
    text="The person denied access, or may not give it any more",
    remedy="Ask the person, then get a new device code. Nothing is opened either if their password, extension or "
    "consent changed since they approved.",
)
DEVICE_CODE_INVALID = Fault(
    code="CGT-184",
    error="invalid_grant",
    text="Device code is invalid",
    remedy="Send the device_code to the letter, as this very app was given it; the user code is for the person.",
)
DEVICE_CODE_USED = Fault(
    code="CGT-185",
    error="invalid_grant",
    text="Device code was used before",
    remedy="Use the tokens it was exchanged for; if they are lost, get a new device code: each is good once.",
)
DEVICE_CODES_TOO_MANY = Fault(
    code="CGT-186",
    error="temporarily_unavailable",
    text="Too many device codes are waiting",
    remedy="Use the device code you have, and poll with it. An application may have 1,000 that wait, a network 50; "
    "each lives fifteen minutes.",
    status=429,
)
USER_CODE_UNKNOWN = Fault(
    code="CGT-187",
    error="invalid_request",
    text="No device is waiting with this code",
    remedy="Check the code against the device's, or start again there: a code lives fifteen minutes and is good once.",
)
USER_CODES_TOO_MANY = Fault(
    code="CGT-188",
    error="temporarily_unavailable",
    text="Too many wrong codes",
    remedy="Wait a minute. Five wrong codes a minute are let pass for one network and for one signed-in person.",
    status=429,
)
USER_CODE_FOREIGN = Fault(
    code="CGT-189",
    error="invalid_request",
    text="The code did not come from this server's own page in a browser that keeps its cookie",
    remedy="Ask a person to open /restapi/oauth/device in a browser that keeps cookies, and to enter the code there. A "
    "program does not send it: it gets codes from /restapi/oauth/device-authorization and polls /restapi/oauth/token; "
    "where there is no person, a JWT credential or client_credentials needs no browser.",
)

WAITING = (AUTHORIZATION_PENDING, SLOW_DOWN)
"""Answers to a proper call: devices behind one network poll, each at its own pace."""
