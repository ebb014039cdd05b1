"""Prints lay summaries in batches: one PDF of a fixed size, which a person then says was printed and posted.

Each letter is planned once more before it goes into a PDF, so that none is printed that is not true any more. The
number of queries does not depend on how many letters there are, and no index is read beyond one batch.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

from clinic.models import Site, User
from notifications.delivery import lay_summary_events
from notifications.enums import Channel, SummaryEventKind, SummaryState
from notifications.models import LaySummary, LaySummaryBatch
from notifications.planning.lay_summaries.planner import plan_summaries, summaries_with_sent_predecessor
from notifications.rendering import letter_pdf
from notifications.rendering.lay_summary import build_summary_letter

log = logging.getLogger(__name__)

LETTERS_PER_BATCH = 100
POSTED_PERIOD = timedelta(days=14)  # batches that the page still offers to print again


@dataclass(frozen=True, slots=True)
class SummaryPdf:
    """A PDF (empty when no letter was left), the letters in it, and how many were left out: not true any more."""

    pdf: bytes
    summaries: Sequence[LaySummary]
    dropped_count: int = 0


def letters_to_print(site_ids: Collection[int]) -> QuerySet[LaySummary]:
    """Those whose time has come and that are in no PDF, the nearest time limit first."""
    return LaySummary.objects.filter(site__in=site_ids).to_print(timezone.now()).order_by("due_by", "pk")


def count_to_print(user: User) -> list[tuple[int, int, datetime]]:
    """For each site of the user where letters wait: its number, how many wait, and the nearest time limit."""
    waiting = letters_to_print(user.site_ids).order_by("site").values("site")
    counted = waiting.annotate(count=Count("pk"), nearest=Min("due_by"))
    return list(counted.values_list("site", "count", "nearest"))


def open_batches(user: User) -> QuerySet[LaySummaryBatch]:
    """PDFs of which nobody has said that they were posted, with `waiting_count`, the letters still in them."""
    rows = LaySummaryBatch.objects.filter(site__in=user.site_ids, posted_at=None).select_related("site", "made_by")
    waiting = Count("summaries", filter=Q(summaries__state=SummaryState.OWED))
    return rows.annotate(waiting_count=waiting).filter(waiting_count__gt=0).order_by("made_at", "pk")


def posted_batches(user: User) -> QuerySet[LaySummaryBatch]:
    """The newest first, of the last two weeks."""
    rows = LaySummaryBatch.objects.filter(
        site__in=user.site_ids, posted_at__gte=timezone.now() - POSTED_PERIOD
    ).select_related("site", "posted_by")
    return rows.order_by("-posted_at", "-pk")


def summaries_in_batch(batch: LaySummaryBatch) -> QuerySet[LaySummary]:
    """The letters of a PDF in the order in which they lie in it."""
    rows = LaySummary.objects.filter(batch=batch).select_related("exam__patient", "copy")
    return rows.order_by("due_by", "pk")


@transaction.atomic
def make_batch(user: User, site: Site) -> SummaryPdf:
    """A PDF of the letters of a site that come next; its batch is on the letters in it."""
    found = dict(letters_to_print([site.pk]).values_list("pk", "exam")[:LETTERS_PER_BATCH])
    made = _write_letters(found, None)
    if made.summaries:
        batch = LaySummaryBatch.objects.create(site=site, made_by=user, letter_count=len(made.summaries))
        LaySummary.objects.filter(pk__in=[row.pk for row in made.summaries]).update(batch=batch)
    return made


@transaction.atomic
def remake_pdf(batch: LaySummaryBatch) -> SummaryPdf:
    """The PDF of a batch once more: as it was posted, or with the letters of it that are still true."""
    rows = list(summaries_in_batch(batch))
    if batch.posted_at is not None:
        return SummaryPdf(letter_pdf.render_pdf(row.copy.letter for row in rows), rows)
    return _write_letters({row.pk: row.exam_id for row in rows if row.state == SummaryState.OWED}, batch.pk)


@transaction.atomic
def mark_posted(user: User, batch: LaySummaryBatch, chosen: Collection[int] | None) -> tuple[int, int]:
    """The letters of a PDF were printed and posted: all of them, or those chosen; the others wait for the next PDF.

    Returns how many are sent now, and how many of the pile are not true any more and must not be posted.
    """
    locked = LaySummaryBatch.objects.select_for_update(no_key=True).get(pk=batch.pk)
    if locked.posted_at is not None:
        return 0, 0
    mine = LaySummary.objects.filter(batch=locked, state=SummaryState.OWED)
    rows = list(mine.select_for_update(of=("self",), no_key=True).select_related("exam", "copy").order_by("pk"))
    posted = [row for row in rows if chosen is None or row.pk in chosen]
    if posted:
        lay_summary_events.record_sent(posted, SummaryEventKind.POSTED, by=user)
    LaySummary.objects.filter(batch=locked, state=SummaryState.OWED).update(batch=None)
    LaySummaryBatch.objects.filter(pk=locked.pk).update(posted_at=timezone.now(), posted_by=user)
    return len(posted), locked.letter_count - len(rows)


def _write_letters(exam_by_summary: dict[int, int], batch_id: int | None) -> SummaryPdf:
    """The letters of these summaries that stand and still go by post; the others go where they belong."""
    planned = plan_summaries(exam_by_summary.values())
    ready = [
        (row, reading)
        for row, reading in planned
        if row.pk in exam_by_summary and row.batch_id == batch_id and _goes_by_post(row)
    ]
    ready.sort(key=lambda found: (found[0].due_by, found[0].pk))
    told = summaries_with_sent_predecessor([row.pk for row, _reading in ready])
    copies, failed = [], []
    for row, reading in ready:
        try:
            copy = build_summary_letter(row, reading, replaces_sent=row.pk in told)
            letter_pdf.check_settable(copy.letter)
            copies.append(copy)
        except Exception as error:  # noqa: BLE001  one letter that cannot be written must not stop the others
            log.error("lay summary %s could not be written: %s", row.pk, type(error).__name__)
            failed.append(row)
    lay_summary_events.hold_unwritable(failed)
    if not copies:
        return SummaryPdf(b"", [], len(exam_by_summary))
    lay_summary_events.save_copies(copies)
    pdf = letter_pdf.render_pdf(copy.letter for copy in copies)
    return SummaryPdf(pdf, [copy.summary for copy in copies], len(exam_by_summary) - len(copies))


def _goes_by_post(row: LaySummary) -> bool:
    return row.state == SummaryState.OWED and row.channel == Channel.LETTER and row.leave_at <= timezone.now()
