"""The device grant's tokens (RFC 8628 section 3.4): a session as soon as a person has said yes, once.

A poll that changes nothing writes nothing, and says why there is nothing yet.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

from callgate.model import device_faults, faults
from callgate.model.client import Client, GrantType
from callgate.model.decisions import Denied, Granted, LookAgain
from callgate.model.device import DeviceCode, DeviceState
from callgate.model.device_grant import DeviceCodeUsed, DeviceFacts, DeviceLookup
from callgate.model.evidence import ClientProven
from callgate.model.moment import Moment
from callgate.model.reference import Reference
from callgate.model.scope import covers
from callgate.model.session import Session
from callgate.protocol.asking import ask_terms
from callgate.protocol.forms import Form
from callgate.protocol.guards import client_stands, may_serve, still_works
from callgate.protocol.opening import Asked, Credential, Terms, grant_opened, new_session
from callgate.protocol.seats import Row, place_live
from callgate.protocol.sessions import BECAUSE, Parties, parties_of, why_over

TYPE = GrantType.DEVICE_CODE


@dataclass(frozen=True, slots=True)
class DeviceCodeRequest:
    """The code as sent. The scope was settled when the device asked for it; one sent here is ignored."""

    device_code: str = field(repr=False)
    terms: Terms


def parse(form: Form, client: Client) -> DeviceCodeRequest | Denied:
    """device_code; lifetimes and endpoint as for every opening grant."""
    device_code = form.get("device_code")
    if device_code is None:
        return Denied(fault=faults.PARAMETER_MISSING, values=(("parameter", "device_code"),))
    terms = ask_terms(form, client)
    return terms if isinstance(terms, Denied) else DeviceCodeRequest(device_code, terms)


def lookup(client: ClientProven, reference: Reference) -> DeviceLookup:
    """The code, and whom it would be opened for."""
    return DeviceLookup(client.client_id, reference.row_id)


def decide(
    request: DeviceCodeRequest, *, client: ClientProven, reference: Reference, moment: Moment, facts: DeviceFacts
) -> Granted | Denied | LookAgain:
    """Whose the code is, then what became of it, then everything that any session needs."""
    device, opening = facts.device, facts.opening
    if device is None or not _holds_secret(device, reference.secret):
        return Denied(fault=device_faults.DEVICE_CODE_INVALID, why="no such device code")
    if device.client_id != client.client_id:
        return Denied(fault=device_faults.DEVICE_CODE_INVALID, why="the device code was made for another app")
    if opening.client is None or not client_stands(client, opening.client):
        return LookAgain()
    early = _not_yet(device, now_ms=opening.now_ms)
    if early:
        return early
    parties = parties_of(opening)
    if parties is None:
        return Denied(fault=device_faults.DEVICE_DENIED, why="who approved it is gone")
    refused = still_works(parties.account, parties.extension) or may_serve(
        parties.client, parties.account, role=opening.role
    )
    if refused:
        return refused
    return _open(request, device=device, parties=parties, facts=facts, moment=moment)


def _holds_secret(device: DeviceCode, secret: bytes) -> bool:
    """Whether the code brings this row's secret; constant time."""
    return hmac.compare_digest(hashlib.sha256(secret).digest(), device.secret_sha256)


def _not_yet(device: DeviceCode, *, now_ms: int) -> Denied | None:
    """Why there are no tokens; None when the person has said yes in time."""
    if device.state is DeviceState.USED:
        return Denied(fault=device_faults.DEVICE_CODE_USED, why="the device code was used before")
    if now_ms >= device.expires_ms:
        return Denied(fault=device_faults.DEVICE_CODE_EXPIRED, why="the device code is older than fifteen minutes")
    if device.state is DeviceState.DENIED:
        return Denied(fault=device_faults.DEVICE_DENIED, why="the person said no")
    if device.state is DeviceState.MOVED:
        return Denied(fault=device_faults.AUTHORIZATION_PENDING, why="it waits at another cell since a moment ago")
    if device.state is DeviceState.PENDING:
        return Denied(fault=device_faults.AUTHORIZATION_PENDING, why="nobody has answered")
    return None


def _open(
    request: DeviceCodeRequest, *, device: DeviceCode, parties: Parties, facts: DeviceFacts, moment: Moment
) -> Granted | Denied:
    opening = facts.opening
    row = Row(parties, opening.seat, opening.sessions_from_ms, opening.now_ms)
    placed = place_live(row, endpoint_id=request.terms.endpoint_id)
    opened = new_session(
        parties,
        Asked(tuple(device.scope.split()), request.terms),
        credential=_credential(device),
        slot=placed.slot,
        fresh=moment.fresh,
        now_ms=opening.now_ms,
    )
    session = opened._replace(sign_in_id=device.sign_in_id, signed_in_ms=device.signed_in_ms)
    taken_back = _taken_back(session, parties, device=device, facts=facts)
    if taken_back:
        return taken_back
    used = (DeviceCodeUsed(device),)
    return grant_opened(session, parties, secret=moment.fresh.secret, ended=placed.changes, also=used)


def _taken_back(session: Session, parties: Parties, *, device: DeviceCode, facts: DeviceFacts) -> Denied | None:
    """What would have ended the session, had it begun with the approval, and a consent withdrawn, open none."""
    assert device.approved_ms is not None, "it was approved"
    why = why_over(
        session._replace(opened_ms=device.approved_ms, issued_ms=device.approved_ms),
        parties,
        credential_version=facts.credential_version,
        sessions_from_ms=facts.opening.sessions_from_ms,
        now_ms=facts.opening.now_ms,
    )
    if why:
        return Denied(fault=device_faults.DEVICE_DENIED, why=f"since it was approved: {BECAUSE[why]}")
    agreed = facts.consent.scopes if facts.consent else frozenset[str]()
    if not all(covers(agreed, name) for name in device.scope.split()):
        return Denied(fault=device_faults.DEVICE_DENIED, why="the consent was withdrawn since it was approved")
    return None


def _credential(device: DeviceCode) -> Credential:
    kind, number, version = device.credential_kind, device.credential_id, device.credential_version
    assert kind is not None
    assert number is not None
    assert version is not None
    return Credential(kind, number, version)
