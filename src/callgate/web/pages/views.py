"""What each page shows, as one frozen value: the contract between the endpoints and the templates.

A view holds what was decided, never how it looks. Texts that came from outside (names of apps, people, companies) are
passed as they are; the templates escape, bound and isolate them.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from callgate.model.faults import Fault
from callgate.web.pages.views_api import ApiPage


class Display(StrEnum):
    """How much room the app gives the page: the `display` parameter (OpenID Connect Core section 3.1.2.1)."""

    PAGE = "page"
    POPUP = "popup"
    TOUCH = "touch"
    MOBILE = "mobile"


class SignInMethod(StrEnum):
    """A way to sign in, spelled as in the `prompt` parameter (protocol.md C.1)."""

    LOGIN = "login"
    SSO = "sso"


class Answer(StrEnum):
    """What a person said of a device: yes, no, or nothing yet."""

    APPROVED = "approved"
    DENIED = "denied"
    NONE = "none"


class AppOrigin(StrEnum):
    """Whether the app belongs to the person's own company."""

    OWN = "own"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInPage:
    """Asks who is there.

    `redirect_uri` is where the flow ends, which the page's policy must allow, empty where it ends here; `away_schemes`
    those of identity providers. `ui_options` are the wire's words; `hide_logo` and `hide_remember_me` have an effect.
    `app_name` None: it leads to the person's own pages. `part_silent`: a fault may be that of a part that is silent.
    """

    app_name: str | None
    redirect_uri: str
    action_url: str
    form_state: str = field(repr=False)
    username: str = ""
    extension: str = ""
    methods: frozenset[SignInMethod] = frozenset({SignInMethod.LOGIN})
    away_schemes: tuple[str, ...] = ()
    remembered: bool = False
    ui_options: frozenset[str] = frozenset()
    display: Display = Display.PAGE
    passkey_options: str | None = field(repr=False, default=None)
    fault: Fault | None = None
    part_silent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorPage:
    """Asks for a code or a passkey, after a right password. `redirect_uri` is where the flow ends, as at sign-in.

    `passkey_options` is what the browser is asked with; None where the person has no passkey.
    """

    person_name: str
    login: str
    has_totp: bool
    redirect_uri: str
    action_url: str
    form_state: str = field(repr=False)
    display: Display = Display.PAGE
    passkey_options: str | None = field(repr=False, default=None)
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentPage:
    """Gives a secret to an authenticator app, and asks for its code. `required`: nobody comes in without a factor.

    `redirect_uri` None: the flow ends here. `passkey_options`: what a browser makes a passkey with, instead.
    """

    required: bool
    uri: str = field(repr=False)
    secret: str = field(repr=False)
    action_url: str
    form_state: str = field(repr=False)
    redirect_uri: str | None = None
    passkey_options: str | None = field(repr=False, default=None)
    display: Display = Display.PAGE
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodesPage:
    """Shows recovery codes, once. On by a GET of `action_url`, with `form_state` where a flow goes on."""

    codes: tuple[str, ...] = field(repr=False)
    action_url: str
    form_state: str | None = field(repr=False, default=None)
    redirect_uri: str | None = None
    display: Display = Display.PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPasskey:
    """One of the person's passkeys: its row, its dates, and whether it may have been copied."""

    id: str
    added: str
    used: str
    doubted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityPage:
    """How the person signs in, and what they can change of it.

    `by_password`: not by single sign-on alone. `offers_factors`, `required`: what the account says of second factors.
    """

    person_name: str
    login: str
    account_name: str
    by_password: bool
    offers_factors: bool
    required: bool
    has_totp: bool
    has_factor: bool
    codes_left: int
    action_url: str
    password_url: str
    credentials_url: str
    form_state: str = field(repr=False)
    passkeys: tuple[ListedPasskey, ...] = ()
    passkey_options: str | None = field(repr=False, default=None)
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPage:
    """Asks for a new password."""

    login: str
    chars_min: int
    action_url: str
    form_state: str = field(repr=False)
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedCredential:
    """One of the person's JWT credentials. `apps`: for how many it is; None: for all. Dates as people read them.

    `expires` None: never; `used` None: not yet.
    """

    url: str
    label: str
    apps: int | None
    created: str
    expires: str | None
    used: str | None
    is_replaced: bool = False
    is_safe_to_delete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedApp:
    """An app with a box in the form."""

    box: str
    name: str
    client_id: str
    ticked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialsPage:
    """The person's JWT credentials, and a form for another where the account leaves that to them.

    `label`, `everywhere`, `client_ids` and `expires` are what was filled in before, `fault` what is wrong with it.
    """

    credentials: tuple[ListedCredential, ...]
    may_make: bool
    offered: tuple[OfferedApp, ...]
    action_url: str
    back_url: str
    form_state: str = field(repr=False)
    label: str = ""
    everywhere: bool = False
    client_ids: str = ""
    expires: str = ""
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialPage:
    """One of them, to be replaced or deleted. `apps` None: it is for all of the organisation.

    `overlap` (days) and `expires` are what was chosen before.
    """

    credential: ListedCredential
    apps: tuple[str, ...] | None
    may_replace: bool
    action_url: str
    back_url: str
    form_state: str = field(repr=False)
    overlap: str = "7"
    expires: str = ""
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialMadePage:
    """Shows a JWT credential, once. On by a GET of `action_url`."""

    label: str
    jwt: str = field(repr=False)
    action_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentPage:
    """Asks whether the app may. `scopes` are wire names; those another one includes are not shown.

    With a `user_code` the app is on another device, which shows the same code, and `redirect_uri` is empty.
    """

    app_name: str
    owner_name: str
    app_origin: AppOrigin
    person_name: str
    login: str
    scopes: tuple[str, ...]
    redirect_uri: str
    action_url: str
    form_state: str = field(repr=False)
    user_code: str = field(default="", repr=False)
    ui_options: frozenset[str] = frozenset()
    display: Display = Display.PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicePage:
    """Asks for the code that a device shows. `typed` is what was typed before, `fault` what is wrong with it."""

    action_url: str
    typed: str = ""
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceAnswerPage:
    """Says what comes of it; the person goes back to the device."""

    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultPage:
    """Says why the flow stopped. `text` is the fault's public text with its values filled in."""

    fault: Fault
    text: str
    request_id: str
    display: Display = Display.PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalPage:
    """Says why the person signed in may not go on, and lets somebody else sign in."""

    fault: Fault
    text: str
    request_id: str
    person_name: str
    login: str
    redirect_uri: str
    action_url: str
    form_state: str = field(repr=False)
    display: Display = Display.PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOutPage:
    """Asks whether to sign out. `fault`: what is wrong with the app's request, `text` its public text filled in.

    `app_name` and `redirect_uri` None: nobody asks but the person, and the flow ends here.
    """

    app_name: str | None
    person_name: str
    login: str
    action_url: str
    form_state: str = field(repr=False)
    redirect_uri: str | None = None
    fault: Fault | None = None
    text: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FarewellPage:
    """Says that the person is signed out, or still signed in because they wanted to be."""

    signed_out: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UnaskedPage:
    """Asks whether somebody whom an identity provider sent here meant to sign in. `handle` names their trip."""

    person_name: str
    login: str
    account_name: str
    action_url: str
    handle: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedInPage:
    """Says who is signed in, where no app asked."""

    person_name: str
    login: str
    account_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeLink:
    """One address worth knowing."""

    label: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePage:
    """What a browser sees at `/`: that the server runs, and where its documents are."""

    server_name: str
    issuer: str
    links: tuple[HomeLink, ...]


Page: TypeAlias = (
    SignInPage
    | SecondFactorPage
    | EnrolmentPage
    | RecoveryCodesPage
    | SecurityPage
    | PasswordPage
    | CredentialsPage
    | CredentialPage
    | CredentialMadePage
    | ConsentPage
    | DevicePage
    | DeviceAnswerPage
    | FaultPage
    | RefusalPage
    | SignOutPage
    | FarewellPage
    | UnaskedPage
    | SignedInPage
    | HomePage
    | ApiPage
)
