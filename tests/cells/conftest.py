"""Two cells for all tests that leave both of them running; in the full run on PostgreSQL too, with two workers each."""

from collections.abc import Iterator

import pytest

from tests.cells.founding import Pair, serving_pair
from tests.postgres_server import needs_postgres, shared_postgres


@pytest.fixture(
    scope="session",
    params=["sqlite", pytest.param("postgres", marks=[pytest.mark.long, needs_postgres])],
)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two cells, served, each with a database of its own."""
    databases: tuple[str, ...] = ()
    workers = 0
    if request.param == "postgres":
        postgres = shared_postgres()
        databases, workers = tuple(postgres.url(postgres.create()) for _ in range(2)), 2
    with serving_pair(tmp_path_factory.mktemp("cells"), databases=databases, workers=workers) as served:
        yield served
