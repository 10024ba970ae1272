"""Second factors in a real database: what is asked is answered whole, what may happen once happens once."""

import pytest

from callgate.model.account import LoginName
from callgate.model.changes import AccountChanged, AssertionClaimed, SessionOpened, SignInStarted
from callgate.model.factor import PASSKEY_CHALLENGES, Factor, Factors, MfaPolicy, Misses, Passkey, Totp
from callgate.model.ids import ExtensionId, RowId
from callgate.model.lookups import AuthorizeLookup, LoginLookup, SessionLookup
from callgate.model.mfa import (
    CodeMissed,
    FactorsLookup,
    FactorsReset,
    MissesForgotten,
    PasskeyAdded,
    PasskeyDoubted,
    PasskeyLookup,
    PasskeyRemoved,
    PasskeyUsed,
    RecoveryCodesMade,
    RecoveryCodeUsed,
    SecurityLookup,
    TotpAdded,
    TotpRemoved,
    TotpRewrapped,
    TotpsListing,
    TotpUsed,
)
from callgate.model.session import CredentialKind
from callgate.model.sso import SsoOfferLookup
from tests.storage.engines import Opened
from tests.storage.test_changes import conflicts
from tests.storage.world import ACCOUNT, ADMIN, AGENT, APP, OTHER_ACCOUNT, SIGN_IN, session_of

TOTP = Totp(RowId(7_001), ACCOUNT.id, AGENT.id, b"sealed", 10, 300)
WITH_FACTOR = AGENT._replace(has_factor=True, version=2)
CODES = frozenset({b"1" * 32, b"2" * 32})
MINE = FactorsLookup(ACCOUNT.id, AGENT.id)


@pytest.fixture
def enrolled(store: Opened) -> Opened:
    """The agent with an authenticator app and two recovery codes."""
    store.save(TotpAdded(AGENT, WITH_FACTOR, TOTP, "1002"), RecoveryCodesMade(ACCOUNT.id, AGENT.id, CODES, "1002"))
    return store


def test_factors_are_found_with_their_person(enrolled: Opened) -> None:
    """Of that person alone, and not by another account's name."""
    facts = enrolled.read(MINE)
    assert (facts.account, facts.extension) == (ACCOUNT, WITH_FACTOR)
    assert facts.factors == Factors(TOTP, CODES)
    assert enrolled.read(FactorsLookup(ACCOUNT.id, ADMIN.id)).factors == Factors()
    for nobody in (FactorsLookup(OTHER_ACCOUNT.id, AGENT.id), FactorsLookup(ACCOUNT.id, ExtensionId(1))):
        found = enrolled.read(nobody)
        assert (found.account, found.extension, found.factors) == (None, None, Factors())


def test_policy_and_factor_are_known_wherever_the_person_is(enrolled: Opened) -> None:
    """The password grant asks no table of factors."""
    required = ACCOUNT._replace(mfa_policy=MfaPolicy.REQUIRED, version=2)
    enrolled.save(AccountChanged(ACCOUNT, required, "cli"))
    facts = enrolled.read(LoginLookup(LoginName("ben@example.com", None, None)))
    assert (facts.account, facts.extension) == (required, WITH_FACTOR)


def test_factors_are_found_with_a_browsers_sign_in(enrolled: Opened) -> None:
    """And what was proven beside the password is kept with it; nothing where there is no sign-in."""
    by_code = SIGN_IN._replace(factor=Factor.CODE, id=RowId(8_001))
    enrolled.save(SignInStarted(by_code))
    facts = enrolled.read(SecurityLookup((by_code.account_id, by_code.id)))
    assert facts.browser.sign_in == by_code
    assert facts.factors == Factors(TOTP, CODES)
    facts = enrolled.read(SecurityLookup((by_code.account_id, RowId(1))))
    assert (facts.browser.sign_in, facts.factors) == (None, Factors())
    plain = SIGN_IN._replace(id=RowId(8_002))
    enrolled.save(SignInStarted(plain))
    assert enrolled.read(AuthorizeLookup(APP.id, (plain.account_id, plain.id))).sign_in == plain


def test_step_is_spent_once(enrolled: Opened) -> None:
    """Whoever spends the same step on another process is too late."""
    used = TotpUsed(TOTP, 11)
    enrolled.save(used)
    assert conflicts(enrolled, used)
    assert conflicts(enrolled, TotpUsed(TOTP, 12))
    assert enrolled.read(MINE).factors.totp == TOTP._replace(spent_step=11)


def test_recovery_code_is_spent_once(enrolled: Opened) -> None:
    """Neither again, nor another's, nor one of a former set."""
    used = RecoveryCodeUsed(ACCOUNT.id, AGENT.id, b"1" * 32)
    enrolled.save(used)
    assert conflicts(enrolled, used)
    assert conflicts(enrolled, RecoveryCodeUsed(ACCOUNT.id, ADMIN.id, b"2" * 32))
    enrolled.save(RecoveryCodesMade(ACCOUNT.id, AGENT.id, frozenset({b"3" * 32}), "1002"))
    assert conflicts(enrolled, RecoveryCodeUsed(ACCOUNT.id, AGENT.id, b"2" * 32))
    assert enrolled.read(MINE).factors.recovery == {b"3" * 32}


def test_wrong_codes_are_counted_one_by_one(enrolled: Opened) -> None:
    """Two processes that count at once do not count one; a right code begins anew."""
    first = CodeMissed(ACCOUNT.id, AGENT.id, Misses(), Misses(1, 500))
    enrolled.save(first)
    assert conflicts(enrolled, first)
    enrolled.save(CodeMissed(ACCOUNT.id, AGENT.id, Misses(1, 500), Misses(2, 600)))
    assert enrolled.read(MINE).factors.misses == Misses(2, 600)
    enrolled.save(MissesForgotten(ACCOUNT.id, AGENT.id))
    assert enrolled.read(MINE).factors.misses == Misses()


def test_another_app_takes_the_place_of_the_first(enrolled: Opened) -> None:
    """A person has one; the recovery codes stay."""
    other = TOTP._replace(id=RowId(7_002), sealed_secret=b"other", spent_step=20)
    after = WITH_FACTOR._replace(version=3)
    enrolled.save(TotpAdded(WITH_FACTOR, after, other, "1002"))
    assert enrolled.read(MINE).factors == Factors(other, CODES)
    assert conflicts(enrolled, TotpAdded(WITH_FACTOR, after, other, "1002"))
    assert conflicts(enrolled, TotpUsed(TOTP, 30))


@pytest.mark.parametrize("left", [False, True], ids=["nothing left", "something left"])
def test_recovery_codes_go_with_the_last_factor(enrolled: Opened, *, left: bool) -> None:
    """They would be a way past the password's own."""
    after = WITH_FACTOR._replace(has_factor=left, version=3)
    enrolled.save(TotpRemoved(WITH_FACTOR, after, "1002"))
    assert enrolled.read(MINE).factors == Factors(None, CODES if left else frozenset())
    assert enrolled.read(MINE).extension == after


PASSKEY = Passkey(RowId(7_003), ACCOUNT.id, AGENT.id, b"id", b"attested", 5, 300, 300)


@pytest.fixture
def with_passkey(enrolled: Opened) -> Opened:
    """The agent with a passkey as well."""
    enrolled.save(PasskeyAdded(WITH_FACTOR, WITH_FACTOR._replace(version=3), PASSKEY, "1002"))
    return enrolled


def test_passkey_leads_to_its_person(with_passkey: Opened) -> None:
    """By its id alone, which no other person can have on this server; nobody is found by another."""
    facts = with_passkey.read(PasskeyLookup(b"id"))
    assert (facts.account, facts.extension) == (ACCOUNT, WITH_FACTOR._replace(version=3))
    assert facts.factors == Factors(TOTP, CODES, passkeys=(PASSKEY,))
    assert with_passkey.read(SsoOfferLookup()).passkeys
    nobody = with_passkey.read(PasskeyLookup(b"other"))
    assert (nobody.extension, nobody.factors) == (None, Factors())
    after = ADMIN._replace(has_factor=True, version=2)
    stolen = PASSKEY._replace(id=RowId(7_004), extension_id=ADMIN.id)
    assert conflicts(with_passkey, PasskeyAdded(ADMIN, after, stolen, "1001"))


def test_challenge_is_answered_once(with_passkey: Opened) -> None:
    """Whoever asks with it learns that it was, by each of the lookups."""
    claimed = AssertionClaimed(PASSKEY_CHALLENGES, "challenge", 9_000)
    sign_in = (SIGN_IN.account_id, SIGN_IN.id)

    def answered() -> set[bool]:
        return {
            with_passkey.read(PasskeyLookup(b"id", "challenge")).answered,
            with_passkey.read(FactorsLookup(ACCOUNT.id, AGENT.id, "challenge")).answered,
            with_passkey.read(SecurityLookup(sign_in, "challenge")).answered,
        }

    assert answered() == {False}
    with_passkey.save(claimed)
    assert conflicts(with_passkey, claimed)
    assert answered() == {True}
    assert not with_passkey.read(PasskeyLookup(b"id")).answered


def test_counter_moves_on_by_compare_and_swap(with_passkey: Opened) -> None:
    """Two processes cannot both accept the same."""
    used = PasskeyUsed(PASSKEY, 6, 500)
    with_passkey.save(used)
    assert conflicts(with_passkey, used)
    assert with_passkey.read(MINE).factors.passkeys == (PASSKEY._replace(sign_count=6, used_ms=500),)
    with_passkey.save(PasskeyDoubted(PASSKEY, 4, 600))
    assert with_passkey.read(MINE).factors.passkeys == (PASSKEY._replace(sign_count=6, used_ms=500, doubted_ms=600),)


@pytest.mark.parametrize("left", [False, True], ids=["nothing left", "something left"])
def test_removed_passkey_leads_to_nobody(with_passkey: Opened, *, left: bool) -> None:
    """And takes the recovery codes along if it was the last."""
    before = WITH_FACTOR._replace(version=3)
    removed = PasskeyRemoved(before, before._replace(has_factor=left, version=4), PASSKEY, "1002")
    with_passkey.save(removed)
    assert with_passkey.read(PasskeyLookup(b"id")).extension is None
    assert with_passkey.read(MINE).factors == Factors(TOTP, CODES if left else frozenset())
    assert not with_passkey.read(SsoOfferLookup()).passkeys
    assert conflicts(with_passkey, removed)


def test_reset_leaves_nothing(enrolled: Opened) -> None:
    """Nor the wait after wrong codes."""
    enrolled.save(CodeMissed(ACCOUNT.id, AGENT.id, Misses(), Misses(9, 500)))
    third = WITH_FACTOR._replace(version=3)
    enrolled.save(PasskeyAdded(WITH_FACTOR, third, PASSKEY, "1002"))
    after = AGENT._replace(version=4, sessions_from_ms=900)
    enrolled.save(FactorsReset(third, after, "cli"))
    facts = enrolled.read(MINE)
    assert (facts.extension, facts.factors) == (after, Factors())


def test_secrets_are_listed_and_wrapped_anew(enrolled: Opened) -> None:
    """A change of the key-encryption key reaches each, and overtakes none that was replaced."""
    assert enrolled.read(TotpsListing(0, 10)).totps == (TOTP,)
    assert enrolled.read(TotpsListing(TOTP.id, 10)).totps == ()
    enrolled.save(TotpRewrapped(TOTP, b"wrapped anew"))
    assert enrolled.read(MINE).factors.totp == TOTP._replace(sealed_secret=b"wrapped anew")
    assert conflicts(enrolled, TotpRewrapped(TOTP, b"once more"))


@pytest.mark.parametrize(
    "kind", [CredentialKind.PASSWORD_AND_CODE, CredentialKind.PASSWORD_AND_PASSKEY, CredentialKind.PASSKEY]
)
def test_session_opened_with_more_is_compared_with_the_password(enrolled: Opened, kind: CredentialKind) -> None:
    """A new password ends it like any other."""
    session = session_of(0)._replace(credential_kind=kind, credential_id=AGENT.id)
    enrolled.save(SessionOpened(session))
    facts = enrolled.read(SessionLookup(session.account_id, session.id))
    assert facts.credential_version == AGENT.password_version
