"""Faults of people who make JWT credentials for themselves at a browser."""

from callgate.model.faults import Audience, Fault

CREDENTIALS_WITHHELD = Fault(
    code="CGT-210",
    error="access_denied",
    text="The account does not leave it to this person to make JWT credentials",
    remedy="Ask an administrator for one, who may say as well who makes them: "
    "`callgate accounts update ACCOUNT --credentials everybody`.",
    status=403,
    audience=Audience.ADMINISTRATOR,
)
CREDENTIAL_INCOMPLETE = Fault(
    code="CGT-211",
    error="invalid_request",
    text="A JWT credential needs a label, apps that exist, and an expiry that is to come, or none",
    remedy="Give it a label of 1 to 64 characters, tick at least one app or enter the client ids of apps, or choose "
    "all apps of the organisation, and leave the date out or choose a later one.",
)
CREDENTIAL_STUCK = Fault(
    code="CGT-212",
    error="invalid_request",
    text="The JWT credential cannot be made or replaced as things are",
    remedy="Check the list again: it may have been replaced or have expired meanwhile, then its successor is the one "
    "to replace; and one person has at most 100, so delete those that are safe to delete.",
)
