"""What the endpoints of the pages answer with: a page and its sealed values, or where the browser goes next.

Also what they are asked with. How an outcome looks is the web's business; how it comes about is not told here.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from callgate.model.account import Extension
from callgate.model.client import Client
from callgate.model.decisions import AskConsent, AskOther, AuthorizeRequest, Denied
from callgate.model.faults import Fault
from callgate.model.network import LOCAL
from callgate.service.browser import Cookies
from callgate.service.codes import NewTotp
from callgate.service.context import Context


class Post(NamedTuple):
    """A form as posted by a page."""

    content_type: str
    body: bytes
    cookies: Cookies
    request_id: str
    network: str = LOCAL

    def __repr__(self) -> str:
        return f"Post({self.request_id})"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowFault:
    """A page (or an envelope) that goes nowhere."""

    denied: Denied


@dataclass(frozen=True, slots=True, kw_only=True)
class FormShown:
    """A page with a form: its hidden field, and the name of the browser that alone can send it."""

    form_state: str = field(repr=False)
    binding: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowSignIn(FormShown):
    """The sign-in page. `forgets`: the browser drops the sign-in it had. `sso_offered`: somebody here can use it.

    `client` None: it leads to the person's own pages. `part_silent`: the person may be another cell's that is silent.
    """

    request: AuthorizeRequest
    client: Client | None
    username: str = ""
    extension: str = ""
    remembered: bool = False
    fault: Fault | None = None
    forgets: bool = False
    sso_offered: bool = False
    passkey_options: str | None = None
    part_silent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowConsent(FormShown):
    """The consent page."""

    asked: AskConsent


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowRefusal(FormShown):
    """Why the person signed in may not, and the way to sign in as somebody else."""

    refused: AskOther


class DeviceAnswer(Enum):
    """What a person said of a device; NONE: nothing, and it waits until its code expires."""

    APPROVED = "approved"
    DENIED = "denied"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowDeviceAnswer:
    """The page at which a device's request ends."""

    answer: DeviceAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Continue:
    """Signed in: go on with the request under way, in a browser whose binding and sign-in are new."""

    form_state: str = field(repr=False)
    binding: str = field(repr=False)
    sign_in_cookie: str = field(repr=False)
    remembered_s: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowSecondFactor(FormShown):
    """The step after a right password: asks for a code, or for a passkey."""

    request: AuthorizeRequest
    person: Extension
    has_totp: bool
    passkey_options: str | None
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowEnrolment(FormShown):
    """The step after a right password where more is required and nothing is set up: a new authenticator app."""

    request: AuthorizeRequest
    person: Extension
    totp: NewTotp
    passkey_options: str | None
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowRecoveryCodes:
    """Signed in, and shown once: what stands in for the authenticator app. Then on with the request under way."""

    request: AuthorizeRequest
    codes: tuple[str, ...] = field(repr=False)
    on: Continue


@dataclass(frozen=True, slots=True)
class GoTo:
    """To another page of ours."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendBack:
    """To the app: `fields` in the query, or in the fragment where that is asked for."""

    redirect_uri: str
    fields: tuple[tuple[str, str], ...] = field(repr=False)
    in_fragment: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SendAway:
    """To an identity provider, with the trip's cookie; `forgotten` are the handles of trips given up for it."""

    url: str = field(repr=False)
    handle: str
    departure: str = field(repr=False)
    forgotten: tuple[str, ...] = ()


Outcome = (
    ShowFault
    | ShowSignIn
    | ShowConsent
    | ShowRefusal
    | ShowDeviceAnswer
    | ShowSecondFactor
    | ShowEnrolment
    | ShowRecoveryCodes
    | Continue
    | GoTo
    | SendAway
    | SendBack
)
Act = Callable[[Context, Post], Awaitable[Outcome]]
