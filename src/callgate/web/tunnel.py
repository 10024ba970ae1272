"""Methods in tunnels: for clients that can send no other than POST (protocol.md I.1)."""

from urllib.parse import parse_qsl

from callgate.model import api_faults
from callgate.model.decisions import Denied
from callgate.web.wire import Request

METHOD_OVERRIDE = b"x-http-method-override"
_PARAMETER = "_method"
_CHARS_MAX = 16


def tunnelled(request: Request) -> str | Denied:
    """The method a POST stands for: the field's or the parameter's, its own when there is neither.

    Any other method stands for itself: a link that is merely followed must delete nothing.
    """
    method = request.method
    if method != "POST":
        return method
    field = request.header(METHOD_OVERRIDE)
    named = {field.upper()} if field else set()
    if _PARAMETER.encode() in request.query:
        query = request.query.decode("ascii", "replace")
        named |= {value.upper() for name, value in parse_qsl(query) if name == _PARAMETER}
    if len(named) > 1:
        return Denied(fault=api_faults.METHODS_DIFFER)
    return named.pop()[:_CHARS_MAX] if named else "POST"
