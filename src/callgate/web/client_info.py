"""The app of a token rendered (protocol.md I.4). Every link leads to this server."""

from callgate.service.client_info import ClientInfoShown
from callgate.web.links import JsonObject, Links, present

_LINKS_EXPIRE_IN_S = 1800
"""protocol.md I.4."""

_AGENT_CHARS_MAX = 256


def render_client_info(shown: ClientInfoShown, links: Links) -> JsonObject:
    """The app, what it calls itself, and where its person may be sent."""
    client = shown.client
    return {
        "uri": f"{links.base_url}/restapi/v1.0/client-info",
        "client": present(
            detected=bool(shown.user_agent),
            userAgent=shown.user_agent[:_AGENT_CHARS_MAX] or None,
            appId=client.id,
            appName=client.name,
            locale="en-US",
        ),
        "provisioning": {
            "interopClientIds": {},
            "webUris": {"expiresIn": _LINKS_EXPIRE_IN_S, "serviceWeb": links.base_url},
        },
    }
