"""Browsers' sign-ins and people's consents written."""

from typing import Final

from callgate.model.changes import ConsentGiven, ConsentWithdrawn, SignInEnded, SignInStarted
from callgate.model.consent import Consent, SignIn
from callgate.storage.load_openings import find_scopes_agreed
from callgate.storage.pen import Pen
from callgate.storage.rows import columns, marks, row_of

_START: Final = f"INSERT INTO sign_in ({columns(SignIn._fields)}) VALUES ({marks(SignIn._fields)})"
_END: Final = "DELETE FROM sign_in WHERE id = ? AND account_id = ?"
_CONSENT: Final = f"""
INSERT INTO consent ({columns(Consent._fields)}) VALUES ({marks(Consent._fields)})
ON CONFLICT (extension_id, client_id) DO UPDATE SET scopes = excluded.scopes, granted_ms = excluded.granted_ms
"""
_WITHDRAW: Final = "DELETE FROM consent WHERE extension_id = ? AND client_id = ? AND account_id = ?"


def start_sign_in(pen: Pen, change: SignInStarted) -> None:
    """Insert a browser's sign-in."""
    pen.write(_START, row_of(change.sign_in))


def end_sign_in(pen: Pen, change: SignInEnded) -> None:
    """Delete a browser's sign-in; gone already is as good."""
    pen.write(_END, (change.sign_in.id, change.sign_in.account_id))


def give_consent(pen: Pen, change: ConsentGiven) -> None:
    """Keep a consent, never narrower than what was agreed before."""
    agreed = find_scopes_agreed(pen.view, change.consent)
    pen.write(_CONSENT, row_of(change.consent._replace(scopes=change.consent.scopes | agreed)))


def withdraw_consent(pen: Pen, change: ConsentWithdrawn) -> None:
    """Delete a consent; gone already is as good."""
    pen.write(_WITHDRAW, (change.extension_id, change.client_id, change.account_id))
