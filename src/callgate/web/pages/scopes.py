"""What an app's permissions mean to the person who is asked: one sentence for each scope (protocol.md A.5).

A sentence begins with a verb and completes "the app will be able to". It says all that the scope includes, for an
included scope is not listed beside the one that includes it.
"""

from dataclasses import dataclass

from callgate.model.scope import covers
from callgate.web.pages.texts import msgid


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """What one scope allows, in words, and the icon beside it."""

    scope: str
    icon: str
    text: str


def sentences_of(scopes: tuple[str, ...]) -> tuple[Sentence, ...]:
    """Give the sentences of `scopes`, included ones left out, in the order of the table below.

    A scope without a sentence is shown by its name, after the others: nothing asked for is ever hidden.
    """
    asked = frozenset(scopes)
    shown = [scope for scope in asked if not any(covers((other,), scope) for other in asked - {scope})]
    return tuple(
        SENTENCES.get(scope, Sentence(scope=scope, icon="key", text=scope))
        for scope in sorted(shown, key=lambda scope: (_ORDER.get(scope, len(_ORDER)), scope))
    )


def _sentences(icon: str, texts: dict[str, str]) -> tuple[Sentence, ...]:
    return tuple(Sentence(scope=scope, icon=icon, text=text) for scope, text in texts.items())


_TABLE = (
    *_sentences(
        "person",
        {
            "openid": msgid("Know which account you signed in with"),
            "profile": msgid("See your name, language and time zone"),
            "email": msgid("See your email address"),
        },
    ),
    *_sentences(
        "call",
        {
            "ReadCallLog": msgid("See who called whom, when and for how long"),
            "ReadCallRecording": msgid("See the call log and listen to call recordings"),
            "EditCallLog": msgid("See the call log and change or delete its entries"),
            "WriteCallLog": msgid("Add calls to the call log"),
            "RingOut": msgid("Place calls for you: your phone rings first, then the other side’s"),
            "DirectRingOut": msgid("Place calls that ring the other side at once"),
            "VoipCalling": msgid("Make and take calls as if it were one of your phones"),
            "CallControl": msgid("Control calls in progress: answer, transfer, record or end them"),
            "TelephonySessions": msgid("Follow and control calls as they happen"),
            "Voicemail": msgid("Leave voicemail for people in your company"),
        },
    ),
    *_sentences(
        "message",
        {
            "ReadMessages": msgid("Read your text messages, faxes and voicemail"),
            "EditMessages": msgid("Read, change and delete your text messages, faxes and voicemail"),
            "SMS": msgid("Read your messages, and send text messages from your number"),
            "A2PSMS": msgid("Send text messages to many people at once"),
            "Faxes": msgid("Read your messages, and send and receive faxes"),
            "InternalMessages": msgid("Read your messages, and send messages inside your company"),
            "TeamMessaging": msgid("Read, post, change and delete messages in your team chats"),
            "Glip": msgid("Read and post team messages, and manage chats"),
        },
    ),
    *_sentences(
        "contacts",
        {
            "ReadContacts": msgid("See your personal contacts"),
            "Contacts": msgid("See, add, change and delete your personal contacts"),
            "ReadPresence": msgid("See who is available, busy or on a call"),
            "EditPresence": msgid("See who is available, and change your own status"),
        },
    ),
    *_sentences(
        "video",
        {
            "Video": msgid("See, create, change and delete video meetings"),
            "VideoInternal": msgid("Use the video service as RingCentral’s own apps do"),
            "Meetings": msgid("See, create, change and delete your meetings"),
            "ReadWebinars": msgid("See webinars and who registered for them"),
            "EditWebinars": msgid("Create, change and delete webinars"),
            "ControlWebinars": msgid("Start, steer and end webinars"),
        },
    ),
    *_sentences(
        "company",
        {
            "ReadAccounts": msgid("See your company’s account: its people, numbers and call queues"),
            "EditExtensions": msgid("See and change people’s extensions: names, numbers, devices and settings"),
            "EditAccounts": msgid("See and change your company’s account, and the extensions in it"),
            "Accounts": msgid("Create and delete accounts, and change everything in your company’s account"),
            "RoleManagement": msgid("Decide who may do what: change roles and give them to people"),
            "EditUserCredentials": msgid("Change people’s passwords and other ways to sign in"),
            "EditPaymentInfo": msgid("See and change how your company pays its bills"),
            "NumberLookup": msgid("Look up phone numbers that are free, and reserve them"),
            "EditCustomData": msgid("Keep data of its own with your account"),
        },
    ),
    *_sentences(
        "chart",
        {
            "Analytics": msgid("See figures about your company’s calls"),
            "EditReportingSettings": msgid("See and change how calls are reported"),
            "AI": msgid("Analyze recordings and texts, and keep samples of voices"),
        },
    ),
    *_sentences(
        "bell",
        {
            "SubscriptionWebhook": msgid("Be told at once about calls, messages and changes, at its own server"),
            "SubscriptionPubNub": msgid("Be told at once about calls, messages and changes, through PubNub"),
            "SubscriptionGCM": msgid("Be told at once about calls, messages and changes, on Android devices"),
            "SubscriptionWebSocket": msgid("Be told at once about calls, messages and changes, while it runs"),
            "WebSocketsSubscriptions": msgid("Choose what it is told about while it is connected"),
            "WebSocket": msgid("Keep a connection open to this service"),
        },
    ),
    *_sentences(
        "key",
        {
            "ReadClientInfo": msgid("See how the app itself is registered"),
            "Interoperability": msgid("Pass your sign-in on to other apps of its maker"),
            "ProblemReportsManagement": msgid("Send and manage problem reports for you"),
            "SendUsageInfo": msgid("Report how you use the app"),
        },
    ),
)

SENTENCES = {sentence.scope: sentence for sentence in _TABLE}
"""The sentence of every scope, by scope."""

_ORDER = {scope: place for place, scope in enumerate(SENTENCES)}
