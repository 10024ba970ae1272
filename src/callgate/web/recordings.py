"""Recordings of calls rendered (protocol.md I.5): what is known of them, the address of their sound being our own."""

from callgate.model.calls import Recording
from callgate.model.ids import AccountId
from callgate.service.recordings import RecordingShown
from callgate.web.links import JsonObject, Links, present


def render_recording(shown: RecordingShown, links: Links) -> JsonObject:
    """One recording; what nobody told of it is left out."""
    recording = shown.recording
    return present(
        **render_addresses(recording, shown.account_id, links=links),
        contentType=recording.content_type,
        duration=recording.duration_s,
    )


def render_named(recording: Recording | None, account_id: AccountId, *, links: Links) -> JsonObject | None:
    """The same as a record of the call log names it."""
    if recording is None:
        return None
    return {**render_addresses(recording, account_id, links=links), "type": recording.type.value}


def render_addresses(recording: Recording, account_id: AccountId, *, links: Links) -> JsonObject:
    """Its id, and where it is."""
    address = f"{links.account(account_id)}/recording/{recording.id}"
    return {"uri": address, "id": recording.id, "contentUri": f"{address}/content"}
