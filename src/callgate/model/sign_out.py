"""Signing out at a browser (OpenID Connect RP-Initiated Logout 1.0): what is asked, and what may come of it."""

from dataclasses import dataclass
from typing import NamedTuple

from callgate.model.account import Account, Extension
from callgate.model.changes import Change
from callgate.model.client import Client
from callgate.model.decisions import Denied
from callgate.model.ids import ClientId


class SignOutRequest(NamedTuple):
    """What an app, or the person alone, asks for. `redirect_uri` is the post_logout_redirect_uri."""

    client_id: ClientId | None
    redirect_uri: str | None
    state: str | None
    ui_locales: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskSignOut:
    """The person must say that they meant it. `denied`: what is wrong with the request, which then leads nowhere."""

    request: SignOutRequest
    client: Client | None
    account: Account
    extension: Extension
    denied: Denied | None = None
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOut:
    """Nobody is signed in at this browser any more. A `redirect_uri` here is registered, to the letter."""

    redirect_uri: str | None
    state: str | None
    changes: tuple[Change, ...] = ()


SignOutDecision = AskSignOut | SignedOut | Denied
