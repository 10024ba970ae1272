"""Signing in at a browser: the same proof and the same order of answers as the password grant."""

from dataclasses import dataclass, field

from callgate.model import grant_faults
from callgate.model.account import Account, Extension, LoginName
from callgate.model.changes import Change, SignInStarted
from callgate.model.consent import SignIn
from callgate.model.decisions import Denied, LookAgain
from callgate.model.evidence import PasswordEvidence, PasswordProven
from callgate.model.factor import Factor
from callgate.model.facts import OpeningFacts
from callgate.model.moment import Moment
from callgate.model.ways import factor_needed
from callgate.protocol.forms import Form
from callgate.protocol.guards import may_sign_in, may_use_password, password_reliance, refuse_password
from callgate.protocol.login_name import parse_login_name


@dataclass(frozen=True, slots=True)
class SignInRequest:
    """What the page's form says."""

    login: LoginName | None
    password: str
    remembered: bool

    def __repr__(self) -> str:
        return f"SignInRequest(login={self.login!r}, …)"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A browser session begins. The service seals its cookie with `secret` after the commit."""

    sign_in: SignIn
    secret: bytes = field(repr=False)
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class AskFactor:
    """The password was right and is not enough: nothing begins before the person proves more, or sets that up."""

    account: Account
    extension: Extension
    now_ms: int
    changes: tuple[SignInStarted, ...] = ()


def parse(form: Form) -> SignInRequest | Denied:
    """username, password, extension, remember_me."""
    username, password = form.get("username"), form.get("password")
    if username is None or password is None:
        return Denied(fault=grant_faults.CREDENTIALS_INCOMPLETE)
    login = parse_login_name(username, form.get("extension"))
    return SignInRequest(login, password, form.get("remember_me") is not None)


def decide(
    request: SignInRequest, *, password: PasswordEvidence, moment: Moment, facts: OpeningFacts
) -> SignedIn | AskFactor | Denied | LookAgain:
    """State codes only after a correct password."""
    if not isinstance(password, PasswordProven):
        return refuse_password(password)
    account, extension = facts.account, facts.extension
    if account is None or extension is None or password.relied_on != password_reliance(extension):
        return LookAgain()
    refused = may_sign_in(account, extension) or may_use_password(account, extension)
    if refused:
        return refused
    if factor_needed(account, extension):
        return AskFactor(account, extension, facts.now_ms)
    sign_in = begin(extension, moment, now_ms=facts.now_ms, remembered=request.remembered)
    return SignedIn(sign_in, moment.fresh.secret, (SignInStarted(sign_in),))


def begin(
    extension: Extension, moment: Moment, *, now_ms: int, remembered: bool, factor: Factor | None = None
) -> SignIn:
    """The sign-in of somebody who knows the password, and proved `factor` beside it."""
    policy = moment.policy
    ttl_s = policy.remembered_sign_in_ttl_s if remembered else policy.sign_in_ttl_s
    return SignIn(
        id=moment.fresh.row_id,
        account_id=extension.account_id,
        extension_id=extension.id,
        secret_sha256=moment.fresh.secret_sha256,
        signed_in_ms=now_ms,
        expires_ms=now_ms + ttl_s * 1000,
        password_version=extension.password_version,
        factor=factor,
    )
