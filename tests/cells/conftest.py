"""Two cells for all tests that leave both of them running."""

from collections.abc import Iterator

import pytest

from tests.cells.founding import Pair, serving_pair


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two cells, served."""
    with serving_pair(tmp_path_factory.mktemp("cells")) as served:
        yield served
