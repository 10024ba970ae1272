"""Judging a document is bounded in time and memory, whatever stands in it; and nothing in it makes the judge fail."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callgate.crypto.saml import verify_response
from callgate.model.saml import SamlRefused, SamlVerified, Trust
from tests.crypto.saml import heavy
from tests.crypto.saml.hostile import ATTACKS, packed
from tests.crypto.saml.signer import ACS_URL, ISSUER, NOW_MS, REQUEST_ID, SP, Signing, identity, signed_response
from tests.stopwatch import stays_below

ROOT = Path(__file__).parents[3]
MS_MAX = 100
MIB_MAX = 50

LIVE = signed_response(None, Signing(response=True))
ORIGINAL = "anna@example.com"
TRUST = Trust(ISSUER, (identity().der,))
PIECES = re.findall(rb"<[^>]*>|[^<]+", LIVE)
WORDS = [
    b"<!-- -->",
    b"<?x?>",
    b"<![CDATA[admin@example.com]]>",
    b"admin@example.com",
    b"<saml:NameID>admin@example.com</saml:NameID>",
    b"&amp;",
    b"&#0;",
    b"&x;",
    b"\x00",
    b"\xff",
    b' ID="_x"',
    b"xmlns:saml='urn:evil' ",
    b"http://www.w3.org/2000/09/xmldsig#hmac-sha1",
]


def present(raw: bytes) -> SamlVerified | SamlRefused:
    """As a browser brings it."""
    return verify_response(
        packed(raw), TRUST, acs_url=ACS_URL, sp_entity_id=SP, expected_in_response_to=REQUEST_ID, now_ms=NOW_MS
    )


def test_heaviest_documents_cost_little(tmp_path: Path) -> None:
    """assurance.md P12: 100 ms and 50 MiB a document at most, the libraries' own memory among it."""
    heavy.write(tmp_path)
    command = [sys.executable, "-m", "tests.crypto.saml.heavy", str(tmp_path)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    costs = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(costs) == 7
    print(run.stdout)
    assert [cost for cost in costs if cost["ms"] > MS_MAX or cost["mib"] > MIB_MAX] == []


def test_hostile_documents_cost_little() -> None:
    """The same for each attack."""
    for name, hostile in ATTACKS.items():
        assert stays_below(MS_MAX / 1000, partial(present, hostile.attack(LIVE))), name


@st.composite
def mutants(draw: st.DrawFn) -> bytes:
    """The live response with pieces dropped, doubled, moved, changed by a byte or split by something."""
    pieces = list(PIECES)
    for _ in range(draw(st.integers(1, 4))):
        here = draw(st.integers(0, len(pieces) - 1))
        match draw(st.sampled_from(["drop", "double", "move", "byte", "split"])):
            case "drop" if len(pieces) > 1:
                pieces.pop(here)
            case "double":
                pieces.insert(here, pieces[here])
            case "move":
                pieces.insert(draw(st.integers(0, len(pieces) - 1)), pieces.pop(here))
            case "byte":
                at = draw(st.integers(0, len(pieces[here]) - 1))
                changed = bytes([draw(st.integers(0, 255))])
                pieces[here] = pieces[here][:at] + changed + pieces[here][at + 1 :]
            case _:
                at = draw(st.integers(0, len(pieces[here])))
                pieces[here] = pieces[here][:at] + draw(st.sampled_from(WORDS)) + pieces[here][at:]
    return b"".join(pieces)


def test_no_mutant_is_taken_for_somebody_else(counts: Callable[[int, int], int]) -> None:
    """Whatever is done to a live response, it is refused or still says what was signed; and no exception comes."""

    @settings(max_examples=counts(300, 100_000), deadline=None, suppress_health_check=list(HealthCheck))
    @given(mutants())
    def try_one(raw: bytes) -> None:
        outcome = present(raw)
        if isinstance(outcome, SamlVerified):
            assert (outcome.name_id, outcome.attributes) == (ORIGINAL, (("mail", (ORIGINAL,)),))

    try_one()


def test_no_bytes_make_the_judge_fail(counts: Callable[[int, int], int]) -> None:
    """Anything at all in the form field is refused."""

    @settings(max_examples=counts(200, 20_000), deadline=None)
    @given(st.binary(max_size=400))
    def try_one(text: bytes) -> None:
        outcome = verify_response(
            text, TRUST, acs_url=ACS_URL, sp_entity_id=SP, expected_in_response_to=None, now_ms=NOW_MS
        )
        assert isinstance(outcome, SamlRefused)

    try_one()
