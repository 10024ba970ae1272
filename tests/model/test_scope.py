import pytest

from callgate.model.scope import IDENTITY_SCOPES, SCOPES, covers

INCLUDED = {
    "Accounts": {"EditAccounts", "ReadAccounts", "EditExtensions"},
    "EditAccounts": {"ReadAccounts", "EditExtensions"},
    "EditCallLog": {"ReadCallLog"},
    "ReadCallRecording": {"ReadCallLog"},
    "Contacts": {"ReadContacts"},
    "EditMessages": {"ReadMessages"},
    "Faxes": {"ReadMessages"},
    "InternalMessages": {"ReadMessages"},
    "SMS": {"ReadMessages"},
    "EditPresence": {"ReadPresence"},
}
"""protocol.md A.5, its table closed over transitivity."""


@pytest.mark.parametrize("scope", sorted(SCOPES | IDENTITY_SCOPES))
def test_scope_covers_itself_and_what_it_includes_and_nothing_else(scope: str) -> None:
    """protocol.md A.5: inclusion is transitive."""
    covered = {name for name in SCOPES | IDENTITY_SCOPES if covers((scope,), name)}
    assert covered == {scope} | INCLUDED.get(scope, set())


def test_names_nobody_knows_cover_only_themselves() -> None:
    """An app registered by an older version may have one."""
    assert covers(("Old",), "Old")
    assert not covers(("Old",), "ReadAccounts")
    assert not covers((), "ReadAccounts")


@pytest.mark.requirement("ruling 9")
def test_identity_is_apart_from_what_apps_are_registered_for() -> None:
    """Ruling 9."""
    assert not IDENTITY_SCOPES & SCOPES
