"""What became of call records that a telephone system told of, in the order in which it told them."""

from callgate.model.decisions import Denied
from callgate.service.call_records import CallsNoted, RecordNoted
from callgate.web.envelope import message_of
from callgate.web.links import JsonObject, Links, present


def render_noted(noted: CallsNoted, links: Links) -> JsonObject:
    """Each record's status; one that was not stored says why, as a refusal of the API does."""
    log = links.call_log(noted.account_id, None)
    return {"uri": log, "records": [_render(record, log) for record in noted.records]}


def _render(record: RecordNoted, log: str) -> JsonObject:
    outcome = record.outcome
    if not isinstance(outcome, Denied):
        return present(uri=f"{log}/{record.name}", id=record.name, status=outcome.value)
    values = dict(outcome.values)
    return present(
        id=record.name,
        status="Rejected",
        errorCode=outcome.fault.code,
        message=message_of(outcome.fault, outcome.values),
        parameterName=values.get("parameterName"),
    )
