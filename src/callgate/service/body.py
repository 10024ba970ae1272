"""JSON bodies of the resource API: read strictly, or refused in its words."""

from collections.abc import Mapping

from callgate.crypto.strict_json import CONTAINERS_MAX, parse_object
from callgate.model import api_faults
from callgate.model.decisions import Denied
from callgate.service.resources import Asked


def read_object(asked: Asked, *, containers_max: int = CONTAINERS_MAX) -> Mapping[str, object] | Denied:
    """The JSON object of a request, or why it is none."""
    if asked.content_type.partition(";")[0].strip().lower() != "application/json":
        return Denied(fault=api_faults.BODY_NOT_JSON)
    found = parse_object(asked.body, containers_max=containers_max)
    return Denied(fault=api_faults.BODY_MALFORMED) if found is None else found
