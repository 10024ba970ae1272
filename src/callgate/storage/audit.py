"""The audit chain: who changed what, in links that show when one was altered, moved or taken out.

The audited changes of one commit make one link. A link's hash covers its writer, number, time, entries and the hash
before it; each writer (the server, the command line) has a chain of its own. Cutting off the newest links leaves no
trace inside: compare the heads with those kept elsewhere. What an entry says stands in audit_entries.py.

A chain that was pruned begins at its anchor, whose hash its first link continues; and an entry that is still there
names each anchor, so that a chain whose beginning somebody took away does not pass for one that was pruned.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from callgate.model.audit import Anchor
from callgate.storage.audit_entries import PRUNING, anchor_text
from callgate.storage.load_audit import find_anchors
from callgate.storage.load_upkeep import Head, Link, walk_links
from callgate.storage.load_view import View

FIRST: Final = Head(0, bytes(32))
"""Where every chain begins."""


@dataclass(frozen=True, slots=True)
class Chain:
    """One writer's chain as found; `head` is for comparing with a copy kept elsewhere. `pruned`: links that are gone.

    `cut` is its newest link but one, or an older one, that stands before a moment with everything before it.
    """

    writer: str
    links: int
    entries: int
    head: bytes
    head_ms: int = 0
    pruned: int = 0
    cut: Anchor | None = None


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


def verify_audit(
    view: View, progress: Callable[[int], None] = lambda _: None, *, cut_before_ms: int = 0
) -> AuditReport:
    """Check every chain; `progress` is told how many links were read."""
    anchors = {anchor.writer: anchor for anchor in find_anchors(view)}
    chains = {anchor.writer: _pruned_at(anchor) for anchor in anchors.values()}
    prunings: list[str] = []
    breaks: list[Break] = []
    for number, link in enumerate(walk_links(view), 1):
        progress(number)
        chain = chains.get(link.writer, Chain(link.writer, 0, 0, FIRST.hash))
        if link.seq <= chain.pruned:
            continue  # it counts no more, and is about to go
        breaks += [Break(link.writer, link.seq, why) for why in _faults(chain, link)]
        prunings += [line for line in link.entries.splitlines() if line.startswith(PRUNING)]
        chains[link.writer] = _continued(chain, link, cut_before_ms=cut_before_ms)
    for anchor in anchors.values():
        if not any(anchor_text(anchor) in line for line in prunings):
            breaks.append(Break(anchor.writer, anchor.seq, "links up to it are gone, and no entry says who did it"))
        if chains[anchor.writer].links == anchor.seq:
            breaks.append(Break(anchor.writer, anchor.seq, "links are missing after it"))
    return AuditReport(tuple(chains[writer] for writer in sorted(chains)), tuple(breaks))


def _pruned_at(anchor: Anchor) -> Chain:
    return Chain(anchor.writer, anchor.seq, 0, anchor.hash, anchor.at_ms, anchor.seq)


def _continued(chain: Chain, link: Link, *, cut_before_ms: int) -> Chain:
    """The chain with its next link; the link before may be cut away now, as it is not the last any more."""
    lines = link.entries.count("\n") + 1
    after = replace(chain, links=link.seq, entries=chain.entries + lines, head=link.hash, head_ms=link.at_ms)
    before = chain.pruned if chain.cut is None else chain.cut.seq
    if before == chain.links - 1 and chain.head_ms < cut_before_ms:
        return replace(after, cut=Anchor(chain.writer, chain.links, chain.head_ms, chain.head))
    return after


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
