"""The only writes: which function saves which change. The statements stand beside the functions, in save_….py."""

from collections.abc import Callable
from typing import Final, TypeVar, cast

from callgate.model.audit import AuditPruned, PrunedLinksDeleted
from callgate.model.calls import CallLogCleared, CallsImported, CallsRecorded, CallsRewritten
from callgate.model.changes import (
    AccountChanged,
    AccountCreated,
    AppChanged,
    AppRegistered,
    AssertionClaimed,
    Change,
    ConsentGiven,
    ConsentWithdrawn,
    CredentialCreated,
    CredentialDeleted,
    CredentialUsed,
    ExtensionChanged,
    ExtensionCreated,
    IssuerTrusted,
    KeyForgotten,
    KeyStored,
    OutsideTokenAccepted,
    PasswordChanged,
    PasswordRehashed,
    RoleChanged,
    RoleCreated,
    ServiceAllowed,
    ServiceDisallowed,
    SessionEnded,
    SessionFirstUsed,
    SessionOpened,
    SessionRedeemed,
    SessionRenewed,
    SessionRotated,
    SessionsFromMoved,
    SignInEnded,
    SignInStarted,
    TrustChanged,
    TrustRevoked,
)
from callgate.model.client_secret import FormerSecretRetired, SecretRotated, SecretUsed
from callgate.model.credential import CredentialReplaced
from callgate.model.device_grant import DeviceApproved, DeviceCodeIssued, DeviceCodeUsed, DeviceDenied, DeviceMoved
from callgate.model.guesses import LocksLifted, NetworkBecameFamiliar, SubjectLocked
from callgate.model.mfa import (
    CodeMissed,
    FactorsReset,
    MissesForgotten,
    PasskeyAdded,
    PasskeyDoubted,
    PasskeyRemoved,
    PasskeyUsed,
    RecoveryCodesMade,
    RecoveryCodeUsed,
    TotpAdded,
    TotpRemoved,
    TotpRewrapped,
    TotpUsed,
)
from callgate.model.queues import QueueMembersChanged, QueueSettingsChanged
from callgate.model.roles import DefaultRoleChanged, RoleDeleted
from callgate.model.sso import AssertionConsumed, ConnectionChanged, ConnectionCreated, ConnectionRemoved
from callgate.storage import (
    save_accounts,
    save_apps,
    save_audit,
    save_calls,
    save_devices,
    save_guesses,
    save_issuers,
    save_mfa,
    save_people,
    save_queues,
    save_roles,
    save_secrets,
    save_sessions,
    save_sso,
    save_upkeep,
)
from callgate.storage.pen import Pen

C = TypeVar("C", bound=Change)

Saver = Callable[[Pen, Change], None]


def saves(kind: type[C], saver: Callable[[Pen, C], None]) -> tuple[type[Change], Saver]:
    """One line of the registry: this saver is only ever called with changes of this kind."""
    return cast("type[Change]", kind), cast("Saver", saver)


SAVERS: Final[dict[type[Change], Saver]] = dict(
    (
        saves(SessionOpened, save_sessions.open_session),
        saves(SessionRedeemed, save_sessions.redeem_session),
        saves(SessionRotated, save_sessions.issue_generation),
        saves(SessionRenewed, save_sessions.issue_generation),
        saves(SessionFirstUsed, save_sessions.mark_first_use),
        saves(SessionEnded, save_sessions.end_session),
        saves(CredentialUsed, save_sessions.use_credential),
        saves(AssertionClaimed, save_sessions.claim_assertion),
        saves(DeviceCodeIssued, save_devices.issue_device_code),
        saves(DeviceApproved, save_devices.approve_device),
        saves(DeviceDenied, save_devices.deny_device),
        saves(DeviceCodeUsed, save_devices.use_device_code),
        saves(DeviceMoved, save_devices.move_device),
        saves(SignInStarted, save_people.start_sign_in),
        saves(SignInEnded, save_people.end_sign_in),
        saves(ConsentGiven, save_people.give_consent),
        saves(ConsentWithdrawn, save_people.withdraw_consent),
        saves(AccountCreated, save_accounts.create_account),
        saves(AccountChanged, save_accounts.change_account),
        saves(ExtensionCreated, save_accounts.create_extension),
        saves(ExtensionChanged, save_accounts.change_extension),
        saves(PasswordChanged, save_accounts.change_password),
        saves(PasswordRehashed, save_accounts.rehash_password),
        saves(RoleCreated, save_roles.create_role),
        saves(RoleChanged, save_roles.change_role),
        saves(RoleDeleted, save_roles.delete_role),
        saves(DefaultRoleChanged, save_roles.change_default_role),
        saves(SessionsFromMoved, save_accounts.move_sessions_from),
        saves(AppRegistered, save_apps.register_app),
        saves(AppChanged, save_apps.change_app),
        saves(SecretRotated, save_secrets.rotate_secret),
        saves(FormerSecretRetired, save_secrets.retire_secret),
        saves(SecretUsed, save_secrets.use_secret),
        saves(ServiceAllowed, save_apps.allow_service),
        saves(ServiceDisallowed, save_apps.disallow_service),
        saves(CredentialCreated, save_apps.create_credential),
        saves(CredentialReplaced, save_apps.replace_credential),
        saves(CredentialDeleted, save_apps.delete_credential),
        saves(IssuerTrusted, save_issuers.trust_issuer),
        saves(TrustChanged, save_issuers.change_trust),
        saves(TrustRevoked, save_issuers.revoke_trust),
        saves(OutsideTokenAccepted, save_issuers.use_trust),
        saves(KeyStored, save_upkeep.store_key),
        saves(KeyForgotten, save_upkeep.forget_key),
        saves(QueueSettingsChanged, save_queues.change_queue_settings),
        saves(QueueMembersChanged, save_queues.change_queue_members),
        saves(AuditPruned, save_audit.prune_audit),
        saves(PrunedLinksDeleted, save_audit.delete_pruned_links),
        saves(CallsRecorded, save_calls.record_calls),
        saves(CallsRewritten, save_calls.rewrite_calls),
        # Of these two the entry in the audit log is all they leave.
        saves(CallsImported, lambda _pen, _change: None),
        saves(CallLogCleared, lambda _pen, _change: None),
        saves(ConnectionCreated, save_sso.create_connection),
        saves(ConnectionChanged, save_sso.change_connection),
        saves(ConnectionRemoved, save_sso.remove_connection),
        saves(AssertionConsumed, save_sso.consume_assertion),
        saves(SubjectLocked, save_guesses.lock_subject),
        saves(LocksLifted, save_guesses.lift_locks),
        saves(NetworkBecameFamiliar, save_guesses.remember_network),
        saves(TotpAdded, save_mfa.add_totp),
        saves(TotpRemoved, save_mfa.remove_totp),
        saves(TotpUsed, save_mfa.use_totp),
        saves(TotpRewrapped, save_mfa.rewrap_totp),
        saves(RecoveryCodesMade, save_mfa.make_recovery_codes),
        saves(RecoveryCodeUsed, save_mfa.use_recovery_code),
        saves(CodeMissed, save_mfa.miss_code),
        saves(MissesForgotten, save_mfa.forget_misses),
        saves(FactorsReset, save_mfa.reset_factors),
        saves(PasskeyAdded, save_mfa.add_passkey),
        saves(PasskeyRemoved, save_mfa.remove_passkey),
        saves(PasskeyUsed, save_mfa.use_passkey),
        saves(PasskeyDoubted, save_mfa.doubt_passkey),
    )
)


def save(pen: Pen, change: Change) -> None:
    """Write one change. Raises Conflict when it meets a newer row or a taken key."""
    SAVERS[type(change)](pen, change)
