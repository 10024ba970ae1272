"""Signing out: the browser's sign-in ends."""

from functools import partial

from callgate.model.ids import ClientId
from callgate.model.lookups import AuthorizeLookup
from callgate.protocol import sign_out as protocol
from callgate.service.browser import SignInKey
from callgate.service.context import Context
from callgate.storage.port import Unit

_NO_APP = ClientId("")


async def end_sign_in(context: Context, key: SignInKey | None) -> None:
    """End the sign-in that a browser's cookie opens, if it still opens one. Raises Unavailable."""
    if key is None:
        return
    lookup = AuthorizeLookup(_NO_APP, (key.account_id, key.row_id))
    await context.store.run(Unit(lookup, partial(protocol.end_sign_in, key.secret)))
