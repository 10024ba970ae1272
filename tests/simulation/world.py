"""The system under simulation: the real judgements, driven as the services drive them, over the model store.

Forms are written and parsed, apps named and proven, references opened and made; only sealing is left out: a token is
its reference, spelled. Passwords and secrets are right or wrong by what the history says.
"""

import hashlib
from base64 import b64encode
from dataclasses import dataclass
from urllib.parse import urlencode

from callgate.model import faults, grant_faults
from callgate.model.account import LoginName
from callgate.model.changes import Change
from callgate.model.client import Client
from callgate.model.consent import SignIn
from callgate.model.decisions import (
    Admitted,
    AnswerDevice,
    AskOther,
    AuthorizeDecision,
    AuthorizeRequest,
    Denied,
    Granted,
    IssueCode,
    LookAgain,
)
from callgate.model.device import USER_CODE_ALPHABET, USER_CODE_CHARS
from callgate.model.device_grant import DeviceAskLookup, DeviceWaits, UserCodeLookup
from callgate.model.evidence import ClientProven, CredentialPresented, PasswordEvidence, PasswordProven, PasswordRefused
from callgate.model.factor import Factor
from callgate.model.facts import AuthorizeFacts
from callgate.model.ids import AccountId, ClientId, RowId
from callgate.model.lookups import AuthorizeLookup, SessionLookup
from callgate.model.moment import Fresh, Moment
from callgate.model.policy import Policy
from callgate.model.reference import Reference, TokenKind
from callgate.protocol import authorize, bearer, client_auth, consent, device, revoke, token
from callgate.protocol.client_auth import ClientNamed, Presented, SecretPresented
from callgate.protocol.forms import Form
from callgate.protocol.grants import (
    GrantRequest,
    authorization_code,
    client_credentials,
    device_code,
    jwt_bearer,
    partner_jwt,
    password,
    refresh_token,
    saml2_bearer,
)
from callgate.protocol.guards import client_reliance, password_reliance
from tests.simulation.store import ModelStore

FORM = "application/x-www-form-urlencoded"
SECRET = "secret"
"""Of every app that has one."""

LOOKS_MAX = 3
"""How often proofs are made anew when what they relied on changed under them."""

POLICY = Policy(issuer="https://gate.example")
_COOKIE = b"\1" * 20
_NOBODY = LoginName(None, None, None)


@dataclass(frozen=True, slots=True)
class Tokens:
    """A pair of tokens, or one: what their strings are made of, and the life they have."""

    access: Reference
    refresh: Reference | None
    expires_in_s: int
    refresh_expires_in_s: int | None
    scope: str


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code."""

    reference: Reference


@dataclass(frozen=True, slots=True)
class Admission:
    """A bearer was let in."""

    row_id: RowId


@dataclass(frozen=True, slots=True)
class Carried:
    """A revocation was answered, as it always is."""


@dataclass(frozen=True, slots=True)
class No:
    """A denial, by its code."""

    code: str


Reply = Tokens | Code | Admission | Carried | No


class World:
    """Whoever calls, and the server they call."""

    def __init__(self, store: ModelStore) -> None:
        self.store = store
        self.key_number = 1
        self.factors: dict[str, Factor] = {}
        self._rows = 0
        self._unwritten: dict[Reference, tuple[Change, ...]] = {}

    def post(self, client: Client, fields: dict[str, str], *, overtaken: bool = False) -> Reply:
        """POST /token. `overtaken`: the person's password changes between its proof and the decision."""
        named, header = _credentials(client)
        body = urlencode(fields | named).encode()
        call = token.read_call(content_type=FORM, body=body, query=b"", authorization=header)
        if isinstance(call, Denied):
            return No(call.fault.code)
        for _ in range(LOOKS_MAX):
            app = self.store.clients[client.id]
            proven = prove(app, call.presented)
            grant = proven if isinstance(proven, Denied) else token.read_grant(call, app)
            if isinstance(grant, Denied) or isinstance(proven, Denied):
                assert isinstance(grant, Denied)
                return No(grant.fault.code)
            decision = self._decide(grant, proven, overtaken=overtaken)
            overtaken = False
            if isinstance(decision, Denied):
                return No(decision.fault.code)
            if isinstance(decision, Granted):
                return tokens(decision)
        return No(faults.TEMPORARILY_UNAVAILABLE.code)

    def _decide(self, grant: GrantRequest, client: ClientProven, *, overtaken: bool) -> Granted | Denied | LookAgain:
        moment = self.moment()
        run = self.store.run
        match grant:
            case refresh_token.RefreshRequest():
                held = unspell(grant.refresh_token, TokenKind.REFRESH)
                return run(
                    refresh_token.lookup(held),
                    lambda facts: refresh_token.decide(
                        grant,
                        client=client,
                        reference=held,
                        key_number=moment.fresh.key_number,
                        facts=facts,
                    ),
                )
            case authorization_code.CodeRequest():
                code = unspell(grant.code, TokenKind.CODE)
                return run(
                    authorization_code.lookup(code),
                    lambda facts: authorization_code.decide(
                        grant, client=client, reference=code, moment=moment, facts=facts
                    ),
                )
            case password.PasswordRequest():
                login = grant.login or _NOBODY
                proof = self._prove_password(login, grant.password)
                if overtaken:
                    self.change_password(login.email or "")
                return run(
                    password.lookup(client, login),
                    lambda facts: password.decide(grant, client=client, password=proof, moment=moment, facts=facts),
                )
            case jwt_bearer.JwtBearerRequest():
                rows = self.store.credentials.values()
                found = next((row for row in rows if row.label == grant.assertion), None)
                if found is None:
                    return Denied(fault=grant_faults.CREDENTIAL_GONE)
                presented = CredentialPresented(found)
                return run(
                    jwt_bearer.lookup(client, presented),
                    lambda facts: jwt_bearer.decide(
                        grant, client=client, presented=presented, moment=moment, facts=facts
                    ),
                )
            case partner_jwt.PartnerJwtRequest():
                raise AssertionError("this world trusts no issuer outside")
            case client_credentials.ClientCredentialsRequest():
                return run(
                    client_credentials.lookup(client, grant),
                    lambda facts: client_credentials.decide(grant, client=client, moment=moment, facts=facts),
                )
            case device_code.DeviceCodeRequest():
                waiting = unspell(grant.device_code, TokenKind.DEVICE)
                return run(
                    device_code.lookup(client, waiting),
                    lambda facts: device_code.decide(
                        grant, client=client, reference=waiting, moment=moment, facts=facts
                    ),
                )
            case saml2_bearer.Saml2BearerRequest():
                raise AssertionError("no app of this world has the grant, and read_grant says so")

    def authorize(self, client_id: ClientId, person: str, fields: dict[str, str]) -> Reply:
        """GET /authorize by somebody just signed in, who presses Authorize."""
        form = authorize.read_form([("client_id", client_id), ("response_type", "code"), *fields.items()])
        assert not isinstance(form, Denied)
        request = authorize.read_request(form, self.store.clients[client_id])
        if not isinstance(request, AuthorizeRequest):
            return No(request.fault.code)
        moment, signed_in = self.moment(), self._sign_in(person)
        visit = consent.Visit(_COOKIE, began_ms=self.store.now_ms, agreed=True)
        decision = self.store.run(
            AuthorizeLookup(client_id, (signed_in.account_id, signed_in.id)),
            lambda facts: consent.decide(request, visit=visit, moment=moment, facts=facts),
        )
        if isinstance(decision, Denied):
            return No(decision.fault.code)
        if isinstance(decision, AskOther):
            return No(decision.denied.fault.code)
        assert isinstance(decision, IssueCode), decision
        session = decision.session
        return Code(Reference(TokenKind.CODE, session.account_id, session.id, decision.secret, 0, session.key_number))

    def connect(self, client: Client, fields: dict[str, str]) -> Reply:
        """POST /device-authorization."""
        named, header = _credentials(client)
        body = urlencode(fields | named).encode()
        call = device.read_call(content_type=FORM, body=body, query=b"", authorization=header)
        assert not isinstance(call, Denied)
        proven = prove(self.store.clients[client.id], call.presented)
        assert not isinstance(proven, Denied)
        moment = self.moment()
        user_code = _user_code(moment.fresh.row_id)
        decision = self.store.run(
            DeviceAskLookup(client.id, "here"),
            lambda facts: device.issue(
                call, client=proven, network="here", user_code=user_code, moment=moment, facts=facts
            ),
        )
        if isinstance(decision, Denied):
            return No(decision.fault.code)
        assert isinstance(decision, DeviceWaits)
        row_id, key_number = decision.device.id, moment.fresh.key_number
        return Code(Reference(TokenKind.DEVICE, self.store.account.id, row_id, decision.secret, 0, key_number))

    def answer(self, held: Reference, person: str, *, agreed: bool) -> Reply:
        """Somebody just signed in types the code of a device, and presses Authorize or Refuse."""
        found = device.find_waiting(self.store.load(UserCodeLookup(_user_code(held.row_id))))
        if isinstance(found, Denied):
            return No(found.fault.code)
        form = Form({"client_id": found.client_id, "user_code": found.user_code, "scope": found.scope})
        request = authorize.read_request(form, self.store.clients[found.client_id])
        assert isinstance(request, AuthorizeRequest)
        moment, signed_in = self.moment(), self._sign_in(person)
        visit = consent.Visit(_COOKIE, began_ms=self.store.now_ms, agreed=agreed)

        def judge(facts: AuthorizeFacts) -> AuthorizeDecision:
            if agreed:
                return consent.decide(request, visit=visit, moment=moment, facts=facts)
            return consent.refuse_device(request, visit=visit, facts=facts)

        lookup = AuthorizeLookup(found.client_id, (signed_in.account_id, signed_in.id), request.user_code)
        decision = self.store.run(lookup, judge)
        if isinstance(decision, Denied):
            return No(decision.fault.code)
        if isinstance(decision, AskOther):
            return No(decision.denied.fault.code)
        assert isinstance(decision, AnswerDevice), decision
        return Carried()

    def call(self, held: Reference, *, marked: bool) -> Reply:
        """Call the API. `marked` False: the lazy write of a first use is late, or lost."""
        decision = bearer.decide(held, self.store.load(_lookup(held)))
        if isinstance(decision, Denied):
            return No(decision.fault.code)
        assert isinstance(decision, Admitted)
        if marked:
            self.store.save_later(decision.changes)
        else:
            self._unwritten[held] = decision.changes
        return Admission(decision.session.id)

    def mark(self, held: Reference) -> None:
        """The lazy write of a first use, long after the call."""
        self.store.save_later(self._unwritten.get(held, ()))

    def revoke(self, client: Client, held: Reference) -> Reply:
        """POST /revoke."""
        named, header = _credentials(client)
        body = urlencode({"token": spell(held)} | named).encode()
        call = revoke.read_call(content_type=FORM, body=body, query=b"", authorization=header, query_tokens=True)
        assert not isinstance(call, Denied)
        proven = prove(self.store.clients[client.id], call.presented)
        assert not isinstance(proven, Denied)
        self.store.run(revoke.lookup(held), lambda facts: revoke.decide(client=proven, reference=held, facts=facts))
        return Carried()

    def change_password(self, person: str) -> None:
        """Whoever knows the right one from now on types the new one."""
        before = self.store.people[person]
        after = before._replace(password_version=before.password_version + 1, version=before.version + 1)
        self.store.people[person] = after

    def moment(self) -> Moment:
        """Fresh values: ids grow, secrets differ, the active key seals."""
        self._rows += 1
        secret = hashlib.sha256(self._rows.to_bytes(8, "big")).digest()[:20]
        fresh = Fresh(
            row_id=RowId(self._rows),
            secret=secret,
            secret_sha256=hashlib.sha256(secret).digest(),
            endpoint_id=f"made-up-{self._rows}",
            key_number=self.key_number,
        )
        return Moment(fresh, POLICY)

    def _sign_in(self, name: str) -> SignIn:
        self._rows += 1
        person = self.store.people[name]
        sign_in = SignIn(
            id=RowId(self._rows),
            account_id=person.account_id,
            extension_id=person.id,
            secret_sha256=hashlib.sha256(_COOKIE).digest(),
            signed_in_ms=max(self.store.now_ms, person.sessions_from_ms, self.store.sessions_from_ms),
            expires_ms=self.store.now_ms + 1000,
            password_version=person.password_version,
            factor=self.factors[name] if person.has_factor else None,
        )
        self.store.sign_ins[sign_in.id] = sign_in
        return sign_in

    def _prove_password(self, login: LoginName, typed: str) -> PasswordEvidence:
        person = self.store.people.get(login.email or "")
        if person is None or typed != right_password(person.password_version):
            return PasswordRefused()
        return PasswordProven(person.id, password_reliance(person))


def right_password(version: int) -> str:
    """The password of a person whose password has this version."""
    return f"right-{version}"


def prove(client: Client, shown: Presented) -> ClientProven | Denied:
    """The app's proof, if it is one."""
    refused = client_auth.method_allowed(client, shown)
    if refused:
        return refused
    match shown:
        case ClientNamed() | SecretPresented(secret="secret"):
            return ClientProven(client.id, client_reliance(client))
        case _:
            return Denied(fault=faults.CLIENT_UNPROVEN)


def tokens(granted: Granted) -> Tokens:
    """What the service seals of a decision: the same session and generation always give the same."""
    session = granted.session
    access = Reference(
        TokenKind.ACCESS, session.account_id, session.id, granted.secret, session.generation, session.key_number
    )
    return Tokens(
        access=access,
        refresh=access._replace(kind=TokenKind.REFRESH) if session.refresh_ttl_s else None,
        expires_in_s=granted.times.expires_in_s,
        refresh_expires_in_s=granted.times.refresh_expires_in_s,
        scope=session.scope,
    )


def _user_code(row_id: RowId) -> str:
    """A code as good as a random one: each row has its own."""
    return "".join(USER_CODE_ALPHABET[row_id // 20**place % 20] for place in range(USER_CODE_CHARS))


def spell(held: Reference) -> str:
    """A token as text, unsealed."""
    return f"{held.kind.value}.{held.account_id}.{held.row_id}.{held.secret.hex()}.{held.generation}.{held.key_number}"


def unspell(text: str, kind: TokenKind) -> Reference:
    """The token a text spells."""
    spelled, account, row, secret, generation, key = text.split(".")
    assert spelled == kind.value
    return Reference(kind, AccountId(int(account)), RowId(int(row)), bytes.fromhex(secret), int(generation), int(key))


def _credentials(client: Client) -> tuple[dict[str, str], str | None]:
    """How an app names itself: fields of the body, and the Authorization header."""
    if client.confidential:
        return {}, "Basic " + b64encode(f"{client.id}:{SECRET}".encode()).decode()
    return {"client_id": client.id}, None


def _lookup(held: Reference) -> SessionLookup:
    return SessionLookup(held.account_id, held.row_id)
