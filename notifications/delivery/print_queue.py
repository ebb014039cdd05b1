"""Lists the letters to print, makes their PDF, and records which of them were printed or reprinted.

Each letter is asked once more whether it is true before it goes into a PDF. What was said to be printed counts as
sent; the copy that was printed is kept and a reprint is made from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils import timezone

from clinic.actors import SYSTEM
from clinic.models import Site, User
from notifications.delivery import attempts
from notifications.delivery.failures import DeliveryFailure, render_failure
from notifications.enums import AttemptResult, Channel, NotificationKind, NotificationState
from notifications.models import BatchLetter, LetterBatch, Notification, RenderedMessage
from notifications.planning import print_work_items, reconcile
from notifications.planning.channel_selection import select_channel
from notifications.planning.plan import find_planned_message
from notifications.planning.snapshot import load_snapshot
from notifications.rendering import letter_pdf
from notifications.tracking_numbers import with_tracking_number
from patients.channels import get_patient_channels
from recalls.actions.contact import log_printed_letter
from recalls.models import Recall

MAX_LETTERS_PER_PDF = 200  # letters in one PDF
SHOWN_BATCHES = 5
REPRINT_PERIOD = timedelta(days=14)  # printed letters that the page still offers


@dataclass(frozen=True, slots=True)
class PrintBatch:
    """A PDF (empty when no letter was left) and the letters that are in it.

    `failed` could not be written: each went another way, or a task asks for a person. `dropped_count` is that of the
    letters that were not true any more.
    """

    pdf: bytes
    notifications: Sequence[Notification]
    failed: Sequence[Notification]
    dropped_count: int


@dataclass(frozen=True, slots=True)
class WrittenLetter:
    """The stored copy of a letter and its own PDF."""

    copy: RenderedMessage
    pdf: bytes


def get_letters_to_print(user: User) -> QuerySet[Notification]:
    """Urgent ones first, then the oldest; without those that a batch is being made of, so that none prints twice."""
    waiting = _notifications_visible_to(user).filter(state=NotificationState.TO_PRINT)
    return waiting.exclude(_is_in_unfinished_batch()).order_by("-urgent", "due_at", "pk")


def get_printed_letters(user: User) -> QuerySet[Notification]:
    since = timezone.now() - REPRINT_PERIOD
    done = _notifications_visible_to(user).filter(
        state=NotificationState.ACCEPTED, channel=Channel.LETTER, accepted_at__gte=since
    )
    return with_tracking_number(done.select_related("printed_by")).order_by("-accepted_at", "-pk")


def get_sites_with_letters(user: User) -> list[tuple[int, str, int]]:
    """For each of the user's sites where letters wait that are in no PDF: its key, its name, how many."""
    waiting = get_letters_to_print(user).filter(pdf_made_at=None)
    counted = waiting.order_by("recall__site__name").values("recall__site").annotate(count=Count("pk"))
    return list(counted.values_list("recall__site", "recall__site__name", "count"))


def get_latest_batches(user: User) -> QuerySet[LetterBatch]:
    """The newest first."""
    return LetterBatch.objects.filter(site__in=user.site_ids).select_related("site").order_by("-pk")[:SHOWN_BATCHES]


def make_pdf(user: User, numbers: Sequence[int]) -> PrintBatch:
    rows = list(get_letters_to_print(user).filter(pk__in=numbers)[:MAX_LETTERS_PER_PDF])
    written = [(row, recheck_and_render(row)) for row in rows]
    copies = [one.copy for _row, one in written if isinstance(one, WrittenLetter)]
    failed = [row for row, failure in written if isinstance(failure, DeliveryFailure)]
    made = letter_pdf.render_pdf(copy.letter for copy in copies) if copies else b""
    now = timezone.now()
    ready = [copy.notification for copy in copies]
    Notification.objects.filter(pk__in=[row.pk for row in ready], state=NotificationState.TO_PRINT).update(
        pdf_made_at=now
    )
    return PrintBatch(made, ready, failed, len(rows) - len(ready) - len(failed))


def mark_printed(user: User, numbers: Sequence[int]) -> int:
    """How many are sent now; only a letter that is in a PDF can have been printed."""
    count = 0
    for row in get_letters_to_print(user).filter(pk__in=numbers, pdf_made_at__isnull=False):
        with transaction.atomic():
            recall = Recall.objects.select_for_update(of=("self",), no_key=True).get(pk=row.recall_id)
            if _record_printed(row, user):
                log_printed_letter(recall, str(row.get_kind_display()), by=user)
                print_work_items.close_print_work_items_if_done(row.recall_id, by=user)
                count += 1
    return count


def reprint_letter(user: User, number: int) -> tuple[bytes, Notification] | None:
    """The letter as it was printed; None where there is none at the user's sites."""
    row = get_printed_letters(user).filter(pk=number).first()
    copy = RenderedMessage.objects.filter(notification=row).first() if row else None
    return (letter_pdf.render_pdf([copy.letter]), row) if row and copy and copy.letter else None


def _record_printed(row: Notification, user: User) -> bool:
    now, token, number = timezone.now(), row.lease_token + 1, row.attempt_count + 1
    mine = Notification.objects.filter(pk=row.pk, state=NotificationState.TO_PRINT, lease_token=row.lease_token)
    ended = {"accepted_at": now, "printed_by": user, "lease_token": token, "attempt_count": number}
    if not mine.update(state=NotificationState.ACCEPTED, **ended):
        return False
    copy = RenderedMessage.objects.filter(notification=row).first()
    attempts.record_attempt(row, number, token, AttemptResult.ACCEPTED, now, copy=copy)
    return True


def _is_in_unfinished_batch() -> Exists:
    unfinished = (LetterBatch.State.QUEUED, LetterBatch.State.WORKING)
    return Exists(BatchLetter.objects.filter(notification=OuterRef("pk"), batch__state__in=unfinished))


def _notifications_visible_to(user: User) -> QuerySet[Notification]:
    return Notification.objects.filter(recall__site__in=user.site_ids).select_related("recall", "patient")


def recheck_and_render(
    seen: Notification, site: Site | None = None, heads: str | None = None
) -> WrittenLetter | DeliveryFailure | None:
    """The letter if it is still true and still the way to the patient; else the row goes where it belongs.

    A letter that cannot be written is a DeliveryFailure, so that it does not stop the others. A batch gives the site
    with its texts and hours, and its letterhead, which it read once for many letters.
    """
    with transaction.atomic():
        locked = Recall.objects.select_for_update(of=("self",), no_key=True).select_related("site", "exam")
        recall = locked.get(pk=seen.recall_id)
        recall.site = site or recall.site
        row = Notification.objects.filter(pk=seen.pk, state=NotificationState.TO_PRINT).first()
        if row is None:
            return None
        row.recall = recall
        snapshot, channels = load_snapshot(recall), get_patient_channels(recall.patient)
        one = find_planned_message(snapshot, NotificationKind(row.kind), row.occasion)
        if one is None:
            reconcile.reconcile_messages(snapshot, channels)
            return None
        way = select_channel(recall, row.kind, one, channels, row.due_at, row.failed_channels)
        if way.blocked_reason or way.channel != Channel.LETTER:
            Notification.objects.filter(pk=row.pk).update(state=NotificationState.PLANNED)
            reconcile.reconcile_messages(load_snapshot(recall), channels)
            print_work_items.close_print_work_items_if_done(recall.pk, by=SYSTEM)
            return None
        try:
            copy = letter_pdf.build_letter(row, snapshot, channels)
            pdf = letter_pdf.render_pdf([copy.letter], heads)
        except Exception as error:  # noqa: BLE001  one letter that cannot be written must not stop the others
            failure = render_failure(error)
            attempts.mark_failed_permanently(row, NotificationState.TO_PRINT, row.lease_token, failure)
            print_work_items.close_print_work_items_if_done(recall.pk, by=SYSTEM)
            return failure
        attempts.save_rendered_copy(copy)
        return WrittenLetter(copy, pdf)
