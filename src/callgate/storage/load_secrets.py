"""What is known of apps' secrets, but for the secrets."""

from typing import Final, cast

from callgate.model.client_secret import SecretActFacts, SecretActLookup, SecretDates
from callgate.storage.load_people import find_client
from callgate.storage.load_view import View

_DATES: Final = """
SELECT secret_made_ms, secret_used_ms, former_until_ms, former_used_ms FROM client WHERE id = ?
"""


def load_secret_act(view: View, lookup: SecretActLookup) -> SecretActFacts:
    """Answer `SecretActLookup`."""
    row = view.row(_DATES, (lookup.client_id,)) or (None, None, None, None)
    dates = SecretDates._make(cast("tuple[int | None, ...]", row))
    return SecretActFacts(view.now_ms, find_client(view, lookup.client_id), dates)
