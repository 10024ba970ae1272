"""docs/requirements.toml and the tests' marks say the same: no clause without a test, no promise without its words."""

import re
import tomllib

import pytest

from tests.repo.requirements import MANIFEST, ROOT, claims_below, claims_of, lines_for

CLAUSES = tomllib.loads(MANIFEST.read_text())
LISTED = {(clause, test) for clause, entry in CLAUSES.items() for test in entry["tests"]}
TESTS = ROOT / "tests"

NAMES = re.compile(
    r"RFC \d{4} (section \d+(\.\d+)*|appendix [A-Z])|SAML (Core|Profiles|Metadata) section \d+(\.\d+)*"
    r"|Web Authentication section \d+(\.\d+)*"
    r"|OpenID Connect (Core|RP-Initiated Logout) section \d+(\.\d+)*"
    r"|must-not-break N\.([1-9]|10)|ruling \d+|ASVS \d+\.\d+\.\d+"
)


def test_every_marked_test_is_listed() -> None:
    """A test that keeps a clause stands under it, so that a reader of the clause finds the test."""
    unlisted = claims_below(TESTS) - LISTED
    assert not unlisted, f"docs/requirements.toml lacks:\n{lines_for(unlisted)}"


def test_every_listed_test_exists_and_is_marked() -> None:
    """A clause's tests are there, and say so themselves, so that whoever changes one sees what it keeps."""
    missing = LISTED - claims_below(TESTS)
    assert not missing, f"no such test, or not marked @pytest.mark.requirement:\n{lines_for(missing)}"


@pytest.mark.parametrize("clause", CLAUSES)
def test_clause_is_named_said_and_kept(clause: str) -> None:
    """A clause has a name that leads to its source, what it asks for, and at least one test, in order."""
    entry = CLAUSES[clause]
    assert NAMES.fullmatch(clause)
    assert entry.keys() == {"rule", "tests"}
    assert entry["rule"].endswith(".")
    assert entry["tests"] == sorted(set(entry["tests"])) != []


def test_claims_are_read_from_the_source() -> None:
    """The check reads marks, not names: planted ones are found, others are none."""
    source = (
        '@pytest.mark.requirement("RFC 1 section 2", "ruling 3")\n@pytest.mark.long\ndef test_a(): ...\n'
        '@pytest.mark.requirement("ruling 4")\nasync def test_b(): ...\n'
        "@pytest.mark.long\ndef test_c(): ...\n"
        '@pytest.mark.requirement("ruling 5")\ndef helper(): ...\n'
    )
    assert claims_of("t.py", source) == {
        ("RFC 1 section 2", "t.py::test_a"),
        ("ruling 3", "t.py::test_a"),
        ("ruling 4", "t.py::test_b"),
    }
