"""Scopes: the names an app may be given, which includes which, and the sums over them (protocol.md A.5, ruling 9)."""

_INCLUDED: dict[str, tuple[str, ...]] = {
    "Accounts": ("EditAccounts",),
    "EditAccounts": ("ReadAccounts", "EditExtensions"),
    "EditCallLog": ("ReadCallLog",),
    "ReadCallRecording": ("ReadCallLog",),
    "Contacts": ("ReadContacts",),
    "EditMessages": ("ReadMessages",),
    "Faxes": ("ReadMessages",),
    "InternalMessages": ("ReadMessages",),
    "SMS": ("ReadMessages",),
    "EditPresence": ("ReadPresence",),
}

_PLAIN = (
    "A2PSMS AI Analytics CallControl ControlWebinars DirectRingOut EditCustomData EditExtensions "
    "EditPaymentInfo EditReportingSettings EditWebinars EditUserCredentials Glip Meetings ReadAccounts "
    "ReadCallLog ReadClientInfo ReadContacts ReadMessages ReadPresence ReadWebinars RingOut RoleManagement "
    "SubscriptionWebhook TeamMessaging Video Voicemail VoipCalling Interoperability NumberLookup "
    "TelephonySessions SubscriptionPubNub SubscriptionWebSocket SubscriptionGCM WebSocket "
    "WebSocketsSubscriptions VideoInternal ProblemReportsManagement SendUsageInfo "
    # Ours: a telephone system that tells of its calls, and need not read any.
    "WriteCallLog"
)

IDENTITY_SCOPES = frozenset({"openid", "email", "profile"})
"""OpenID Connect's own: any code app may ask for them; they are never in the default (ruling 9)."""

SCOPES = frozenset(_PLAIN.split()) | frozenset(_INCLUDED)
"""Every scope an app may be registered for."""


def _reach(scope: str) -> frozenset[str]:
    reached = {scope}
    for part in _INCLUDED.get(scope, ()):
        reached |= _reach(part)
    return frozenset(reached)


_REACH = {scope: _reach(scope) for scope in SCOPES | IDENTITY_SCOPES}


def covers(scopes: frozenset[str] | tuple[str, ...] | list[str], wanted: str) -> bool:
    """Whether `wanted` is in `scopes`, directly or by inclusion, however many steps."""
    if wanted in scopes:
        return True
    return any(wanted in _REACH.get(scope, ()) for scope in scopes)
