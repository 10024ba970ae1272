"""What an app is told of itself and of where its person's own links lead (protocol.md I.4)."""

# ruff: noqa: ARG001 - every answer is called alike, with the context and with what is asked

from typing import NamedTuple

from callgate.model import operation
from callgate.model.client import Client
from callgate.model.decisions import Admitted, Denied
from callgate.protocol.resources import judge
from callgate.service.context import Context
from callgate.service.resources import Asked


class ClientInfoShown(NamedTuple):
    """The app of a token, as it called itself in the request."""

    client: Client
    user_agent: str


async def read_client_info(context: Context, admitted: Admitted, asked: Asked) -> ClientInfoShown | Denied:
    """`GET client-info`."""
    subject = judge(admitted, operation.READ_CLIENT_INFO)
    return subject if isinstance(subject, Denied) else ClientInfoShown(admitted.client, asked.user_agent)
