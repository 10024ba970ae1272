"""When apps' secrets were last used: noted once an hour for each, after the reply, so that a job costs no write."""

from callgate.model.client import AuthMethod, Client
from callgate.model.client_secret import SecretActFacts, SecretActLookup, SecretUsed
from callgate.model.decisions import Done
from callgate.model.policy import CREDENTIAL_USE_STEP_MS
from callgate.service.context import Context
from callgate.storage.port import Unit

_BY_SECRET = frozenset({AuthMethod.CLIENT_SECRET_BASIC, AuthMethod.CLIENT_SECRET_JWT})


def note_use(context: Context, client: Client, *, former: bool) -> None:
    """Something was done for who proved themselves by the app's secret, or by its former one."""
    if client.auth_method not in _BY_SECRET:
        return
    now_ms, which = context.clock.now_ms(), (client.id, client.version, former)
    noted_ms = context.secret_uses.get(which)
    if noted_ms is not None and now_ms < noted_ms + CREDENTIAL_USE_STEP_MS:
        return
    context.secret_uses.put(which, now_ms)

    def decide(facts: SecretActFacts) -> Done:
        return Done((SecretUsed(client, former, facts.now_ms),))

    context.later(context.store.run(Unit(SecretActLookup(client.id), decide)))
