"""Evidence: what slow work proved before the transaction, and what each proof relied on."""

from dataclasses import dataclass, field
from typing import NamedTuple

from callgate.model.credential import JwtCredential
from callgate.model.ids import ClientId, ConnectionId, ExtensionId, RowId
from callgate.model.value import value


class Reliance(NamedTuple):
    """One thing a proof stood on: compared with fresh facts before anything is granted."""

    entity: str
    id: int | str
    version: int


@value
class ClientProven:
    """The caller is this app: by secret or assertion, or, for an app that keeps no secret, by its word.

    `by_grant`: it only named itself, and a trusted issuer's token, given as the grant, is to prove it.
    """

    client_id: ClientId
    relied_on: tuple[Reliance, ...]
    by_grant: bool = False


@dataclass(frozen=True, slots=True)
class PasswordProven:
    """Whoever asks knows the password of the extension that this login name meant."""

    extension_id: ExtensionId
    relied_on: tuple[Reliance, ...]


@dataclass(frozen=True, slots=True)
class PasswordRefused:
    """Unknown name or wrong password: indistinguishable from here on."""


@dataclass(frozen=True, slots=True)
class PasswordLocked:
    """Too many wrong ones came from this network: the password was not looked at. `sso_offered`: another way is."""

    sso_offered: bool


@value
class CredentialPresented:
    """A JWT credential whose row and hash agreed."""

    credential: JwtCredential


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityProven:
    """An identity provider says who somebody is: `email` in normal form.

    `assertion_id` is what is spent with it: an assertion's id, or the name of the trip that OpenID Connect answers.
    """

    connection_id: ConnectionId
    email: str
    assertion_id: str | None
    expires_ms: int
    relied_on: tuple[Reliance, ...]


@dataclass(frozen=True, slots=True)
class IdTokenHint:
    """An ID token of ours, expired or not: about whom it is, and which app it was made for."""

    extension_id: ExtensionId
    client_id: ClientId


@dataclass(frozen=True, slots=True)
class TotpProven:
    """The code is that of this authenticator app for this step (RFC 6238 section 4.2), spent or not."""

    totp_id: RowId
    step: int


@dataclass(frozen=True, slots=True)
class RecoveryProven:
    """A text with the form of a recovery code, hashed; whether it is one, and whose, is not said."""

    sha256: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PasskeyProven:
    """This passkey answered this challenge on our page; `verified`: it knew who held it, by a PIN or a finger."""

    passkey_id: RowId
    sign_count: int
    verified: bool
    challenge: str


@dataclass(frozen=True, slots=True)
class PasskeyMade:
    """A browser made a passkey for this challenge; `recovery` as for an authenticator app."""

    credential_id: bytes
    attested: bytes = field(repr=False)
    sign_count: int
    challenge: str
    recovery: frozenset[bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class CodeRefused:
    """No code of the person's for now."""


@dataclass(frozen=True, slots=True)
class TotpConfirmed:
    """A new authenticator app: its secret as it is to be stored, and the step whose code it showed.

    `recovery` are the hashes of the recovery codes that come with a person's first factor.
    """

    sealed_secret: bytes = field(repr=False)
    step: int
    recovery: frozenset[bytes] = field(repr=False)


PasswordEvidence = PasswordProven | PasswordRefused | PasswordLocked
CodeEvidence = TotpProven | RecoveryProven | PasskeyProven | CodeRefused
