"""`callgate sso`: who must use single sign-on, and who may use a password beside it."""

from dataclasses import dataclass
from typing import Annotated

import typer

from callgate.admin.accounts import AccountWord
from callgate.admin.command import desk_command, granted
from callgate.admin.extensions import Person
from callgate.admin.view import Record
from callgate.model.connection import SsoExemption, SsoPolicy
from callgate.service.administer.connections import set_exemption, set_policy
from callgate.service.administer.desk import Desk
from callgate.service.administer.finding import find_account, find_person


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyOptions:
    """The account, and its switch."""

    account: AccountWord
    policy: Annotated[SsoPolicy, typer.Argument(metavar="POLICY", help="off, allowed or enforced.", show_default=False)]


@dataclass(frozen=True, slots=True)
class OnePerson:
    """The person meant."""

    extension: Person


def add_switches(group: typer.Typer) -> None:
    """Register the commands."""
    desk_command(group, "policy", options=PolicyOptions)(policy)
    desk_command(group, "exempt", options=OnePerson)(exempt)
    desk_command(group, "enforce", options=OnePerson)(enforce)
    desk_command(group, "follow", options=OnePerson)(follow)


async def policy(desk: Desk, options: PolicyOptions) -> Record:
    """Say whether an account's people use single sign-on: off, allowed beside passwords, or enforced.

    Sessions that came by a way now closed are over; unattended ways in (JWT credentials, client credentials) stay open.
    """
    account = granted(await find_account(desk, options.account))
    granted(await set_policy(desk, account, options.policy))
    return Record(fields=(("id", account.id), ("name", account.name), ("sso_policy", options.policy.value)))


async def exempt(desk: Desk, options: OnePerson) -> Record:
    """Let a person use a password although their account enforces single sign-on."""
    return await _exempt(desk, options, SsoExemption.EXEMPT)


async def enforce(desk: Desk, options: OnePerson) -> Record:
    """Let a person use no password although their account allows one."""
    return await _exempt(desk, options, SsoExemption.ENFORCED)


async def follow(desk: Desk, options: OnePerson) -> Record:
    """Let a person's ways in be those of their account again."""
    return await _exempt(desk, options, SsoExemption.DEFAULT)


async def _exempt(desk: Desk, options: OnePerson, exemption: SsoExemption) -> Record:
    extension = granted(await find_person(desk, options.extension))
    granted(await set_exemption(desk, extension, exemption))
    return Record(
        fields=(("id", extension.id), ("name", extension.name), ("sso_exemption", exemption.value)),
    )
