"""Consents taken back: what goes with the yes, and what does not."""

from callgate.model.acts import ConsentActFacts, Refused
from callgate.model.changes import ConsentWithdrawn, SessionEnded
from callgate.model.decisions import Done
from callgate.model.ids import RowId
from callgate.model.session import EndReason
from callgate.protocol.administer import consents
from tests.factories import ACTIVE, CONSENT, NOW_MS, PENDING, SIGN_IN, seated

REDEEMED = ACTIVE._replace(id=RowId(101), slot=1, sign_in_id=SIGN_IN.id, signed_in_ms=SIGN_IN.signed_in_ms)
BY_PASSWORD = ACTIVE


def test_sessions_of_the_browser_end_with_the_consent_and_those_of_the_password_stay() -> None:
    """Codes and tokens that a sign-in led to stand on the yes; what the app opened by itself does not (ruling 6)."""
    facts = ConsentActFacts(NOW_MS, CONSENT, seated(BY_PASSWORD, REDEEMED, PENDING))
    assert consents.withdraw_consent(facts=facts, by="cli") == Done(
        (
            ConsentWithdrawn(CONSENT.account_id, CONSENT.extension_id, CONSENT.client_id, "cli"),
            SessionEnded(REDEEMED, EndReason.CONSENT_WITHDRAWN, NOW_MS, "cli"),
            SessionEnded(PENDING, EndReason.CONSENT_WITHDRAWN, NOW_MS, "cli"),
        )
    )


def test_nothing_is_withdrawn_when_nothing_was_agreed() -> None:
    """A second time is told, and leaves no second line in the audit log."""
    refused = consents.withdraw_consent(facts=ConsentActFacts(NOW_MS, None, seated(REDEEMED)), by="cli")
    assert isinstance(refused, Refused)
    assert "has not agreed" in refused.problem
