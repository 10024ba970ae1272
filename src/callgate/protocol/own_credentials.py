"""JWT credentials that people make, replace and delete for themselves, at a browser they signed in at a moment ago.

By single sign-on as well: such a credential is what a job of theirs has instead of a browser. What a credential may be,
and who makes them in an account, stands in protocol/administer/credentials.py.
"""

from collections.abc import Sequence
from typing import NamedTuple

from callgate.model import credential_faults
from callgate.model.account import Account, Role
from callgate.model.acts import CredentialActFacts, Refused
from callgate.model.client import Client
from callgate.model.credential import JwtCredential
from callgate.model.decisions import Denied, Done
from callgate.model.facts import AuthorizeFacts
from callgate.model.ids import ClientId
from callgate.model.instant import parse_instant
from callgate.model.jwt_credentials import OwnCredentialFacts
from callgate.protocol.administer import credentials
from callgate.protocol.administer.texts import check_text
from callgate.protocol.forms import Form
from callgate.protocol.security import Here, signed_in_lately

_CLIENT_ID_CHARS_MAX = 128


class OwnWish(NamedTuple):
    """A credential as the page's form describes it; `client_ids` None: all apps of the organisation."""

    label: str
    client_ids: frozenset[ClientId] | None
    expires_ms: int | None


def box_of(client_id: ClientId) -> str:
    """The name of an app's box in the form."""
    return f"app-{client_id}"


def parse_wish(form: Form, *, offered: Sequence[Client]) -> OwnWish | Denied:
    """label, reach (all or chosen), a box for each app that was offered, client ids of others, and a date."""
    label, typed = (form.get("label") or "").strip(), (form.get("client_ids") or "").split()
    ticked = [client.id for client in offered if form.has(box_of(client.id))]
    client_ids = frozenset((*ticked, *(ClientId(word) for word in typed)))
    everywhere = form.get("reach") == "all"
    enough = everywhere or 1 <= len(client_ids) <= credentials.APPS_MAX
    expiry = parse_expiry(form)
    if isinstance(expiry, Denied):
        return expiry
    if check_text("label", label) or not enough or any(len(word) > _CLIENT_ID_CHARS_MAX for word in typed):
        return Denied(
            fault=credential_faults.CREDENTIAL_INCOMPLETE, why="the label or the apps are missing or unusable"
        )
    return OwnWish(label, None if everywhere else client_ids, expiry.expires_ms)


class Expiry(NamedTuple):
    """When a credential is to end; None: never."""

    expires_ms: int | None


def parse_expiry(form: Form) -> Expiry | Denied:
    """`expires`, a date; left out, it never ends."""
    typed = form.get("expires")
    expires_ms = None if typed is None else parse_instant(typed)
    if typed is not None and expires_ms is None:
        return Denied(fault=credential_faults.CREDENTIAL_INCOMPLETE, why="the expiry is no date")
    return Expiry(expires_ms)


def may_make(account: Account, role: Role | None) -> bool:
    """Whether the account leaves it to this person to make credentials of their own."""
    return not credentials.is_withheld(account.credential_policy, giver=role, own=True)


def check_maker(secret: bytes, browser: AuthorizeFacts) -> Here | Denied:
    """Whether who is at the browser may make credentials: asked before one is signed, and when it is written."""
    here = signed_in_lately(secret, browser)
    if isinstance(here, Denied):
        return here
    if not may_make(here.account, browser.role):
        why = f"account {here.account.id} leaves it to {here.account.credential_policy.value}"
        return Denied(fault=credential_faults.CREDENTIALS_WITHHELD, why=why)
    return here


def create_own(secret: bytes, *, credential: JwtCredential, facts: OwnCredentialFacts) -> Done | Denied:
    """A credential of the person at the browser."""
    here = check_maker(secret, facts.browser)
    if isinstance(here, Denied):
        return here
    by, giver_id = str(here.extension.id), here.extension.id
    if facts.act.unknown_apps or _is_over(credential, facts.act):
        return Denied(fault=credential_faults.CREDENTIAL_INCOMPLETE, why="there is no such app, or the date is over")
    return _told(credentials.create_credential(credential, facts=facts.act, by=by, giver_id=giver_id))


def replace_own(
    secret: bytes, *, successor: JwtCredential, overlap_ms: int, facts: OwnCredentialFacts
) -> Done | Denied:
    """A successor of one of their credentials."""
    here = check_maker(secret, facts.browser)
    if isinstance(here, Denied):
        return here
    by, giver_id = str(here.extension.id), here.extension.id
    if _is_over(successor, facts.act):
        return Denied(fault=credential_faults.CREDENTIAL_INCOMPLETE, why="the date is over")
    return _told(
        credentials.replace_credential(successor, overlap_ms=overlap_ms, facts=facts.act, by=by, giver_id=giver_id)
    )


def delete_own(secret: bytes, facts: OwnCredentialFacts) -> Done | Denied:
    """One of their credentials gone, whatever the account's rule."""
    here = signed_in_lately(secret, facts.browser)
    if isinstance(here, Denied):
        return here
    by, giver_id = str(here.extension.id), here.extension.id
    return _told(credentials.delete_credential(facts=facts.act, by=by, giver_id=giver_id))


def _is_over(credential: JwtCredential, act: CredentialActFacts) -> bool:
    return credential.expires_ms is not None and credential.expires_ms <= act.now_ms


def _told(outcome: Done | Refused) -> Done | Denied:
    if isinstance(outcome, Refused):
        return Denied(fault=credential_faults.CREDENTIAL_STUCK, why=outcome.problem)
    return outcome
