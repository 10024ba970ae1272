"""Single sign-on judged: which identity provider a name leads to, and whether its word lets a person in.

Whether an answer is the provider's own was proven before (crypto); here it is asked whose it is, whether it came
before, and whether connection, account and person still allow it, inside the transaction that begins the sign-in.
"""

import re
from dataclasses import dataclass

from callgate.model import authorize_faults, sso_faults
from callgate.model.account import Account, Extension, LoginName, normalize_email
from callgate.model.changes import Change, SignInStarted
from callgate.model.connection import NAME_ID, Connection
from callgate.model.consent import SignIn
from callgate.model.decisions import Denied, LookAgain
from callgate.model.evidence import IdentityProven
from callgate.model.moment import Moment
from callgate.model.sso import ASSERTION_ID_CHARS_MAX, ArrivalFacts, AssertionConsumed, RouteFacts
from callgate.protocol.guards import connection_reliance, may_sign_in, may_use_sso
from callgate.protocol.login_name import parse_login_name
from callgate.protocol.sign_in import SignedIn


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """An identity provider's word for one of the account's people, spent with it."""

    connection: Connection
    account: Account
    extension: Extension
    changes: tuple[Change, ...] = ()


Attributes = tuple[tuple[str, tuple[str, ...]], ...]
"""What a provider says of a person: names, each with its values."""

NOT_CONFIGURED = Denied(fault=authorize_faults.SSO_NOT_CONFIGURED, why="no identity provider serves this login name")
"""One answer for a name nobody has and for a person whose account has no single sign-on."""

CONNECTION_OFF = Denied(fault=sso_faults.SSO_CONNECTION_OFF, why="the connection is disabled, changed or gone")

_HANDLE = re.compile(r"[A-Za-z0-9_-]{22}")


def read_handle(text: str | None) -> str | None:
    """The name of a trip as we spell it; None for anything else, which must not get into the name of a cookie."""
    return text if text and _HANDLE.fullmatch(text) else None


def route(facts: RouteFacts, login: LoginName | None) -> Connection | Denied:
    """Whose identity provider the person is sent to; of several the one with their domain, else without any."""
    if facts.account is None or may_use_sso(facts.account):
        return NOT_CONFIGURED
    domain = (login.email if login else None) or ""
    domain = domain.rpartition("@")[2]
    usable = [connection for connection in facts.connections if connection.enabled]
    theirs = [connection for connection in usable if domain in connection.email_domains]
    anyones = [connection for connection in usable if not connection.email_domains]
    return next(iter((*theirs, *anyones, *usable)), NOT_CONFIGURED)


def may_depart(connection: Connection, account: Account) -> Denied | None:
    """Whether people may be sent to a provider at all; asked again when they come back."""
    if not connection.enabled:
        return CONNECTION_OFF
    return may_use_sso(account)


def read_email(connection: Connection, *, name_id: str, attributes: Attributes) -> str | Denied:
    """The one address, in normal form, in what the administrator said to read; nothing else is taken for it."""
    wanted = connection.email_attribute
    found = (
        {name_id} if wanted == NAME_ID else {value for name, values in attributes if name == wanted for value in values}
    )
    if len(found) != 1:
        why = f"the answer has {len(found)} values of {wanted}, not one; it has {_names(attributes)}"
        return Denied(fault=sso_faults.SSO_ANSWER_REFUSED, why=why)
    (value,) = found
    login = parse_login_name(value, None)
    if login is None or login.email is None:
        return Denied(fault=sso_faults.SSO_ANSWER_REFUSED, why=f"{wanted} is not an e-mail address")
    return normalize_email(login.email)


def arrive(proven: IdentityProven, facts: ArrivalFacts) -> Arrived | Denied | LookAgain:
    """Connection, then use, then account, then person. A refusal spends the assertion too: it is good for one look."""
    connection, account = facts.connection, facts.account
    if connection is None or account is None or not connection.enabled:
        return CONNECTION_OFF
    if proven.relied_on != connection_reliance(connection):
        return LookAgain()
    if facts.consumed:
        return Denied(fault=sso_faults.SSO_ANSWER_USED, why=f"assertion of connection {connection.id} came before")
    if proven.assertion_id is not None and len(proven.assertion_id) > ASSERTION_ID_CHARS_MAX:
        return Denied(fault=sso_faults.SSO_ANSWER_REFUSED, why="the assertion's id is too long to be remembered")
    spent = _spent(proven)
    refused = may_use_sso(account)
    if refused:
        return Denied(fault=refused.fault, why=refused.why, changes=spent)
    extension = facts.extension
    if extension is None:
        why = f"nobody in account {account.id} has the address that connection {connection.id} gave"
        return Denied(fault=sso_faults.SSO_PERSON_UNKNOWN, why=why, changes=spent)
    refused = may_sign_in(account, extension)
    if refused:
        return Denied(fault=refused.fault, values=refused.values, why=refused.why, changes=spent)
    return Arrived(connection=connection, account=account, extension=extension, changes=spent)


def enter(trust_version: int, facts: ArrivalFacts, *, moment: Moment) -> SignedIn | Denied:
    """Begin the browser's sign-in of somebody who arrived with this trust, if all of it still stands."""
    connection, account, extension = facts.connection, facts.account, facts.extension
    if connection is None or account is None or not connection.enabled or connection.trust_version != trust_version:
        return CONNECTION_OFF
    if extension is None:
        return Denied(fault=sso_faults.SSO_PERSON_UNKNOWN, why="the person is gone since")
    refused = may_use_sso(account) or may_sign_in(account, extension)
    if refused:
        return refused
    sign_in = SignIn(
        id=moment.fresh.row_id,
        account_id=account.id,
        extension_id=extension.id,
        secret_sha256=moment.fresh.secret_sha256,
        signed_in_ms=facts.now_ms,
        expires_ms=facts.now_ms + moment.policy.sign_in_ttl_s * 1000,
        password_version=extension.password_version,
        connection_id=connection.id,
        trust_version=connection.trust_version,
    )
    return SignedIn(sign_in, moment.fresh.secret, (SignInStarted(sign_in),))


def _spent(proven: IdentityProven) -> tuple[AssertionConsumed, ...]:
    if proven.assertion_id is None:
        return ()
    return (AssertionConsumed(proven.connection_id, proven.assertion_id, proven.expires_ms),)


def _names(attributes: Attributes) -> str:
    """What an administrator may choose among; names only, bounded."""
    return ", ".join(sorted(name for name, _ in attributes)[:20])[:400] or "no attributes"
