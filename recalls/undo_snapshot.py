"""Records in a step's event what the step changed on the recall, so that it can be undone within seconds.

The snapshot is part of the step's hashed event; an undo adds an event and removes nothing from the history.
Which steps can be undone is written in the workflow table: an outcome as long as nobody was told of it, but no
amendment, signature, moved visit or death, which are corrected by a step of their own.
"""

from datetime import date, datetime, timedelta
from typing import Any

from clinic.queries.related_rows import read_related
from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, BOOKED_STATES, STATES_KEEPING_APPOINTMENT
from recalls.models import Recall, RecallEvent

UNDO_WINDOW = timedelta(seconds=10)
SNAPSHOT_KEY = "before"  # the key in the event's data
# Columns that no step changes, or that the event or the closing event already holds.
_EXCLUDED_FIELDS = frozenset(
    {"id", "site_id", "patient_id", "exam_id", "state", "version", "head_hash", "changed_at", "closure_note"}
)


def take_snapshot(recall: Recall) -> dict[str, Any]:
    """The columns that a step may change, and the booked visit with its status."""
    names = [field.attname for field in Recall._meta.concrete_fields if field.attname not in _EXCLUDED_FIELDS]
    stands = {name: getattr(recall, name) for name in names}
    if recall.state in (*BOOKED_STATES, *STATES_KEEPING_APPOINTMENT):
        visits = read_related(recall, "appointments")
        active = (visit for visit in visits if visit.status in ACTIVE_APPOINTMENT_STATUSES)
        stands["visit"] = next(([visit.pk, str(visit.status)] for visit in active), None)
    return stands


def diff_snapshot(before: dict[str, Any], recall: Recall) -> dict[str, Any]:
    """The columns of `before` that differ now, and always the visit, as values for JSON."""
    return {
        name: _to_json_value(was) for name, was in before.items() if name == "visit" or was != getattr(recall, name)
    }


def fields_before_step(event: RecallEvent) -> dict[str, Any]:
    """The columns as they were before the step, to be set on the recall."""
    kept = {name: was for name, was in event.data[SNAPSHOT_KEY].items() if name != "visit"}
    fields = {field.attname: field for field in Recall._meta.concrete_fields}
    return {name: fields[name].to_python(was) for name, was in kept.items()}


def can_be_undone(event: RecallEvent, user_id: int, now: datetime) -> bool:
    """Whether the page should offer it: the person's own step, a kind that can be undone, within the seconds."""
    return event.user_id == user_id and SNAPSHOT_KEY in event.data and now - event.at <= UNDO_WINDOW


def _to_json_value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
