"""Put recalls into words and plain values for pages, the admin and commands, without queries."""

from desk.languages import language_name
from recalls.presenters.datetime_display import DisplayDateTime, TimeRemaining, display_datetime, time_remaining
from recalls.presenters.history import RecallHistoryLine, build_recall_history
from recalls.presenters.next_action import NextActionFacts, collect_next_action_facts, describe_next_action
from recalls.presenters.queue_rows import QueueRow, build_queue_rows, empty_queue_text
from recalls.presenters.recall_header import (
    build_contact_ladder,
    build_patient_header,
    build_recall_reason,
    build_recall_status,
)
from recalls.presenters.steps import StepMenu, StepOption, build_step_menu, build_step_option

__all__ = [
    "DisplayDateTime",
    "NextActionFacts",
    "QueueRow",
    "RecallHistoryLine",
    "StepMenu",
    "StepOption",
    "TimeRemaining",
    "build_contact_ladder",
    "build_patient_header",
    "build_queue_rows",
    "build_recall_history",
    "build_recall_reason",
    "build_recall_status",
    "build_step_menu",
    "build_step_option",
    "collect_next_action_facts",
    "describe_next_action",
    "display_datetime",
    "empty_queue_text",
    "language_name",
    "time_remaining",
]
