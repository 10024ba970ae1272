"""JWT credentials rendered. Ids of credentials are texts: they have more digits than a number of JSON keeps."""

from callgate.model.instant import render_instant
from callgate.service.jwt_credentials import CredentialListShown, CredentialShown
from callgate.web.links import JsonObject, Links, present, with_query
from callgate.web.paging import render_whole_list


def render_credential_list(shown: CredentialListShown, links: Links) -> JsonObject:
    """A page of somebody's credentials, with totals."""
    person = shown.person

    def address(number: int) -> str:
        pairs = [("page", str(number)), ("perPage", str(shown.page.size))]
        return with_query(links.credentials(person.account_id, person.id), pairs)

    records = [render_credential(each, links) for each in shown.records]
    return render_whole_list(shown.page, address, records=records, total=shown.total)


def render_credential(shown: CredentialShown, links: Links) -> JsonObject:
    """One credential; `jwt` only where it was made this moment."""
    credential = shown.credential
    client_ids = credential.client_ids
    return present(
        uri=f"{links.credentials(credential.account_id, credential.extension_id)}/{credential.id}",
        id=str(credential.id),
        label=credential.label,
        allApps=client_ids is None,
        clientIds=None if client_ids is None else sorted(client_ids),
        creationTime=render_instant(credential.created_ms),
        expirationTime=_instant(credential.expires_ms),
        lastUseTime=_instant(credential.last_used_ms),
        replacementTime=_instant(credential.replaced_ms),
        advice=shown.advice.text if shown.advice else None,
        jwt=shown.jwt,
    )


def _instant(at_ms: int | None) -> str | None:
    return None if at_ms is None else render_instant(at_ms)
