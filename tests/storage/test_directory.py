"""An account's extensions read from a real database."""

from collections.abc import Iterator

import pytest

from callgate.model.account import ExtensionStatus, ExtensionType
from callgate.model.directory import (
    ExtensionListFacts,
    ExtensionListLookup,
    ExtensionListQuery,
    ExtensionLookup,
    ListedExtension,
)
from callgate.model.ids import ExtensionId
from callgate.model.paging import Page
from callgate.storage.sqlite import SqliteStore
from tests.admin.casts import ACCOUNT
from tests.storage.call_stores import OTHER_ACCOUNT, PEOPLE, ask, open_store

LISTED = {
    extension.id: ListedExtension(extension, phone, password is not None) for extension, phone, password in PEOPLE
}
EVERYBODY = ExtensionListQuery(ACCOUNT, None, frozenset(), frozenset(), frozenset(), Page())


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    """The world without calls."""
    with open_store(tmp_path_factory.mktemp("directory") / "callgate.db", batches=()) as opened:
        yield opened


@pytest.mark.parametrize("number", [1001, 1002, 1003, 1005, 1006])
def test_extension_is_found_in_its_account(store: SqliteStore, number: int) -> None:
    """With its direct number, and whether it has a password."""
    facts = ask(store, ExtensionLookup(ACCOUNT, ExtensionId(number)))
    assert facts.listed == LISTED[ExtensionId(number)]


def test_extension_is_unknown_when_it_is_anothers(store: SqliteStore) -> None:
    """The account is part of the question."""
    assert ask(store, ExtensionLookup(ACCOUNT, ExtensionId(2001))).listed is None
    assert ask(store, ExtensionLookup(OTHER_ACCOUNT, ExtensionId(1001))).listed is None
    assert ask(store, ExtensionLookup(ACCOUNT, ExtensionId(9))).listed is None


FILTERED = [
    (EVERYBODY, [1001, 1002, 1003, 1005, 1006]),
    (EVERYBODY._replace(extension_number="102"), [1002]),
    (EVERYBODY._replace(extension_number="999"), []),
    (EVERYBODY._replace(emails=frozenset({"person1001@northwind.example", "nobody@x.example"})), [1001]),
    (EVERYBODY._replace(emails=frozenset({"person2001@northwind.example"})), []),
    (EVERYBODY._replace(types=frozenset({ExtensionType.DEPARTMENT, ExtensionType.SERVICE})), [1005, 1006]),
    (EVERYBODY._replace(statuses=frozenset({ExtensionStatus.DISABLED})), [1003]),
    (EVERYBODY._replace(statuses=frozenset({ExtensionStatus.UNASSIGNED})), [1006]),
    (EVERYBODY._replace(statuses=frozenset({ExtensionStatus.UNASSIGNED, ExtensionStatus.DISABLED})), [1003, 1006]),
    (
        EVERYBODY._replace(types=frozenset({ExtensionType.USER}), statuses=frozenset({ExtensionStatus.ENABLED})),
        [1001, 1002],
    ),
]


@pytest.mark.parametrize(("query", "numbers"), FILTERED)
def test_list_has_those_who_pass_every_filter(
    store: SqliteStore, query: ExtensionListQuery, numbers: list[int]
) -> None:
    """By number, address, type and status, in the order of ids, with the total."""
    expected = ExtensionListFacts(tuple(LISTED[ExtensionId(number)] for number in numbers), len(numbers))
    assert ask(store, ExtensionListLookup(query)) == expected


def test_list_is_cut_into_pages(store: SqliteStore) -> None:
    """The total is of all pages; beyond the last there is nothing."""
    pages = [ask(store, ExtensionListLookup(EVERYBODY._replace(page=Page(number, 2)))) for number in (1, 2, 3, 4)]
    assert [[listed.extension.id for listed in facts.records] for facts in pages] == [
        [1001, 1002],
        [1003, 1005],
        [1006],
        [],
    ]
    assert {facts.total for facts in pages} == {5}
