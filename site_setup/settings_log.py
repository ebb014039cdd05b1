"""Writes changes of settings into the log that administrators and managers read."""

from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

from clinic.audit_messages import build_change_message
from clinic.models import User

_TITLE_LENGTH = 200  # characters


def log_form(user: User, row: Model, form: Any, *, is_new: bool) -> None:
    """What the form changed, from what to what."""
    log_words(user, row, build_change_message(form, None, is_new=is_new), is_new=is_new)


def log_words(user: User, row: Model, words: str, *, is_new: bool = False) -> None:
    LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(row),
        object_id=str(row.pk),
        object_repr=str(row)[:_TITLE_LENGTH],
        action_flag=ADDITION if is_new else CHANGE,
        change_message=words,
    )
