from callgate.model.account import SIGN_IN_TYPES, ExtensionType, normalize_email
from tests.factories import AGENT, SERVICE_EXTENSION


def test_name_is_what_people_see() -> None:
    """protocol.md B: a service or a queue has one name only."""
    assert (AGENT.name, SERVICE_EXTENSION.name) == ("Ada Byron", "Archive")


def test_email_has_one_spelling_when_it_is_a_login_name() -> None:
    """protocol.md B: unique over all accounts, whatever its case."""
    assert normalize_email(" Ada@Northwind.EXAMPLE ") == normalize_email("ada@northwind.example")


def test_no_person_stands_behind_a_queue_or_a_service() -> None:
    """protocol.md B: the wrong type answers OAU-105."""
    assert not SIGN_IN_TYPES & {ExtensionType.DEPARTMENT, ExtensionType.SERVICE, ExtensionType.BOT, ExtensionType.ROOM}
