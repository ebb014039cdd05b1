"""Compares what is read with the facts of messages by others, where their folder stands beside the checkout."""

import json
from pathlib import Path
from typing import Any

from exchange.hl7.reading.facts import ReadMessage
from exchange.hl7.reading.reader import read_message

_ROOT = Path(__file__).parents[3]
_FOLDERS = [parent / "shared" / "data" / "hl7" for parent in (_ROOT.parent, _ROOT.parent.parent)]


def load_shared(name: str) -> list[dict[str, Any]]:
    """The rows of a file of the shared folder; none, said aloud, where there is no such folder."""
    found = next((folder / name for folder in _FOLDERS if (folder / name).exists()), None)
    if found is None:
        print(f"No {name} beside this checkout: nothing compared.")  # the reader of the run is told
        return []
    return [json.loads(line) for line in found.read_text(encoding="utf-8").splitlines()]


def _facts(read: ReadMessage) -> dict[str, Any]:
    header = read.header
    facts: dict[str, Any] = {
        "sending_app": header.sending_application, "sending_facility": header.sending_facility,
        "message_datetime": header.sent_at, "type": header.type, "control_id": header.control_id,
        "processing_id": header.processing_id, "version": header.version, "charset": header.charset,
        "encoding_chars": header.delimiters, "segments": list(read.segments),
    }  # fmt: skip
    return facts | _patient_facts(read) | _order_facts(read) | _visit_facts(read)


def _patient_facts(read: ReadMessage) -> dict[str, Any]:
    if not read.patients:
        return {}
    patient = read.patients[0]
    name, numbers = patient.name, patient.record_numbers
    merged = {"merge_prior_id": next((one.value for one in read.merges[0].prior), "")} if read.merges else {}
    return merged | {
        "identifiers": [
            {"field": one.field, "value": one.value, "authority": one.authority, "type": one.type}
            for one in patient.identifiers
        ],
        "mrn": numbers[0].value if numbers else None,
        "family": name.family, "given": name.given, "middle": name.middle, "suffix": name.suffix,
        "prefix": name.prefix, "name_repetitions": len(patient.names), "birth_raw": patient.birth_raw,
        "birth_date": patient.birth_date.isoformat() if patient.birth_date else None, "sex": patient.sex,
        "address": list(patient.address.parts), "phones": [phone.number for phone in patient.phones],
        "emails": list(patient.emails), "language": patient.language, "death_indicator": patient.death_indicator,
    }  # fmt: skip


def _order_facts(read: ReadMessage) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if read.orders:
        facts["orders"] = [
            {"control": one.control, "placer": one.placer, "filler": one.filler, "status": one.status}
            for one in read.orders
        ]
    if "OBR" in read.segments:
        facts["obr"] = [
            {"placer": one.placer, "filler": one.filler, "code": one.procedure.code, "text": one.procedure.text,
             "observed": one.observed, "result_status": one.status}
            for one in read.reports
        ]  # fmt: skip
    if read.observations:
        texts = [one.text for one in read.observations if one.value_type not in ("NM", "ED", "TS", "DT") and one.text]
        statuses = sorted({one.status for one in read.observations})
        facts |= {"obx_count": len(read.observations), "obx_statuses": statuses, "report_text": "\n".join(texts)}
    return facts


def _visit_facts(read: ReadMessage) -> dict[str, Any]:
    visit = read.visit
    if visit is None:
        return {}
    return {
        "placer_appt_id": visit.placer_id, "filler_appt_id": visit.filler_id, "appt_reason": visit.reason,
        "appt_type": visit.type, "appt_duration": visit.duration, "appt_duration_units": visit.duration_units,
        "appt_start_SCH11": visit.sch_start, "appt_end_SCH11": visit.sch_end, "filler_status": visit.status,
        "appt_start_TQ1": visit.tq1_start, "appt_end_TQ1": visit.tq1_end, "locations": list(visit.locations),
        "ais": [
            {"service": one.service.text or one.service.code, "start": one.start, "duration": one.duration,
             "units": one.units, "status": one.status}
            for one in visit.services
        ],
    }  # fmt: skip


def test_the_facts_of_messages_by_others_are_read_as_they_say() -> None:
    for row in load_shared("messages.jsonl"):
        read = read_message(row["message"].encode())
        expected = {name: value for name, value in row["facts"].items() if name != "event_meaning"}
        assert _facts(read) == expected, row["id"]
        assert read.faults == (), row["id"]


def test_broken_messages_by_others_are_read_without_a_crash_and_say_why() -> None:
    for row in load_shared("broken.jsonl"):
        read = read_message(row["message"].encode())
        is_unknown_type = any("unusual" in why and "short" not in why for why in row["why"])
        assert read.faults or (is_unknown_type and read.header.type), row["id"]
