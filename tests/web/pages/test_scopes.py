import pytest

from callgate.model.scope import IDENTITY_SCOPES, SCOPES, covers
from callgate.web.pages.scopes import SENTENCES, sentences_of


def test_every_scope_has_a_sentence_of_its_own() -> None:
    """A new scope needs words before an app can ask for it (protocol.md A.5)."""
    assert set(SENTENCES) == SCOPES | IDENTITY_SCOPES
    texts = [sentence.text for sentence in SENTENCES.values()]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(
    ("scopes", "shown"),
    [
        ((), []),
        (("ReadCallLog", "ReadAccounts"), ["ReadCallLog", "ReadAccounts"]),
        (("ReadCallLog", "EditCallLog"), ["EditCallLog"]),
        (("Accounts", "EditAccounts", "ReadAccounts", "EditExtensions"), ["Accounts"]),
        (("ReadMessages", "SMS", "Faxes"), ["SMS", "Faxes"]),
        (("ReadCallLog", "ReadCallLog"), ["ReadCallLog"]),
        (("FutureScope", "ReadCallLog"), ["ReadCallLog", "FutureScope"]),
    ],
)
def test_included_scopes_are_not_listed_beside_what_includes_them(scopes: tuple[str, ...], shown: list[str]) -> None:
    """Inclusion is transitive (protocol.md A.5); what nobody described is still shown."""
    assert [sentence.scope for sentence in sentences_of(scopes)] == shown


def test_nothing_asked_for_is_hidden() -> None:
    """Whatever is left out is included in something shown."""
    everything = tuple(sorted(SCOPES | IDENTITY_SCOPES))
    shown = tuple(sentence.scope for sentence in sentences_of(everything))
    assert all(covers(shown, scope) for scope in everything)
