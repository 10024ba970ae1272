"""JWT credentials: made for a person, immutable, deleted (protocol.md G)."""

from callgate.model.account import SIGN_IN_TYPES
from callgate.model.acts import CredentialActFacts, Refused
from callgate.model.changes import CredentialCreated, CredentialDeleted
from callgate.model.credential import JwtCredential
from callgate.model.decisions import Done
from callgate.protocol.administer.texts import check_text

APPS_MAX = 50
"""Apps one credential may be for: a list somebody can still read."""


def create_credential(credential: JwtCredential, *, facts: CredentialActFacts, by: str) -> Done | Refused:
    """A credential for one person and all apps of the organisation, or those named."""
    extension = facts.extension
    if extension is None or facts.account is None:
        return Refused("there is no such extension")
    if extension.type not in SIGN_IN_TYPES:
        return Refused(f"a credential is for a person; extension {extension.id} is a {extension.type.value}")
    if problem := check_text("label", credential.label):
        return Refused(problem)
    if facts.unknown_apps:
        return Refused(f"there is no app {facts.unknown_apps[0]}")
    if credential.client_ids is not None and not 1 <= len(credential.client_ids) <= APPS_MAX:
        return Refused(f"name 1 to {APPS_MAX} apps, or none for all apps of the organisation")
    return Done((CredentialCreated(credential, by),))


def delete_credential(*, facts: CredentialActFacts, by: str) -> Done | Refused:
    """The credential is refused from now on, and its sessions are over."""
    if facts.credential is None:
        return Refused("there is no such credential")
    return Done((CredentialDeleted(facts.credential, by),))
