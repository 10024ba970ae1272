"""Recordings of calls (protocol.md I.5): whose a bearer may know of, and why nobody gets their sound here.

Who may ask at all stands in protocol/resources.py.
"""

from callgate.model import api_faults
from callgate.model.calls import Recording
from callgate.model.decisions import Admitted, Denied
from callgate.model.ids import ExtensionId
from callgate.model.permission import holds
from callgate.protocol.resources import no_such

_EVERYBODYS = ("FullCompanyCallLog",)


def reach(admitted: Admitted) -> ExtensionId | None:
    """Of whose calls the recordings are told: everybody's (None), or the bearer's own."""
    return None if holds(admitted.role.permissions, _EVERYBODYS) else admitted.extension.id


def no_such_recording() -> Denied:
    """There is no such recording among those calls."""
    return no_such("recordingId", why="no call whose recordings the caller may know of has one of this id")


def refuse_sound(recording: Recording) -> Denied:
    """The sound is elsewhere. Said, and not a redirect: with that, the caller's token would go along."""
    place = f"; it was at {recording.sound_url}" if recording.sound_url else ""
    values = (("parameterName", "recordingId"), ("place", place))
    return Denied(fault=api_faults.RECORDING_ELSEWHERE, values=values)
