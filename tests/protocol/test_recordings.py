"""Recordings: whose a bearer may know of, and what is said of their sound."""

import pytest

from callgate.model import api_faults, operation
from callgate.model.calls import Recording, RecordingType
from callgate.model.decisions import Denied
from callgate.protocol.recordings import reach, refuse_sound
from callgate.protocol.resources import Subject, judge
from tests.protocol.bearers import ACCOUNT, AGENT, admit

SCOPE = "ReadCallRecording"


@pytest.mark.parametrize(
    ("permissions", "whose"),
    [
        ({"ReadCallRecording"}, AGENT),
        ({"ReadCallRecording", "ReadCompanyCallLog"}, AGENT),
        ({"FullCompanyCallLog"}, None),
    ],
)
def test_recordings_are_ones_own_without_the_full_log(permissions: set[str], whose: object) -> None:
    """Reading the company's log shows that a call was recorded, and no more."""
    admitted = admit(scope=SCOPE, app_scopes=(SCOPE,), permissions=frozenset(permissions))
    assert judge(admitted, operation.READ_RECORDING) == Subject(ACCOUNT, None)
    assert reach(admitted) == whose


def test_reading_the_log_does_not_read_recordings() -> None:
    """The platform's own line: view only, or with recordings."""
    judged = judge(
        admit(scope=SCOPE, app_scopes=(SCOPE,), permissions=frozenset({"ReadCompanyCallLog"})), operation.READ_RECORDING
    )
    assert isinstance(judged, Denied)
    assert (judged.fault, judged.values) == (api_faults.PERMISSION_MISSING, (("permissionName", "ReadCallRecording"),))


@pytest.mark.parametrize(("url", "place"), [(None, ""), ("https://pbx.example/1", "; it was at https://pbx.example/1")])
def test_place_of_the_sound_is_said_where_it_is_known(url: str | None, place: str) -> None:
    """In the message itself."""
    denied = refuse_sound(Recording("1", RecordingType.AUTOMATIC, sound_url=url))
    assert (denied.fault, dict(denied.values)["place"]) == (api_faults.RECORDING_ELSEWHERE, place)
