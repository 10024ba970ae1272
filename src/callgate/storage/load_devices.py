"""Devices that wait for a person, as decisions see them. Opening a session for one: load_openings.py."""

from typing import Final

from callgate.model.device import PENDING_PER_APP_MAX, PENDING_PER_NETWORK_MAX, DeviceCode, DeviceState
from callgate.model.device_grant import DeviceAskFacts, DeviceAskLookup, DeviceHeldLookup, UserCodeFacts, UserCodeLookup
from callgate.storage.load_people import find_client
from callgate.storage.load_view import View
from callgate.storage.rows import columns, device_from

# `state = 1` is the condition of the indexes; counting goes no further than the bound, so that it costs no more.
WAITING: Final = f"""
SELECT
  (SELECT count(*) FROM (SELECT 1 FROM device_code WHERE state = 1 AND client_id = ? AND expires_ms > ?
      LIMIT {PENDING_PER_APP_MAX}) of_app),
  (SELECT count(*) FROM (SELECT 1 FROM device_code WHERE state = 1 AND network = ? AND expires_ms > ?
      LIMIT {PENDING_PER_NETWORK_MAX}) of_network)
"""
_BY_USER_CODE: Final = f"SELECT {columns(DeviceCode._fields)} FROM device_code WHERE user_code = ?"

_HELD: Final = f"SELECT 1 FROM device_code WHERE id = ? AND state <> {DeviceState.MOVED.value}"


def load_device_ask(view: View, lookup: DeviceAskLookup) -> DeviceAskFacts:
    """Answer `DeviceAskLookup`."""
    of_app, of_network = view.rows(WAITING, (lookup.client_id, view.now_ms, lookup.network, view.now_ms))[0]
    assert type(of_app) is int
    assert type(of_network) is int
    return DeviceAskFacts(view.now_ms, find_client(view, lookup.client_id), of_app, of_network)


def load_user_code(view: View, lookup: UserCodeLookup) -> UserCodeFacts:
    """Answer `UserCodeLookup`."""
    device = find_by_user_code(view, lookup.user_code)
    return UserCodeFacts(view.now_ms, device, find_client(view, device.client_id) if device else None)


def load_device_held(view: View, lookup: DeviceHeldLookup) -> bool:
    """Answer `DeviceHeldLookup`."""
    return view.row(_HELD, (lookup.row_id,)) is not None


def find_by_user_code(view: View, user_code: str) -> DeviceCode | None:
    """The device that a person was shown this code by, whatever became of it."""
    row = view.row(_BY_USER_CODE, (user_code,))
    return device_from(row) if row else None
