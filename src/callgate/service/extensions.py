"""Extensions made for a bearer: judged, written in their name, and given to be rendered."""

from callgate.crypto.entropy import draw_id
from callgate.model import operation
from callgate.model.account import Extension
from callgate.model.acts import ExtensionActLookup
from callgate.model.decisions import Admitted, Denied
from callgate.model.directory import ListedExtension
from callgate.model.ids import AccountId, ExtensionId, RoleId
from callgate.model.roles import DefaultRoleLookup
from callgate.protocol.administer.extensions import login_of
from callgate.protocol.administer.roles import STANDARD
from callgate.protocol.extensions import ExtensionWish, create_extension, parse_new_extension
from callgate.protocol.resources import judge
from callgate.service.body import read_object
from callgate.service.context import Context
from callgate.service.resources import Asked, ExtensionShown
from callgate.storage.port import Unit


async def add_extension(context: Context, admitted: Admitted, asked: Asked) -> ExtensionShown | Denied:
    """`POST account/{accountId}/extension`. Raises Unavailable."""
    subject = judge(admitted, operation.CREATE_EXTENSION, account=asked.account)
    if isinstance(subject, Denied):
        return subject
    body = read_object(asked)
    if isinstance(body, Denied):
        return body
    wish = parse_new_extension(body)
    if isinstance(wish, Denied):
        return wish
    default = (await context.store.read(DefaultRoleLookup(subject.account_id))).role or STANDARD
    extension = _extension(
        wish,
        account_id=subject.account_id,
        extension_id=ExtensionId(draw_id(context.entropy)),
        role_id=default.id,
    )
    lookup = ExtensionActLookup(
        account_id=subject.account_id,
        extension_id=extension.id,
        login=login_of(extension),
        role_id=default.id,
        giver_id=admitted.extension.id,
    )
    by = str(admitted.extension.id)
    decided = await context.store.run(Unit(lookup, lambda facts: create_extension(extension, facts=facts, by=by)))
    if isinstance(decided, Denied):
        return decided
    return ExtensionShown(admitted.account, ListedExtension(extension, None, has_password=False), own=False)


def _extension(wish: ExtensionWish, *, account_id: AccountId, extension_id: ExtensionId, role_id: RoleId) -> Extension:
    return Extension(
        id=extension_id,
        account_id=account_id,
        number=wish.number,
        type=wish.type,
        status=wish.status,
        first_name=wish.first_name,
        last_name=wish.last_name,
        email=wish.email,
        role_id=role_id,
        password_version=1,
        sessions_from_ms=0,
        version=1,
    )
