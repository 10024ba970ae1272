"""The ID token that an app shows as a hint, checked: by whom it was signed, about whom it is."""

from callgate.crypto.id_token import IdTokenRead, id_token_holds, read_id_token
from callgate.crypto.jws import HmacSecret
from callgate.crypto.signing_keys import SigningKey
from callgate.model.client import Switch
from callgate.model.evidence import IdTokenHint
from callgate.model.ids import ClientId, ExtensionId, read_id
from callgate.model.lookups import ClientLookup
from callgate.service.client import hmac_secret
from callgate.service.context import Context


async def read_hint(context: Context, text: str | None) -> IdTokenHint | None:
    """What an ID token of ours says, expired or not; None when it is none, or its key is forgotten by now.

    Raises Unavailable.
    """
    read = read_id_token(text, issuer=context.policy.issuer) if text else None
    subject = read_id(read.subject) if read else None
    if read is None or subject is None:
        return None
    signer = await _signer(context, read)
    if signer is None or not id_token_holds(read, signer):
        return None
    return IdTokenHint(ExtensionId(subject), ClientId(read.audience))


async def _signer(context: Context, read: IdTokenRead) -> SigningKey | HmacSecret | None:
    if not read.by_secret:
        rings = context.keeper.rings
        return rings.id_rs256.by_kid(read.kid) or rings.id_es256.by_kid(read.kid)
    client, keys = await context.store.read(ClientLookup(ClientId(read.audience[:128])))
    if client is None or keys is None or Switch.ID_TOKEN_HS256 not in client.switches:
        return None
    return hmac_secret(context, client, keys)
