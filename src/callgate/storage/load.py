"""The only SELECTs: which function answers which lookup. The statements stand beside the functions, in load_….py."""

from collections.abc import Callable
from typing import Final, TypeVar, cast

from callgate.model.acts import (
    AccountActLookup,
    AllowanceActLookup,
    AppActLookup,
    CellLookup,
    ConsentActLookup,
    CredentialActLookup,
    ExtensionActLookup,
    RoleActLookup,
)
from callgate.model.audit import AuditPruneLookup, PrunedLinksLookup
from callgate.model.call_acts import CallsActLookup, DeletionLookup, NumbersLookup
from callgate.model.call_log import CallLogLookup, CallRecordLookup, RecordingLookup
from callgate.model.call_sync import ExtractLookup, SyncLookup
from callgate.model.cells import AccountHeldLookup, ExtensionHeldLookup
from callgate.model.client_secret import SecretActLookup
from callgate.model.device_grant import DeviceAskLookup, DeviceHeldLookup, DeviceLookup, UserCodeLookup
from callgate.model.directory import ExtensionListLookup, ExtensionLookup
from callgate.model.guesses import GuessLookup, LocksLookup, OwnNamesLookup
from callgate.model.issuer import TrustActLookup, TrustOpening, TrustsListing, TrustsLookup
from callgate.model.jwt_credentials import (
    CredentialListLookup,
    CredentialOfLookup,
    OwnCredentialLookup,
    OwnCredentialsLookup,
)
from callgate.model.listings import (
    AccountsListing,
    AllowancesListing,
    AppsListing,
    AuditListing,
    ConsentsListing,
    CredentialsListing,
    ExtensionsListing,
    RolesListing,
    SealedSecretsListing,
    SessionsListing,
)
from callgate.model.lookups import (
    AssertionLookup,
    AuthorizeLookup,
    ClientLookup,
    CredentialLookup,
    CredentialOpening,
    KeysLookup,
    LoginLookup,
    Lookup,
    NothingLookup,
    OffersLookup,
    PasswordOpening,
    RedeemLookup,
    ServiceOpening,
    SessionLookup,
)
from callgate.model.mfa import FactorsLookup, PasskeyLookup, SecurityLookup, TotpsListing
from callgate.model.queues import ChoiceLookup, QueueActLookup, QueueListLookup, QueueLookup, QueueMembersLookup
from callgate.model.radar import ExpiringLookup
from callgate.model.roles import (
    AssignedRoleLookup,
    AssignLookup,
    DefaultRoleLookup,
    RoleListLookup,
    RoleLookup,
)
from callgate.model.sso import (
    ArrivalLookup,
    ArrivedLookup,
    ConnectionActLookup,
    ConnectionLookup,
    ConnectionSecretsListing,
    ConnectionsListing,
    IdentityOpening,
    RouteLookup,
    SsoOfferLookup,
    SsoPolicyActLookup,
)
from callgate.storage import load_acts, load_audit, load_credentials, load_listings, load_queues, load_roles, load_sso
from callgate.storage.load_call_acts import load_calls_act, load_deletion, load_numbers
from callgate.storage.load_call_sync import load_extract, load_sync
from callgate.storage.load_calls import load_call_log, load_call_record, load_recording
from callgate.storage.load_devices import load_device_ask, load_device_held, load_user_code
from callgate.storage.load_directory import load_extension, load_extension_list
from callgate.storage.load_guesses import load_guess, load_locks, load_own_names
from callgate.storage.load_issuers import load_trust, load_trust_act, load_trust_list, load_trusts
from callgate.storage.load_mfa import load_factors, load_passkey, load_security, load_totps
from callgate.storage.load_offers import load_offers
from callgate.storage.load_openings import (
    load_authorize,
    load_credential_opening,
    load_device,
    load_identity_opening,
    load_password_opening,
    load_service_opening,
)
from callgate.storage.load_people import (
    load_account_held,
    load_assertion,
    load_client,
    load_credential,
    load_extension_held,
    load_login,
)
from callgate.storage.load_secrets import load_secret_act
from callgate.storage.load_sessions import load_redeem, load_session
from callgate.storage.load_upkeep import load_keys
from callgate.storage.load_view import View

F = TypeVar("F")
L = TypeVar("L", bound=Lookup[object])

Loader = Callable[[View, Lookup[object]], object]


def answers(kind: type[L], loader: Callable[[View, L], object]) -> tuple[type[Lookup[object]], Loader]:
    """One line of the registry: this loader is only ever called with lookups of this kind."""
    return kind, cast("Loader", loader)


def load_nothing(_view: View, _lookup: NothingLookup) -> None:
    """Answer `NothingLookup`."""
    return None  # noqa: RET501 - said, so that it is no body forgotten


LOADERS: Final[dict[type[Lookup[object]], Loader]] = dict(
    (
        answers(SessionLookup, load_session),
        answers(RedeemLookup, load_redeem),
        answers(NothingLookup, load_nothing),
        answers(ServiceOpening, load_service_opening),
        answers(PasswordOpening, load_password_opening),
        answers(CredentialOpening, load_credential_opening),
        answers(IdentityOpening, load_identity_opening),
        answers(AuthorizeLookup, load_authorize),
        answers(DeviceAskLookup, load_device_ask),
        answers(UserCodeLookup, load_user_code),
        answers(DeviceLookup, load_device),
        answers(DeviceHeldLookup, load_device_held),
        answers(ClientLookup, load_client),
        answers(LoginLookup, load_login),
        answers(GuessLookup, load_guess),
        answers(LocksLookup, load_locks),
        answers(OwnNamesLookup, load_own_names),
        answers(AccountHeldLookup, load_account_held),
        answers(ExtensionHeldLookup, load_extension_held),
        answers(CredentialLookup, load_credential),
        answers(AssertionLookup, load_assertion),
        answers(KeysLookup, load_keys),
        answers(OffersLookup, load_offers),
        answers(ExtensionLookup, load_extension),
        answers(ExtensionListLookup, load_extension_list),
        answers(CallLogLookup, load_call_log),
        answers(CallRecordLookup, load_call_record),
        answers(RecordingLookup, load_recording),
        answers(CallsActLookup, load_calls_act),
        answers(DeletionLookup, load_deletion),
        answers(NumbersLookup, load_numbers),
        answers(SyncLookup, load_sync),
        answers(ExtractLookup, load_extract),
        answers(QueueListLookup, load_queues.load_queue_list),
        answers(QueueLookup, load_queues.load_queue),
        answers(QueueMembersLookup, load_queues.load_queue_members),
        answers(QueueActLookup, load_queues.load_queue_act),
        answers(ChoiceLookup, load_queues.load_choice),
        answers(RoleListLookup, load_roles.load_role_list),
        answers(RoleLookup, load_roles.load_role),
        answers(DefaultRoleLookup, load_roles.load_default_role),
        answers(AssignedRoleLookup, load_roles.load_assigned_role),
        answers(AssignLookup, load_roles.load_assign),
        answers(AccountsListing, load_listings.load_accounts),
        answers(ExtensionsListing, load_listings.load_extensions),
        answers(RolesListing, load_listings.load_roles),
        answers(AppsListing, load_listings.load_apps),
        answers(SealedSecretsListing, load_listings.load_sealed_secrets),
        answers(AllowancesListing, load_listings.load_allowances),
        answers(CredentialsListing, load_listings.load_credentials),
        answers(ExpiringLookup, load_listings.load_expiring),
        answers(ConsentsListing, load_listings.load_consents),
        answers(SessionsListing, load_listings.load_sessions),
        answers(AuditListing, load_listings.load_audit),
        answers(AuditPruneLookup, load_audit.load_audit_prune),
        answers(PrunedLinksLookup, load_audit.load_pruned_links),
        answers(AccountActLookup, load_acts.load_account_act),
        answers(ExtensionActLookup, load_acts.load_extension_act),
        answers(RoleActLookup, load_acts.load_role_act),
        answers(SecretActLookup, load_secret_act),
        answers(AppActLookup, load_acts.load_app_act),
        answers(AllowanceActLookup, load_acts.load_allowance_act),
        answers(CredentialActLookup, load_credentials.load_credential_act),
        answers(OwnCredentialsLookup, load_credentials.load_own_credentials),
        answers(OwnCredentialLookup, load_credentials.load_own_credential),
        answers(CredentialListLookup, load_credentials.load_credential_list),
        answers(CredentialOfLookup, load_credentials.load_credential_of),
        answers(ConsentActLookup, load_acts.load_consent_act),
        answers(CellLookup, load_acts.load_cell),
        answers(SsoOfferLookup, load_sso.load_offer),
        answers(ConnectionLookup, load_sso.load_connection),
        answers(RouteLookup, load_sso.load_route),
        answers(ArrivalLookup, load_sso.load_arrival),
        answers(ArrivedLookup, load_sso.load_arrived),
        answers(ConnectionActLookup, load_sso.load_connection_act),
        answers(SsoPolicyActLookup, load_sso.load_policy_act),
        answers(ConnectionsListing, load_sso.load_connections),
        answers(TrustsLookup, load_trusts),
        answers(TrustOpening, load_trust),
        answers(TrustActLookup, load_trust_act),
        answers(TrustsListing, load_trust_list),
        answers(ConnectionSecretsListing, load_sso.load_connection_secrets),
        answers(FactorsLookup, load_factors),
        answers(PasskeyLookup, load_passkey),
        answers(SecurityLookup, load_security),
        answers(TotpsListing, load_totps),
    )
)


def load(view: View, lookup: Lookup[F]) -> F:
    """Answer a lookup from what a view sees."""
    return cast("F", LOADERS[type(lookup)](view, lookup))
