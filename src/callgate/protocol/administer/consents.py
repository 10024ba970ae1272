"""Consents taken back: the app has to ask again, and what a browser opened for it is over."""

from callgate.model.acts import ConsentActFacts, Refused
from callgate.model.changes import ConsentWithdrawn, SessionEnded
from callgate.model.decisions import Done
from callgate.model.session import EndReason, Session


def withdraw_consent(*, facts: ConsentActFacts, by: str) -> Done | Refused:
    """The yes and all that stands on it, at once: no more sessions than the seats of one person with one app."""
    consent = facts.consent
    if consent is None:
        return Refused("there is no such consent: this person has not agreed to this app, or not any more")
    withdrawn = ConsentWithdrawn(consent.account_id, consent.extension_id, consent.client_id, by)
    ended = (
        SessionEnded(session, EndReason.CONSENT_WITHDRAWN, facts.now_ms, by)
        for session, _ in facts.seat
        if began_at_browser(session)
    )
    return Done((withdrawn, *ended))


def began_at_browser(session: Session) -> bool:
    """Whether a person's sign-in led to this code or these tokens.

    A password that the app sends and a JWT credential are consents of their own, taken back by other means (ruling 6).
    """
    return session.sign_in_id is not None
