"""Opens one work item for each recall with letters to print, and closes it when none waits."""

from django.utils.translation import gettext as _

from clinic.actors import Actor
from clinic.models import User
from notifications.enums import NotificationState
from notifications.models import Notification
from recalls.actions import finish_work_item, open_work_item
from recalls.enums import WorkItemKind
from recalls.models import Recall, WorkItem


def open_print_work_item(recall: Recall, row: Notification) -> None:
    words = _("“%(message)s” waits under “Letters”.") % {"message": row.get_kind_display()}
    open_work_item(recall, WorkItemKind.PRINT_LETTER, words)


def close_print_work_items_if_done(recall_id: int, *, by: User | Actor) -> None:
    if not Notification.objects.filter(recall=recall_id, state=NotificationState.TO_PRINT).exists():
        for item in WorkItem.objects.filter(recall=recall_id, kind=WorkItemKind.PRINT_LETTER, done_at=None):
            finish_work_item(item, by=by)
