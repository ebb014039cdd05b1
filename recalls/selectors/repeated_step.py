"""Finds the same step that the same person saved just before: a form that the browser's Back brought again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from clinic.models import User
from recalls import contact_ladder
from recalls.models import ContactAttempt, Recall, RecallEvent
from recalls.workflow import STEPS_BY_NAME

ASK_WITHIN = timedelta(minutes=5)
DOUBLE_CLICK = timedelta(seconds=3)  # a form sent twice within it is one save


@dataclass(frozen=True, slots=True)
class RepeatedStep:
    """What was saved before; `version` is the recall's after it, `at` is UTC."""

    label: Any
    at: datetime
    version: int


def find_repeated_step(recall: Recall, user: User, step: str, key: str, fields: dict[str, Any]) -> RepeatedStep | None:
    """The step that this one would repeat, None where it is a new one or the second half of a double click.

    Either the form was carried out already (`key`), or the person logged the same result of the same call (`fields` of
    the form) within some minutes. No query for a recall with its events and contact attempts.
    """
    now = timezone.now()
    event = next((row for row in recall.events.all() if key and row.request_key == key), None)
    attempt = _same_attempt(recall, user, fields) if step == "log_contact" else None
    if event is not None:
        is_same = attempt is not None and attempt.pk == event.data.get("attempt") and attempt.note == fields["note"]
        if now - event.at <= DOUBLE_CLICK and (is_same or step != "log_contact"):
            return None
        return RepeatedStep(_label(recall, event), event.at, event.version)
    if attempt is None or now - attempt.at > ASK_WITHIN:
        return None
    event = next(row for row in recall.events.all() if row.data.get("attempt") == attempt.pk)
    return RepeatedStep(_label(recall, event), event.at, event.version)


def _same_attempt(recall: Recall, user: User, fields: dict[str, Any]) -> ContactAttempt | None:
    """The newest attempt, where it is this person's and says the same of the same number."""
    newest = next(reversed(contact_ladder.current_ladder_attempts(recall)), None)
    if newest is None or newest.user_id != user.pk:
        return None
    is_same = (newest.channel, newest.result) == (fields["channel"], fields["result"])
    return newest if is_same and newest.point in ("", fields["point"]) else None


def _label(recall: Recall, event: RecallEvent) -> Any:
    attempts = (row for row in recall.contact_attempts.all() if row.pk == event.data.get("attempt"))
    attempt = next(attempts, None)
    return attempt.get_result_display() if attempt else STEPS_BY_NAME[event.step].label
