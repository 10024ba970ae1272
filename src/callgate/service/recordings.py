"""What is known of calls' recordings, read for a bearer: judged, loaded, and given to be rendered."""

from typing import NamedTuple

from callgate.model import operation
from callgate.model.call_log import RecordingLookup
from callgate.model.calls import Recording
from callgate.model.decisions import Admitted, Denied
from callgate.model.ids import AccountId
from callgate.model.operation import Operation
from callgate.protocol.recordings import no_such_recording, reach, refuse_sound
from callgate.protocol.resources import judge
from callgate.service.context import Context
from callgate.service.resources import Asked


class RecordingShown(NamedTuple):
    """A recording, and whose calls' it is."""

    account_id: AccountId
    recording: Recording


async def read_recording(context: Context, admitted: Admitted, asked: Asked) -> RecordingShown | Denied:
    """`GET account/{accountId}/recording/{recordingId}`. Raises Unavailable."""
    return await _read(context, admitted, asked, wanted=operation.READ_RECORDING)


async def read_recording_content(context: Context, admitted: Admitted, asked: Asked) -> Denied:
    """`GET account/{accountId}/recording/{recordingId}/content`: told where that is. Raises Unavailable."""
    shown = await _read(context, admitted, asked, wanted=operation.READ_RECORDING_CONTENT)
    return shown if isinstance(shown, Denied) else refuse_sound(shown.recording)


async def _read(context: Context, admitted: Admitted, asked: Asked, *, wanted: Operation) -> RecordingShown | Denied:
    subject = judge(admitted, wanted, account=asked.account)
    if isinstance(subject, Denied):
        return subject
    lookup = RecordingLookup(subject.account_id, reach(admitted), asked.item or "")
    recording = (await context.store.read(lookup)).recording
    return RecordingShown(subject.account_id, recording) if recording else no_such_recording()
