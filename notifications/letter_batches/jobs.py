"""Sets the letters of a batch in slices of time, then the pile as one PDF, and writes down what was posted.

The rows say how far a batch is, so a lost wake-up or a killed worker stops nothing: the minute's sweep goes on. What
became of a letter and its place in the batch are written together, so that none is printed twice or lost. A letter that
cannot be set is set aside with its task and the others go on.
"""

from datetime import timedelta

import structlog
from celery import current_app
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from kombu.exceptions import OperationalError

from clinic.models import Site, User
from notifications.delivery import print_queue
from notifications.delivery.failures import DeliveryFailure
from notifications.delivery.work_time import WorkTime
from notifications.enums import NotificationState
from notifications.letter_batches import files
from notifications.models import BatchLetter, LetterBatch, Notification, RenderedMessage
from notifications.rendering import letter_pdf

BATCH_TASK = "notifications.tasks.make_letter_batch"
SLICE_SECONDS = 40.0  # well below the time limit of a task
MAX_ATTEMPTS = 3  # times that a batch may break off at the same place
MAX_LETTERS = 5000  # in one batch: beyond it a printer's tray and a person's morning are full
STALLED_AFTER = timedelta(minutes=2)
_ROWS_A_LOOK = 50

log = structlog.get_logger(__name__)


@transaction.atomic
def queue_batch(user: User, site: Site) -> LetterBatch | None:
    """A batch of all letters of the site that wait and are in no PDF; None where there is none."""
    Site.objects.select_for_update(no_key=True).get(pk=site.pk)  # pressing the button twice makes one batch
    waiting = print_queue.get_letters_to_print(user).filter(recall__site=site, pdf_made_at=None)
    numbers = list(waiting.values_list("pk", flat=True)[:MAX_LETTERS])
    if not numbers:
        return None
    batch = LetterBatch.objects.create(site=site, made_by=user)
    BatchLetter.objects.bulk_create(
        BatchLetter(batch=batch, notification_id=number, position=position)
        for position, number in enumerate(numbers, start=1)
    )
    transaction.on_commit(lambda: _wake(batch.pk))
    return batch


def queue_posted(batch: LetterBatch, *, by: User) -> bool:
    """The pile was printed and posted; whether this was said for the first time."""
    ready = LetterBatch.objects.filter(pk=batch.pk, state=LetterBatch.State.READY, posted_at=None)
    is_first = bool(ready.update(posted_at=timezone.now(), posted_by=by, seen_at=timezone.now()))
    if is_first:
        transaction.on_commit(lambda: _wake(batch.pk))
    return is_first


def sweep_batches() -> int:
    """Go on with what stands still, and delete what expired; the number of batches woken."""
    now = timezone.now()
    files.delete_expired(now)
    stalled = LetterBatch.objects.filter(seen_at__lt=now - STALLED_AFTER)
    making = stalled.filter(state__in=(LetterBatch.State.QUEUED, LetterBatch.State.WORKING))
    posting = stalled.filter(
        state=LetterBatch.State.READY, posted_at__isnull=False, letters__state=BatchLetter.State.READY
    )
    ids = {*making.values_list("pk", flat=True), *posting.values_list("pk", flat=True)}
    for pk in sorted(ids):
        _wake(pk)
    return len(ids)


def work_on_batch(batch_id: int, seconds: float = SLICE_SECONDS) -> bool:
    """Go on for so many seconds; whether nothing is left to do. A batch that another worker has is left to it."""
    work_time = WorkTime(seconds)
    batch = _claim(batch_id)
    if batch is None:
        return True
    is_done = _write_down_posted(batch, work_time) if batch.posted_at else _make_letters(batch, work_time)
    if not is_done:
        if not batch.posted_at:
            LetterBatch.objects.filter(pk=batch.pk).update(state=LetterBatch.State.QUEUED)
        _wake(batch.pk)
    return is_done


@transaction.atomic
def _claim(batch_id: int) -> LetterBatch | None:
    batch = LetterBatch.objects.select_for_update().filter(pk=batch_id).first()
    if batch is None or batch.state == LetterBatch.State.FAILED:
        return None
    if batch.state == LetterBatch.State.READY:
        return batch if batch.posted_at else None
    now = timezone.now()
    if batch.state == LetterBatch.State.WORKING:
        if batch.seen_at > now - STALLED_AFTER:
            return None
        batch.attempts += 1
    if batch.attempts >= MAX_ATTEMPTS:
        batch.state, batch.finished_at = LetterBatch.State.FAILED, now
    else:
        batch.state, batch.seen_at = LetterBatch.State.WORKING, now
    batch.save(update_fields=["state", "seen_at", "attempts", "finished_at"])
    return batch if batch.state == LetterBatch.State.WORKING else None


def _make_letters(batch: LetterBatch, work_time: WorkTime) -> bool:
    waiting = batch.letters.filter(state=BatchLetter.State.WAITING).select_related("notification")
    while rows := list(waiting[:_ROWS_A_LOOK]):
        site = Site.objects.get(pk=batch.site_id)  # a change of its texts or hours counts from the next look on
        heads = letter_pdf.read_letterheads([site.pk])
        for letter in rows:
            _make_letter(batch, letter, site, heads)
            if batch.attempts:  # it got past the place where it broke off
                batch.attempts = 0
                batch.save(update_fields=["attempts"])
        LetterBatch.objects.filter(pk=batch.pk).update(seen_at=timezone.now())
        if work_time.is_over():
            return False
    _make_pile(batch)
    return True


@transaction.atomic
def _make_letter(batch: LetterBatch, letter: BatchLetter, site: Site, heads: str) -> None:
    written = print_queue.recheck_and_render(letter.notification, site, heads)
    if written is None:
        letter.state = BatchLetter.State.LEFT_OUT
    elif isinstance(written, DeliveryFailure):
        letter.state = BatchLetter.State.FAILED
    else:
        files.write_file(files.letter_path(batch, letter), written.pdf)
        letter.state = BatchLetter.State.READY
    letter.save(update_fields=["state"])


def _make_pile(batch: LetterBatch) -> None:
    """The one PDF and the mail house's file, of the letters as they were set one by one.

    Left out is what moved on since its letter was set, or went into a PDF that somebody made by hand.
    """
    waits = Q(notification__state=NotificationState.TO_PRINT, notification__pdf_made_at=None)
    ready = batch.letters.filter(state=BatchLetter.State.READY)
    ready.exclude(waits).update(state=BatchLetter.State.LEFT_OUT)
    letters = list(ready.select_related("notification"))
    copies = RenderedMessage.objects.in_bulk(
        [letter.notification_id for letter in letters], field_name="notification_id"
    )
    pairs = [(letter, copies[letter.notification_id]) for letter in letters]
    if pairs:
        pile = letter_pdf.render_pdf(copy.letter for _letter, copy in pairs)
        files.write_file(files.folder_of(batch) / files.PILE, pile)
        files.write_mail_house_file(batch, pairs)
    now = timezone.now()
    with transaction.atomic():
        in_pile = Notification.objects.filter(batch_letters__in=letters, state=NotificationState.TO_PRINT)
        in_pile.update(pdf_made_at=now)
        LetterBatch.objects.filter(pk=batch.pk).update(
            state=LetterBatch.State.READY, finished_at=now, seen_at=now, attempts=0
        )
    log.info("letter_batch_ready", batch=batch.pk, letters=len(pairs))


def _write_down_posted(batch: LetterBatch, work_time: WorkTime) -> bool:
    """Each letter that is still true counts as sent; the page names the others, to be taken out of the pile."""
    if batch.posted_by is None:
        return True
    ready = batch.letters.filter(state=BatchLetter.State.READY)
    while rows := list(ready[:_ROWS_A_LOOK]):
        for letter in rows:
            _write_down_one(letter, batch.posted_by)
        LetterBatch.objects.filter(pk=batch.pk).update(seen_at=timezone.now())
        if work_time.is_over():
            return False
    return True


@transaction.atomic
def _write_down_one(letter: BatchLetter, user: User) -> None:
    """A letter that somebody, or another worker, has noted as printed already is posted as well."""
    number = letter.notification_id
    printed = Notification.objects.filter(pk=number, state=NotificationState.ACCEPTED, printed_by__isnull=False)
    is_sent = print_queue.mark_printed(user, [number]) or printed.exists()
    letter.state = BatchLetter.State.POSTED if is_sent else BatchLetter.State.LEFT_OUT
    letter.save(update_fields=["state"])


def _wake(batch_id: int) -> None:
    try:
        current_app.send_task(BATCH_TASK, args=[batch_id])
    except (OperationalError, OSError) as error:
        log.warning("no_worker_could_be_woken", error=type(error).__name__)
