"""The audit chain: who changed what, in links that show when one was altered, moved or taken out.

The audited changes of one commit make one link. A link's hash covers its writer, number, time, entries and the hash
before it; each writer (the server, the command line) has a chain of its own. Cutting off the newest links leaves no
trace inside: compare the heads with those kept elsewhere. What an entry says stands in audit_entries.py.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from callgate.storage.load_upkeep import Head, Link, walk_links
from callgate.storage.load_view import View

FIRST: Final = Head(0, bytes(32))
"""Where every chain begins."""


@dataclass(frozen=True, slots=True)
class Chain:
    """One writer's chain as found; `head` is for comparing with a copy kept elsewhere."""

    writer: str
    links: int
    entries: int
    head: bytes


@dataclass(frozen=True, slots=True)
class Break:
    """A link that is not what its writer wrote."""

    writer: str
    seq: int
    why: str


class AuditReport(NamedTuple):
    """Every chain, and every place where one is broken."""

    chains: tuple[Chain, ...]
    breaks: tuple[Break, ...]


def forge_link(writer: str, head: Head, *, at_ms: int, entries: list[bytes]) -> Link:
    """The next link of a chain."""
    text = b"\n".join(entries).decode()
    link = Link(writer, head.seq + 1, at_ms, text, head.hash, b"")
    return link._replace(hash=_hash(link))


def verify_audit(view: View, progress: Callable[[int], None] = lambda _: None) -> AuditReport:
    """Check every chain; `progress` is told how many links were read."""
    chains: dict[str, Chain] = {}
    breaks: list[Break] = []
    for number, link in enumerate(walk_links(view), 1):
        chain = chains.get(link.writer, Chain(link.writer, 0, 0, FIRST.hash))
        breaks += [Break(link.writer, link.seq, why) for why in _faults(chain, link)]
        lines = link.entries.count("\n") + 1
        chains[link.writer] = Chain(link.writer, link.seq, chain.entries + lines, link.hash)
        progress(number)
    return AuditReport(tuple(chains.values()), tuple(breaks))


def _faults(chain: Chain, link: Link) -> list[str]:
    faults = []
    if link.seq != chain.links + 1:
        faults.append(f"links are missing before it, after {chain.links}")
    elif link.previous != chain.head:
        faults.append("it does not continue the link before")
    if not hmac.compare_digest(link.hash, _hash(link)):
        faults.append("its content was altered")
    return faults


def _hash(link: Link) -> bytes:
    head = f"{link.writer}\n{link.seq}\n{link.at_ms}\n{link.previous.hex()}\n"
    return hashlib.sha256((head + link.entries).encode()).digest()
