"""Accounts and extensions rendered (protocol.md B, I.6). Ids are numbers here; `owner_id` and `sub` are texts."""

from callgate.model.account import Account, AccountStatus, Extension, ExtensionStatus
from callgate.model.directory import ExtensionListQuery, ListedExtension
from callgate.model.ways import password_open
from callgate.service.resources import AccountShown, ExtensionListShown, ExtensionShown
from callgate.web.links import JsonObject, Links, present, with_query
from callgate.web.paging import render_whole_list


def render_account(shown: AccountShown, links: Links) -> JsonObject:
    """The account."""
    account, operator = shown.account, shown.operator
    address = links.account(account.id)
    return present(
        uri=address,
        id=account.id,
        serviceInfo={"uri": f"{address}/service-info", "brand": {"id": account.brand_id}},
        operator=_render_operator(operator.extension, links) if operator else None,
        mainNumber=_e164(account.main_number),
        status=account.status.value,
        setupWizardState="Completed" if account.status is AccountStatus.CONFIRMED else "NotStarted",
    )


def render_extension(shown: ExtensionShown, links: Links) -> JsonObject:
    """One extension; its own person is shown the features of the service as well."""
    document = _render_listed(shown.listed, shown.account, links=links)
    if shown.own:
        usable = shown.listed.has_password and password_open(shown.account, shown.listed.extension)
        document["serviceFeatures"] = [{"featureName": "PasswordAuth", "enabled": usable}]
    account = shown.account
    return {**document, "account": {"uri": links.account(account.id), "id": str(account.id)}}


def render_extension_list(shown: ExtensionListShown, links: Links) -> JsonObject:
    """A page of extensions, with totals."""
    query = shown.query

    def address(number: int) -> str:
        return _page_uri(query, links, number=number)

    records = [_render_listed(listed, shown.account, links=links) for listed in shown.facts.records]
    return render_whole_list(query.page, address, records=records, total=shown.facts.total)


def _render_listed(listed: ListedExtension, account: Account, *, links: Links) -> JsonObject:
    extension = listed.extension
    return present(
        uri=links.extension(account.id, extension.id),
        id=extension.id,
        extensionNumber=extension.number,
        contact=present(
            firstName=extension.first_name,
            lastName=extension.last_name or None,
            company=account.name,
            email=extension.email,
            businessPhone=_e164(listed.phone_number or account.main_number),
            # Every e-mail address here is a login name (protocol.md B).
            emailAsLoginName=True if extension.email is not None else None,
        ),
        name=extension.name,
        type=extension.type.value,
        status=extension.status.value,
        setupWizardState="NotStarted" if extension.status is ExtensionStatus.NOT_ACTIVATED else "Completed",
    )


def _render_operator(operator: Extension, links: Links) -> JsonObject:
    return present(
        uri=links.extension(operator.account_id, operator.id),
        id=operator.id,
        extensionNumber=operator.number,
    )


def _e164(number: str) -> str:
    return f"+{number.removeprefix('+')}"


def _page_uri(query: ExtensionListQuery, links: Links, *, number: int) -> str:
    filters = [
        *(("status", value) for value in sorted(status.value for status in query.statuses)),
        *(("type", value) for value in sorted(kind.value for kind in query.types)),
        *(("email", value) for value in sorted(query.emails)),
    ]
    if query.extension_number is not None:
        filters.insert(0, ("extensionNumber", query.extension_number))
    pairs = [*filters, ("page", str(number)), ("perPage", str(query.page.size))]
    return with_query(f"{links.account(query.account_id)}/extension", pairs)
