"""A model of a store, for simulation alone: rows in dictionaries, the same two verbs, the same refusals.

What makes the SQL stores safe is here in small: a change that meets a newer row than its `before`, or a key that is
taken, is a conflict, and a conflict undoes the whole unit and decides it again.
"""

from collections.abc import Callable
from typing import TypeVar, cast

from callgate.model.account import Account, Extension, Role
from callgate.model.changes import (
    Change,
    ConsentGiven,
    CredentialUsed,
    SessionEnded,
    SessionFirstUsed,
    SessionOpened,
    SessionRedeemed,
    SessionRenewed,
    SessionRotated,
    SignInStarted,
)
from callgate.model.client import Client
from callgate.model.consent import Consent, SignIn
from callgate.model.credential import JwtCredential
from callgate.model.device import DeviceCode, DeviceState
from callgate.model.device_grant import (
    DeviceApproved,
    DeviceAskFacts,
    DeviceAskLookup,
    DeviceCodeIssued,
    DeviceCodeUsed,
    DeviceDenied,
    DeviceFacts,
    DeviceLookup,
    UserCodeFacts,
    UserCodeLookup,
)
from callgate.model.facts import (
    Allowed,
    AuthorizeFacts,
    Facts,
    OpeningFacts,
    Seated,
    ServiceFacts,
    SessionFacts,
)
from callgate.model.ids import ClientId, ExtensionId, RowId
from callgate.model.lookups import (
    AuthorizeLookup,
    CredentialOpening,
    Lookup,
    PasswordOpening,
    RedeemLookup,
    ServiceOpening,
    SessionLookup,
)
from callgate.model.session import PENDING_SLOT_FIRST, CredentialKind, Session, SessionState
from callgate.storage.port import Decided

ATTEMPTS_MAX = 5

Found = Facts | DeviceAskFacts | UserCodeFacts | DeviceFacts

F = TypeVar("F")
D = TypeVar("D", bound=Decided)
R = TypeVar("R")


class Conflict(Exception):
    """A newer row, or a taken key."""


class ModelStore:
    """One account, its people and their sessions. Rows are replaced by whoever plays the administrator."""

    def __init__(self, *, account: Account, role: Role) -> None:
        self.now_ms = 0
        self.sessions_from_ms = 0
        self.account = account
        self.role = role
        self.clients: dict[ClientId, Client] = {}
        self.people: dict[str, Extension] = {}
        self.credentials: dict[RowId, JwtCredential] = {}
        self.allowed: dict[ClientId, Allowed] = {}
        self.services: dict[ExtensionId, Extension] = {}
        self.sign_ins: dict[RowId, SignIn] = {}
        self.consents: dict[tuple[ExtensionId, ClientId], Consent] = {}
        self.sessions: dict[RowId, Session] = {}
        self.devices: dict[RowId, DeviceCode] = {}
        self._recording = False
        self._loaded: dict[object, Found] = {}
        self._overtaken: dict[object, Found] = {}

    def run(self, lookup: Lookup[F], decide: Callable[[F], D]) -> D:
        """Load, decide, save; again when a change conflicts.

        A decision without changes is made on fresh facts: in the SQL stores each unit has the writer, or its locks,
        to itself, and only what is saved may be overtaken.
        """
        for _ in range(ATTEMPTS_MAX):
            stale = self._overtaken.pop(lookup, None)
            facts = self.load(lookup) if stale is None else cast("F", stale)
            if self._recording:
                self._loaded[lookup] = cast("Found", facts)
            decision = decide(facts)
            if stale is not None and not decision.changes:
                continue
            try:
                self._save(decision.changes)
            except Conflict:
                continue
            return decision
        raise AssertionError("every attempt met a conflict")

    def save_later(self, changes: tuple[Change, ...]) -> None:
        """Save what says itself what it holds for."""
        self._save(changes)

    def race(self, first: Callable[[], R], second: Callable[[], R]) -> tuple[R, R]:
        """Two calls at once: the second decides at first on what it loaded before the first one saved."""
        self._recording = True
        one = first()
        self._recording = False
        self._overtaken, self._loaded = self._loaded, {}
        two = second()
        self._overtaken = {}
        return one, two

    # --- load --------------------------------------------------------------------------------------------------------

    def load(self, lookup: Lookup[F]) -> F:
        """The facts a lookup asks for."""
        return cast("F", self._load(lookup))

    def _load(self, lookup: object) -> Found:
        match lookup:
            case SessionLookup(row_id=row_id):
                return self._session(row_id, with_seat=False)
            case RedeemLookup(row_id=row_id):
                return self._session(row_id, with_seat=True)
            case PasswordOpening(client_id=client_id, login=login):
                return self._opening(client_id, self.people.get(login.email or ""), credential=None)
            case CredentialOpening(client_id=client_id, credential_id=credential_id):
                credential = self.credentials.get(credential_id)
                person = self._person(credential.extension_id) if credential else None
                return self._opening(client_id, person, credential=credential)
            case ServiceOpening(client_id=client_id):
                allowed = self.allowed.get(client_id)
                today = (allowed._replace(account=self.account, role=self.role),) if allowed else ()
                return ServiceFacts(self.now_ms, self.clients[client_id], today)
            case AuthorizeLookup(client_id=client_id, sign_in=(_, row_id), user_code=user_code):
                facts = self._authorize(client_id, self.sign_ins[row_id])
                return facts._replace(device=self._device(user_code))
            case DeviceAskLookup(client_id=client_id):
                return DeviceAskFacts(self.now_ms, self.clients[client_id], 0, 0)
            case UserCodeLookup(user_code=user_code):
                device = self._device(user_code)
                return UserCodeFacts(self.now_ms, device, self.clients[device.client_id] if device else None)
            case DeviceLookup(client_id=client_id, row_id=row_id):
                return self._approved(client_id, self.devices[row_id])
            case _:
                raise AssertionError(lookup)

    def _session(self, row_id: RowId, *, with_seat: bool) -> SessionFacts:
        session = self.sessions[row_id]
        return SessionFacts(
            now_ms=self.now_ms,
            sessions_from_ms=self.sessions_from_ms,
            session=session,
            credential_version=self._version(session),
            client=self.clients[session.client_id],
            account=self.account,
            extension=self._extension(session.extension_id),
            role=self.role,
            seat=self._seat(session.client_id, session.extension_id) if with_seat else (),
        )

    def _opening(
        self, client_id: ClientId, person: Extension | None, *, credential: JwtCredential | None
    ) -> OpeningFacts:
        return OpeningFacts(
            now_ms=self.now_ms,
            sessions_from_ms=self.sessions_from_ms,
            client=self.clients[client_id],
            account=self.account if person else None,
            extension=person,
            role=self.role,
            credential=credential,
            seat=self._seat(client_id, person.id) if person else (),
        )

    def _authorize(self, client_id: ClientId, sign_in: SignIn) -> AuthorizeFacts:
        return AuthorizeFacts(
            now_ms=self.now_ms,
            sessions_from_ms=self.sessions_from_ms,
            client=self.clients[client_id],
            owner_name=self.account.name,
            sign_in=sign_in,
            account=self.account,
            extension=self._extension(sign_in.extension_id),
            role=self.role,
            consent=self.consents.get((sign_in.extension_id, client_id)),
            seat=self._seat(client_id, sign_in.extension_id),
        )

    def _device(self, user_code: str) -> DeviceCode | None:
        return next((device for device in self.devices.values() if device.user_code == user_code), None)

    def _approved(self, client_id: ClientId, device: DeviceCode) -> DeviceFacts:
        person = self._person(device.extension_id) if device.extension_id else None
        opening = self._opening(client_id, person, credential=None)
        consent = self.consents.get((person.id, client_id)) if person else None
        return DeviceFacts(device, opening, person.password_version if person else None, consent)

    def _seat(self, client_id: ClientId, extension_id: ExtensionId) -> tuple[Seated, ...]:
        return tuple(
            Seated(session, self._version(session))
            for session in self.sessions.values()
            if session.slot is not None and (session.client_id, session.extension_id) == (client_id, extension_id)
        )

    def _version(self, session: Session) -> int | None:
        match session.credential_kind:
            case (
                CredentialKind.PASSWORD
                | CredentialKind.PASSWORD_AND_CODE
                | CredentialKind.PASSWORD_AND_PASSKEY
                | CredentialKind.PASSKEY
            ):
                return self._extension(session.extension_id).password_version
            case CredentialKind.JWT_CREDENTIAL:
                return 1 if session.credential_id in self.credentials else None
            case CredentialKind.ALLOWANCE:
                allowed = self.allowed.get(session.client_id)
                return allowed.allowance.version if allowed else None
            case CredentialKind.CONNECTION | CredentialKind.TRUSTED_ISSUER:
                raise AssertionError("this world has no identity provider, and trusts no issuer outside")

    def _extension(self, extension_id: ExtensionId) -> Extension:
        return self.services.get(extension_id) or self._person(extension_id)

    def _person(self, extension_id: ExtensionId) -> Extension:
        return next(person for person in self.people.values() if person.id == extension_id)

    # --- save --------------------------------------------------------------------------------------------------------

    def _save(self, changes: tuple[Change, ...]) -> None:
        before, devices = dict(self.sessions), dict(self.devices)
        try:
            for change in changes:
                self._save_one(change)
        except Conflict:
            self.sessions, self.devices = before, devices
            raise

    def _save_one(self, change: Change) -> None:
        match change:
            case SessionOpened(session=session):
                if session.id in self.sessions:
                    raise Conflict
                self._put(session)
            case SessionRedeemed(before=before, after=after):
                self._meet(before)
                self._put(after)
            case SessionRotated(before=before, after=after) | SessionRenewed(before=before, after=after):
                met = self._meet(before)
                if (met.issued_ms, met.first_used_ms) != (before.issued_ms, before.first_used_ms):
                    raise Conflict
                self._put(after)
            case SessionFirstUsed(before=before, at_ms=at_ms):
                now = self.sessions[before.id]
                if now.generation == before.generation and now.first_used_ms is None and now.slot is not None:
                    self.sessions[now.id] = now._replace(first_used_ms=at_ms)
            case SessionEnded(before=before, why=why, at_ms=at_ms):
                met = self._meet(before)
                over = met._replace(state=SessionState.ENDED, slot=None, ended_ms=at_ms, ended_why=why)
                self.sessions[met.id] = over
            case DeviceCodeIssued(device=device):
                self.devices[device.id] = device
            case DeviceApproved(before=device, after=answered):
                self._answer(device, answered)
            case DeviceDenied(before=device):
                self._answer(device, device._replace(state=DeviceState.DENIED))
            case DeviceCodeUsed(before=device):
                self._answer(device, device._replace(state=DeviceState.USED))
            case SignInStarted(sign_in=sign_in):
                self.sign_ins[sign_in.id] = sign_in
            case ConsentGiven(consent=consent):
                self.consents[consent.extension_id, consent.client_id] = consent
            case CredentialUsed(credential_id=credential_id, at_ms=at_ms):
                used = self.credentials[credential_id]
                self.credentials[credential_id] = used._replace(last_used_ms=at_ms)
            case _:
                raise AssertionError(change)

    def _answer(self, before: DeviceCode, after: DeviceCode) -> None:
        if self.devices[before.id].state is not before.state:
            raise Conflict
        self.devices[after.id] = after

    def _meet(self, before: Session) -> Session:
        """The row as it is; a conflict when it has moved on since the decision saw it."""
        now = self.sessions[before.id]
        if (now.state, now.generation) != (before.state, before.generation):
            raise Conflict
        return now

    def _put(self, session: Session) -> None:
        """Keep a row unless its slot or, among living sessions, its endpoint is taken in its seat."""
        for other in self.sessions.values():
            same_seat = (other.client_id, other.extension_id) == (session.client_id, session.extension_id)
            if other.id == session.id or other.slot is None or session.slot is None or not same_seat:
                continue
            both_live = max(other.slot, session.slot) < PENDING_SLOT_FIRST
            if other.slot == session.slot or (both_live and other.endpoint_id == session.endpoint_id):
                raise Conflict
        self.sessions[session.id] = session
