"""Pruning the audit log, judged."""

import pytest

from callgate.model.acts import Refused
from callgate.model.audit import Anchor, AuditPruned, AuditPruneFacts, PrunedLinksDeleted, PrunedLinksFacts
from callgate.model.decisions import Done
from callgate.protocol.administer.audit import delete_pruned_links, prune_audit

SERVER = Anchor("server", 10, 1000, b"s")
CLI = Anchor("cli", 3, 900, b"c")
LATER = SERVER._replace(seq=20, at_ms=2000, hash=b"t")


def prune(*cuts: Anchor, held: tuple[Anchor, ...] = (), standing: tuple[Anchor, ...]) -> Done | Refused:
    """What comes of it."""
    return prune_audit(cuts, before_ms=3000, facts=AuditPruneFacts(held, frozenset(standing)), by="cli")


def test_anchors_move_to_cuts_that_stand_as_they_were_verified() -> None:
    """In the order of writers, so that an entry is the same whoever wrote it."""
    assert prune(SERVER, CLI, standing=(CLI, SERVER)) == Done((AuditPruned((CLI, SERVER), 3000, "cli"),))


def test_every_anchor_is_named_again_when_one_moves() -> None:
    """The entry that named it first may be among those that go."""
    decision = prune(LATER, held=(CLI, SERVER), standing=(LATER,))
    assert decision == Done((AuditPruned((CLI, LATER), 3000, "cli"),))


@pytest.mark.parametrize("cuts", [(), (SERVER,), (SERVER._replace(seq=9),)])
def test_nothing_is_written_when_nothing_is_old_enough(cuts: tuple[Anchor, ...]) -> None:
    """No anchor moves back, and none stays with an entry that says it moved."""
    assert prune(*cuts, held=(SERVER,), standing=cuts) == Done()


@pytest.mark.parametrize("standing", [(), (CLI,), (CLI, SERVER._replace(hash=b"x"))])
def test_pruning_is_refused_when_a_cut_does_not_stand_any_more(standing: tuple[Anchor, ...]) -> None:
    """Somebody else pruned, or altered the log, since it was checked."""
    decision = prune(SERVER, CLI, standing=standing)
    assert isinstance(decision, Refused)
    assert "changed while it was checked" in decision.problem


def test_links_are_deleted_while_there_are_some() -> None:
    """A few at a time; then nothing is written."""
    assert delete_pruned_links(5, facts=PrunedLinksFacts(5)) == Done((PrunedLinksDeleted(5),))
    assert delete_pruned_links(5, facts=PrunedLinksFacts(0)) == Done()
