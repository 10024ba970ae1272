"""Decisions: a reply plus the changes it stands on. A denial is a decision too, and may carry changes."""

from dataclasses import dataclass, field
from typing import NamedTuple

from callgate.model.account import Account, Extension, Role
from callgate.model.changes import Change
from callgate.model.client import Client
from callgate.model.faults import Fault
from callgate.model.limits import Charged
from callgate.model.session import Session
from callgate.model.value import keyword_value, value


class TokenTimes(NamedTuple):
    """What a token reply says of time, in whole seconds remaining; None: the field is not sent (protocol.md D.3)."""

    expires_in_s: int
    refresh_expires_in_s: int | None
    session_expires_in_s: int | None
    session_expires_at_ms: int | None
    session_idle_timeout_s: int | None


@keyword_value
class Granted:
    """Tokens of `session`'s living generation. The service seals them with `secret` after the commit."""

    session: Session
    secret: bytes = field(repr=False)
    times: TokenTimes
    extension: Extension
    client: Client
    now_ms: int
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """No. `values` fill the fault's text; `why` is for its audience only, and names no secret.

    `rate` is the charge that the caller is told of, and the reason where the fault is that there were too many.
    """

    fault: Fault
    values: tuple[tuple[str, str], ...] = ()
    why: str = ""
    rate: Charged | None = None
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class LookAgain:
    """What a proof relied on has changed since: prove again, then decide again."""

    changes: tuple[Change, ...] = ()


@value
class Done:
    """Well-formed and carried out, with nothing to say (revocation, administration)."""

    changes: tuple[Change, ...] = ()


@keyword_value
class Admitted:
    """A bearer of an access token, and what the call may rely on."""

    session: Session
    client: Client
    account: Account
    extension: Extension
    role: Role
    expires_ms: int
    changes: tuple[Change, ...] = ()


# --- authorize ---------------------------------------------------------------------------------------------------


class AuthorizeRequest(NamedTuple):
    """A checked authorize request: what travels between the pages. `in_fragment`: how the answer goes back.

    With a `user_code` it is a device's (RFC 8628): nothing goes back by the browser, and `redirect_uri` is empty. What
    is left out is as where nothing was asked for.
    """

    client_id: str
    response_type: str
    redirect_uri: str
    redirect_uri_sent: bool = False
    state: str | None = None
    scope: tuple[str, ...] = ()
    prompt: frozenset[str] = frozenset()
    code_challenge: str | None = None
    challenge_plain: bool = False
    nonce: str | None = None
    login_hint: str = ""
    display: str = "page"
    ui_locales: str = ""
    ui_options: tuple[str, ...] = ()
    discovery: bool = False
    max_age_s: int | None = None
    in_fragment: bool = False
    user_code: str = ""

    def __repr__(self) -> str:
        return f"AuthorizeRequest(client_id={self.client_id!r}, …)"


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectFault:
    """An error the app is told by redirect (protocol.md C.4), in the same way as a success."""

    request: AuthorizeRequest
    fault: Fault
    values: tuple[tuple[str, str], ...] = ()
    why: str = ""
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AskSignIn:
    """The person must sign in first."""

    request: AuthorizeRequest
    client: Client
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AskConsent:
    """The person must agree first."""

    request: AuthorizeRequest
    client: Client
    owner_name: str
    account: Account
    extension: Extension
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AskOther:
    """The person signed in may not use this app; somebody else at this browser may."""

    request: AuthorizeRequest
    client: Client
    account: Account
    extension: Extension
    denied: Denied
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueCode:
    """A pending session: the app gets a code by redirect."""

    request: AuthorizeRequest
    session: Session
    secret: bytes = field(repr=False)
    expires_in_s: int
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueImplicit:
    """An access-only session: the app gets the token in the fragment (legacy switch only)."""

    request: AuthorizeRequest
    session: Session
    secret: bytes = field(repr=False)
    times: TokenTimes
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerDevice:
    """The person's answer is kept; the device learns it when it asks."""

    request: AuthorizeRequest
    approved: bool
    changes: tuple[Change, ...] = ()


TokenDecision = Granted | Denied | LookAgain
AuthorizeDecision = (
    Denied | RedirectFault | AskSignIn | AskConsent | AskOther | IssueCode | IssueImplicit | AnswerDevice | LookAgain
)
Decision = TokenDecision | Done | Admitted | AuthorizeDecision
