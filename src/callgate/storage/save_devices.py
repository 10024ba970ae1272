"""Device codes written: issued, answered once, used once."""

from typing import Final

from callgate.model.device import DeviceCode, DeviceState
from callgate.model.device_grant import DeviceApproved, DeviceCodeIssued, DeviceCodeUsed, DeviceDenied, DeviceMoved
from callgate.storage.pen import Pen
from callgate.storage.rows import columns, marks, row_of

_APPROVAL: Final = DeviceCode._fields[DeviceCode._fields.index("account_id") :]

_ISSUE: Final = f"INSERT INTO device_code ({columns(DeviceCode._fields)}) VALUES ({marks(DeviceCode._fields)})"
_APPROVE: Final = f"""
UPDATE device_code SET {", ".join(f"{field} = ?" for field in _APPROVAL)}, state = ? WHERE id = ? AND state = ?
"""
_MOVE: Final = "UPDATE device_code SET state = ? WHERE id = ? AND state = ?"


def issue_device_code(pen: Pen, change: DeviceCodeIssued) -> None:
    """Insert the row; its user code may be taken."""
    pen.write(_ISSUE, row_of(change.device))


def approve_device(pen: Pen, change: DeviceApproved) -> None:
    """Note who said yes."""
    before, after = change.before, change.after
    approval = row_of(after)[-len(_APPROVAL) :]
    pen.swap(_APPROVE, (*approval, after.state.value, before.id, before.state.value))


def deny_device(pen: Pen, change: DeviceDenied) -> None:
    """Note that somebody said no."""
    pen.swap(_MOVE, (DeviceState.DENIED.value, change.before.id, change.before.state.value))


def use_device_code(pen: Pen, change: DeviceCodeUsed) -> None:
    """Spend it; spent already is a conflict."""
    pen.swap(_MOVE, (DeviceState.USED.value, change.before.id, change.before.state.value))


def move_device(pen: Pen, change: DeviceMoved) -> None:
    """Note that it waits at another cell, or here again; answered meanwhile is a conflict."""
    before, after = change.before, change.after
    pen.swap(_MOVE, (after.state.value, before.id, before.state.value))
