"""What a wrong patient was sent and told about an exam that has since been moved to the patient it belongs to."""

from collections.abc import Sequence
from datetime import datetime

from recalls.models import Recall
from recalls.presenters.datetime_display import DisplayDateTime, display_datetime
from recalls.timeline_registry import collect_entries


def is_exam_moved(recall: Recall) -> bool:
    """Whether the exam belongs to another patient than the recall: then nothing of it is shown here."""
    return bool(recall.exam.patient_id != recall.patient_id)


def build_sent_and_told(recall: Recall, now: datetime) -> Sequence[tuple[DisplayDateTime, str]]:
    """Messages, contacts and results told, the newest first, each with its time and in words.

    One query of each timeline provider.
    """
    site = recall.site
    sent = [(entry.at, str(entry.title)) for entry in collect_entries(recall)]
    said = [
        (attempt.at, f"{attempt.get_channel_display()}: {attempt.get_result_display()}, {attempt.by}")
        for attempt in recall.contact_attempts.all()
    ]
    told = [(row.told_at, f"{row.get_method_display()}, {row.told_by}") for row in recall.disclosures.all()]
    lines = sorted([*sent, *said, *told], key=lambda line: line[0], reverse=True)
    return [(display_datetime(site, at, now), words) for at, words in lines]
