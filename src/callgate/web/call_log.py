"""The call log rendered: records, legs, pages and their links (protocol.md I.5)."""

from callgate.model.call_log import CallLogQuery, View
from callgate.model.calls import CallRecord, Leg, Party, Segment
from callgate.model.ids import AccountId
from callgate.model.instant import render_instant
from callgate.service.call_log import CallLogShown, CallShown
from callgate.web.links import JsonObject, Links, present, with_query
from callgate.web.paging import render_navigation, render_paging
from callgate.web.recordings import render_named


def render_call_log(shown: CallLogShown, links: Links) -> JsonObject:
    """A page: unlike other lists it has no totals and no last page."""
    query, records = shown.query, shown.facts.records

    def address(number: int) -> str:
        return _page_uri(query, links, number=number)

    return {
        "uri": address(query.page.number),
        "records": [render_call(CallShown(record, query.extension_id, query.view), links) for record in records],
        "paging": render_paging(query.page, elements=len(records)),
        "navigation": render_navigation(query.page, address, more=shown.facts.more),
    }


def render_call(shown: CallShown, links: Links) -> JsonObject:
    """One record, in either view."""
    record, detailed = shown.record, shown.view is View.DETAILED
    address = f"{links.call_log(record.account_id, shown.extension_id)}/{record.name}"
    return {
        "uri": with_query(address, [("view", shown.view.value)]),
        "id": record.name,
        "sessionId": record.session_id,
        **_render_segment(record.segment, record.account_id, links=links),
        **present(
            partyId=record.party_id,
            metadataCategories=list(record.metadata_categories) or None,
            deleted=record.deleted or None,
        ),
        **(_render_details(record, links) if detailed else {}),
    }


def _render_details(record: CallRecord, links: Links) -> JsonObject:
    return {
        **_render_billing(record.segment),
        "lastModifiedTime": render_instant(record.last_modified_ms),
        "legs": [_render_leg(leg, record.account_id, links=links) for leg in record.legs],
    }


def _render_leg(leg: Leg, account_id: AccountId, *, links: Links) -> JsonObject:
    return {
        **_render_segment(leg.segment, account_id, links=links),
        "legType": leg.leg_type,
        **present(master=leg.master or None),
        **_render_billing(leg.segment),
    }


def _render_segment(segment: Segment, account_id: AccountId, *, links: Links) -> JsonObject:
    delegate = segment.delegate
    return present(
        telephonySessionId=segment.telephony_session_id,
        startTime=render_instant(segment.started_ms),
        duration=segment.duration_ms // 1000,
        durationMs=segment.duration_ms,
        type=segment.type.value,
        internalType=segment.internal_type,
        direction=segment.direction.value,
        action=segment.action,
        result=segment.result,
        reason=segment.reason,
        reasonDescription=segment.reason_description,
        to=_render_party(segment.recipient, account_id, links=links, dialed="dialedPhoneNumber"),
        **{"from": _render_party(segment.sender, account_id, links=links, dialed="dialerPhoneNumber")},
        extension=_render_owner(segment, account_id, links=links),
        transport=segment.transport.value if segment.transport else None,
        recording=render_named(segment.recording, account_id, links=links),
        shortRecording=segment.short_recording or None,
        message=_render_message(segment, account_id, links=links),
        delegate={"id": delegate.id, "name": delegate.name} if delegate else None,
        delegationType=delegate.type if delegate else None,
        transferTarget=_render_session(segment.transfer_target),
        transferee=_render_session(segment.transferee),
        sipUuidInfo=segment.sip_uuid_info,
    )


def _render_owner(segment: Segment, account_id: AccountId, *, links: Links) -> JsonObject | None:
    owner = segment.extension_id
    return None if owner is None else {"uri": links.extension(account_id, owner), "id": owner}


def _render_party(party: Party, account_id: AccountId, *, links: Links, dialed: str) -> JsonObject:
    device = party.device_id
    return present(
        phoneNumber=party.phone_number,
        extensionNumber=party.extension_number,
        extensionId=str(party.extension_id) if party.extension_id is not None else None,
        name=party.name,
        location=party.location,
        device={"id": device, "uri": f"{links.account(account_id)}/device/{device}"} if device else None,
        **{dialed: party.dialed},
    )


def _render_message(segment: Segment, account_id: AccountId, *, links: Links) -> JsonObject | None:
    message = segment.message
    if message is None:
        return None
    owner = segment.extension_id
    home = links.account(account_id) if owner is None else links.extension(account_id, owner)
    address = f"{home}/message-store/{message.id}"
    return {"uri": address, "id": message.id, "type": message.type}


def _render_session(telephony_session_id: str | None) -> JsonObject | None:
    return {"telephonySessionId": telephony_session_id} if telephony_session_id else None


def _render_billing(segment: Segment) -> JsonObject:
    billing = segment.billing
    if billing is None:
        return {}
    return {"billing": {"costIncluded": billing.cost_included, "costPurchased": billing.cost_purchased}}


def _page_uri(query: CallLogQuery, links: Links, *, number: int) -> str:
    """The address of a page, with every filter as it was understood: it asks for the same calls tomorrow."""
    pairs = [*_filter_pairs(query), ("page", str(number)), ("perPage", str(query.page.size))]
    return with_query(links.call_log(query.account_id, query.extension_id), pairs)


def _filter_pairs(query: CallLogQuery) -> list[tuple[str, str]]:
    filters = query.filters
    single = (
        ("extensionNumber", filters.extension_number),
        ("phoneNumber", filters.phone_number),
        ("recordingType", filters.recording.value if filters.recording else None),
        ("dateFrom", render_instant(filters.span.from_ms) if filters.span else None),
        ("dateTo", render_instant(filters.span.to_ms) if filters.span else None),
        ("sessionId", filters.session_id),
        ("telephonySessionId", filters.telephony_session_id),
        ("showBlocked", "false" if not filters.show_blocked else None),
        ("showDeleted", "true" if filters.show_deleted else None),
    )
    return [
        ("view", query.view.value),
        *(("direction", value) for value in sorted(direction.value for direction in filters.directions)),
        *(("type", value) for value in sorted(kind.value for kind in filters.types)),
        *(("transport", value) for value in sorted(transport.value for transport in filters.transports)),
        *(("metadataCategory", value) for value in sorted(filters.metadata_categories)),
        *((name, value) for name, value in single if value is not None),
    ]
