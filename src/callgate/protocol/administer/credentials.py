"""JWT credentials: made for a person, immutable, replaced by a successor, deleted (protocol.md G)."""

from callgate.model.account import SIGN_IN_TYPES, Role
from callgate.model.acts import CredentialActFacts, Refused
from callgate.model.changes import CredentialCreated, CredentialDeleted
from callgate.model.client_secret import OVERLAP_MAX_MS
from callgate.model.credential import CredentialPolicy, CredentialReplaced, JwtCredential
from callgate.model.decisions import Done
from callgate.model.ids import ExtensionId
from callgate.protocol.administer.texts import check_text

APPS_MAX = 50
"""Apps one credential may be for: a list somebody can still read."""

HELD_MAX = 100
"""Credentials of one person, as far as people make them: a job each, and nobody heaps up rows."""

ADMINISTERS = "EditExtensions"
"""The permission of those who make credentials for others."""


def create_credential(
    credential: JwtCredential, *, facts: CredentialActFacts, by: str, giver_id: ExtensionId | None = None
) -> Done | Refused:
    """A credential for one person and all apps of the organisation, or those named.

    `giver_id`: the person who makes it; None where it is the operator, who is asked only whether anybody may.
    """
    extension = facts.extension
    if extension is None or facts.account is None:
        return Refused("there is no such extension")
    if extension.type not in SIGN_IN_TYPES:
        return Refused(f"a credential is for a person; extension {extension.id} is a {extension.type.value}")
    if problem := _may_not(facts, giver_id=giver_id) or check_text("label", credential.label):
        return Refused(problem)
    if facts.unknown_apps:
        return Refused(f"there is no app {facts.unknown_apps[0]}")
    if giver_id is not None and facts.held >= HELD_MAX:
        return Refused(f"extension {extension.id} has {HELD_MAX} credentials: delete one")
    if credential.client_ids is not None and not 1 <= len(credential.client_ids) <= APPS_MAX:
        return Refused(f"name 1 to {APPS_MAX} apps, or none for all apps of the organisation")
    return Done((CredentialCreated(credential, by),))


def replace_credential(
    successor: JwtCredential,
    *,
    overlap_ms: int,
    facts: CredentialActFacts,
    by: str,
    giver_id: ExtensionId | None = None,
) -> Done | Refused:
    """A successor for the same person and apps; the one before counts on for the overlap, and no longer than before.

    `giver_id` as for `create_credential`.
    """
    before = facts.credential
    if before is None or facts.account is None:
        return Refused("there is no such credential")
    if problem := _may_not(facts, giver_id=giver_id):
        return Refused(problem)
    if before.replaced_ms is not None:
        return Refused(f"credential {before.id} was replaced already: rotate its successor")
    if before.expires_ms is not None and before.expires_ms <= facts.now_ms:
        return Refused(f"credential {before.id} is expired: create a new one")
    if giver_id is not None and facts.held >= HELD_MAX:
        return Refused(f"extension {before.extension_id} has {HELD_MAX} credentials: delete one")
    if not 0 <= overlap_ms <= OVERLAP_MAX_MS:
        return Refused("an overlap has at most 90 days")
    until_ms = facts.now_ms + overlap_ms
    if before.expires_ms is not None:
        until_ms = min(until_ms, before.expires_ms)
    after = before._replace(expires_ms=until_ms, replaced_ms=facts.now_ms)
    return Done((CredentialReplaced(before, after, successor, by),))


def delete_credential(*, facts: CredentialActFacts, by: str, giver_id: ExtensionId | None = None) -> Done | Refused:
    """The credential is refused from now on, and its sessions are over.

    `giver_id`: the person who deletes it; everybody may delete their own, whatever the account's rule.
    """
    if facts.credential is None:
        return Refused("there is no such credential")
    if giver_id not in {None, facts.credential.extension_id} and not _administers(facts.giver):
        return Refused(f"extension {giver_id} may not delete this credential")
    return Done((CredentialDeleted(facts.credential, by),))


def is_withheld(policy: CredentialPolicy, *, giver: Role | None, own: bool) -> bool:
    """Whether the account's rule keeps somebody from making credentials, for themselves (`own`) or for another."""
    if policy is CredentialPolicy.NOBODY:
        return True
    return not _administers(giver) and not (own and policy is CredentialPolicy.EVERYBODY)


def _administers(giver: Role | None) -> bool:
    return giver is not None and ADMINISTERS in giver.permissions


def _may_not(facts: CredentialActFacts, *, giver_id: ExtensionId | None) -> str | None:
    """Why nobody, or not this person, may make one; None where they may."""
    account, extension = facts.account, facts.extension
    assert account is not None, "asked before"
    policy = account.credential_policy
    if policy is CredentialPolicy.NOBODY:
        return (
            f"account {account.id} makes no JWT credentials: `callgate accounts update ACCOUNT --credentials everybody`"
        )
    own = extension is not None and giver_id == extension.id
    if giver_id is None or not is_withheld(policy, giver=facts.giver, own=own):
        return None
    return f"extension {giver_id} may not make this credential: the account leaves it to {policy.value}"
