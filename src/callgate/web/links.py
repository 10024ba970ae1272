"""Absolute addresses of the resource API, all on the server's own base URL (protocol.md N.9)."""

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from callgate.model.ids import AccountId, ExtensionId, RoleId

JsonObject = dict[str, object]
"""An object of a reply, ready to be written."""


class Links(NamedTuple):
    """Addresses under one base URL, which has no slash at its end."""

    base_url: str

    def account(self, account_id: AccountId) -> str:
        """The account."""
        return f"{self.base_url}/restapi/v1.0/account/{account_id}"

    def extension(self, account_id: AccountId, extension_id: ExtensionId) -> str:
        """One of its extensions."""
        return f"{self.account(account_id)}/extension/{extension_id}"

    def call_log(self, account_id: AccountId, extension_id: ExtensionId | None) -> str:
        """The company's call log, or an extension's."""
        owner = self.account(account_id) if extension_id is None else self.extension(account_id, extension_id)
        return f"{owner}/call-log"

    def roles(self, account_id: AccountId | None) -> str:
        """The roles of an account, or the predefined ones."""
        owner = f"{self.base_url}/restapi/v1.0/dictionary" if account_id is None else self.account(account_id)
        return f"{owner}/user-role"

    def role(self, role_id: RoleId, account_id: AccountId | None) -> str:
        """One of them."""
        return f"{self.roles(account_id)}/{role_id}"

    def credentials(self, account_id: AccountId, extension_id: ExtensionId) -> str:
        """Somebody's JWT credentials."""
        return f"{self.extension(account_id, extension_id)}/jwt-credentials"

    def permission(self, name: str = "") -> str:
        """The permissions there are, or one of them."""
        return f"{self.base_url}/restapi/v1.0/dictionary/permission{'/' if name else ''}{name}"

    def category(self, name: str = "") -> str:
        """What permissions are about, or one such thing."""
        return f"{self.base_url}/restapi/v1.0/dictionary/permission-category{'/' if name else ''}{name}"


def with_query(address: str, pairs: Sequence[tuple[str, str]]) -> str:
    """The address with a query; colons stay as they are, as on the wire (dateFrom=2016-03-10T18:07:52.534Z)."""
    return f"{address}?{urlencode(pairs, safe=':')}"


def present(**fields: object) -> JsonObject:
    """An object of those fields that have a value: an unknown field is left out, never null."""
    return {name: value for name, value in fields.items() if value is not None}
