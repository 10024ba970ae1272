"""The heaviest documents that the gate lets through, and what judging one costs.

Run alone with a folder of such documents, in a process that did nothing before, it prints a JSON line for each: its
name, the processor time of the quickest of three judgements in milliseconds, and how far the process's peak of memory
grew, in MiB.
"""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from callgate.crypto.saml import verify_response
from callgate.model.saml import SamlVerified, Trust
from tests.crypto.saml.hostile import packed
from tests.crypto.saml.signer import (
    ACS_URL,
    ISSUER,
    NOW_MS,
    REQUEST_ID,
    SAML,
    SP,
    Signing,
    identity,
    sign,
    signed_response,
    varied,
)

BOTH = Signing(response=True, by=identity("secondary"))
TRUST = Trust(ISSUER, (identity().der, identity("secondary").der))
"""The certificate that fits is tried last."""


def signed_text(text: str) -> bytes:
    """A response from its text, signed twice."""
    root = etree.fromstring(text.encode())
    assertion = root.find(f"{{{SAML}}}Assertion")
    assert assertion is not None
    sign(assertion, BOTH)
    sign(root, BOTH)
    return etree.tostring(root)


def heavy() -> Iterator[tuple[str, bytes]]:
    """One for each bound of the gate, just below it."""
    yield "warm", signed_response(None, BOTH)
    groups = varied(attributes={"groups": tuple(f"group {n}" for n in range(2_900))})
    yield "elements", signed_response(groups, BOTH)
    attributes = varied(attributes={f"a{n}": ("x" * 80,) for n in range(900)})
    yield "attributes", signed_response(attributes, BOTH)
    yield "bytes", signed_response(varied(attributes={"a": ("x" * 250_000,)}), BOTH)
    declared = "".join(f' xmlns:n{n}="urn:n{n}"' for n in range(90))
    plain = varied()
    used = "".join(
        f"<saml:AttributeValue><n{n % 90}:b n{(n + 1) % 90}:c='1'/></saml:AttributeValue>" for n in range(900)
    )
    text = plain.response(plain.assertion()).replace("<samlp:Response ", f"<samlp:Response{declared} ", 1)
    more = f'<saml:Attribute Name="x">{used}</saml:Attribute></saml:AttributeStatement>'
    yield "namespaces", signed_text(text.replace("</saml:AttributeStatement>", more))
    ids = "".join(f'<x ID="i{n}"/>' for n in range(2_900))
    text = plain.response(plain.assertion())
    yield (
        "ids",
        signed_text(text.replace("</samlp:Status>", f"<samlp:StatusDetail>{ids}</samlp:StatusDetail></samlp:Status>")),
    )
    nested = "<x>" * 18 + "</x>" * 18
    detail = f"<samlp:StatusDetail>{nested * 80}</samlp:StatusDetail></samlp:Status>"
    yield "depth", signed_text(text.replace("</samlp:Status>", detail))


def peak_mib() -> float:
    """The most memory this process ever had; `ru_maxrss` would tell that of the process which started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def write(folder: Path) -> None:
    """The documents and whom they are judged against, for another process."""
    (folder / "certificates").write_text("\n".join(TRUST.certificates))
    for number, (name, raw) in enumerate(heavy()):
        (folder / f"{number} {name}.xml").write_bytes(raw)


def main() -> None:
    """Judge each file of a folder, three times."""
    folder = Path(sys.argv[1])
    trust = Trust(ISSUER, tuple((folder / "certificates").read_text().splitlines()))
    for file in sorted(folder.glob("*.xml")):
        text, before_mib, spent_ms = packed(file.read_bytes()), peak_mib(), []
        for _ in range(3):
            started = time.process_time()
            outcome = verify_response(
                text, trust, acs_url=ACS_URL, sp_entity_id=SP, expected_in_response_to=REQUEST_ID, now_ms=NOW_MS
            )
            spent_ms.append((time.process_time() - started) * 1000)
            assert isinstance(outcome, SamlVerified), (file.name, outcome)
        print(json.dumps({"name": file.name, "ms": min(spent_ms), "mib": peak_mib() - before_mib}))


if __name__ == "__main__":
    main()
