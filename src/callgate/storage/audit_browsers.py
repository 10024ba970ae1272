"""What the audit chain says of what people do at a browser: sign in and out, agree, answer devices."""

from callgate.model import changes as c
from callgate.model.device_grant import DeviceApproved, DeviceDenied
from callgate.storage.rows import Value

Entry = dict[str, Value | dict[str, list[Value]]]


def sign_in_started(change: c.SignInStarted) -> Entry:
    """Who, by which provider, and by what beside a password."""
    sign_in = change.sign_in
    return {
        "account": sign_in.account_id,
        "extension": sign_in.extension_id,
        "sign_in": sign_in.id,
        "connection": sign_in.connection_id,
        "factor": sign_in.factor.value if sign_in.factor else None,
    }


def sign_in_ended(change: c.SignInEnded) -> Entry:
    """Whose, and who ended it."""
    sign_in = change.sign_in
    return {
        "account": sign_in.account_id,
        "extension": sign_in.extension_id,
        "sign_in": sign_in.id,
        "by": change.by,
    }


def consent_given(change: c.ConsentGiven) -> Entry:
    """To which app, for what."""
    consent = change.consent
    return {
        "account": consent.account_id,
        "extension": consent.extension_id,
        "client": consent.client_id,
        "scopes": " ".join(sorted(consent.scopes)),
    }


def consent_withdrawn(change: c.ConsentWithdrawn) -> Entry:
    """From which app."""
    return {
        "account": change.account_id,
        "extension": change.extension_id,
        "client": change.client_id,
        "by": change.by,
    }


def device_approved(change: DeviceApproved) -> Entry:
    """Which device, in which sign-in."""
    device = change.after
    return {
        "account": device.account_id,
        "extension": device.extension_id,
        "client": device.client_id,
        "device_code": device.id,
        "sign_in": device.sign_in_id,
        "scope": device.scope,
    }


def device_denied(change: DeviceDenied) -> Entry:
    """Which device."""
    return {"client": change.before.client_id, "device_code": change.before.id, "by": change.by}
