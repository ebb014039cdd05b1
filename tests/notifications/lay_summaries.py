"""Stories of lay summaries for tests: exams as they come in, what is owed for them, and a batch that is posted."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from clinic.calendar import local_day
from clinic.models import Site, User
from notifications.delivery import lay_summary_batches
from notifications.models import LaySummary, LaySummaryBatch
from notifications.planning.lay_summaries.planner import plan_summaries
from notifications.rendering.lay_summary import fill_summary
from patients.factories import PatientFactory, ReferringProviderFactory
from recalls.models import Recall, ScreeningExam
from recalls.testing.factories import ExamFactory, RecallFactory
from tests.notifications.clock import plan_lay_summaries


def read_exam(site: Site, *, patient: Mapping[str, Any] | None = None, **exam: Any) -> ScreeningExam:
    """A negative screening exam that came in now and was noticed; `patient` and the rest change one thing each."""
    fields = {"negative": True, "referrer": ReferringProviderFactory.create()} | exam
    found: ScreeningExam = ExamFactory.create(patient=PatientFactory.create(site=site, **(patient or {})), **fields)
    plan_lay_summaries()
    return found


def open_recall(site: Site, *, patient: Mapping[str, Any] | None = None, **fields: Any) -> Recall:
    """A recall that was opened now and noticed; `exam__assessment` and the rest change one thing each."""
    fields = {"exam__referrer": ReferringProviderFactory.create()} | fields
    recall = RecallFactory.create(patient=PatientFactory.create(site=site, **(patient or {})), **fields)
    plan_lay_summaries()
    return recall


def summaries_of(about: ScreeningExam | Recall) -> list[LaySummary]:
    exam_id = about.exam_id if isinstance(about, Recall) else about.pk
    return list(LaySummary.objects.filter(exam=exam_id).order_by("pk"))


def summary_of(about: ScreeningExam | Recall) -> LaySummary:
    """The newest."""
    return summaries_of(about)[-1]


def text_of(row: LaySummary, *, replaces_sent: bool = False) -> str:
    """The words of a summary that stands, on one line."""
    reading = next(reading for found, reading in plan_summaries([row.exam_id]) if found.pk == row.pk)
    return " ".join(fill_summary(reading, replaces_sent=replaces_sent).markdown.split())


def post_letters(user: User, site: Site) -> list[int]:
    """Somebody prints all that waits at the site and posts it; the exams in the order of the pile."""
    made = lay_summary_batches.make_batch(user, site)
    if made.summaries:
        batch = LaySummaryBatch.objects.latest("pk")
        lay_summary_batches.mark_posted(user, batch, None)
    return [row.exam_id for row in made.summaries]


def limit_of(row: LaySummary) -> date:
    return local_day(row.site, row.due_by)


def days_after_report(row: LaySummary, what: str) -> int:
    return (local_day(row.site, getattr(row, what)) - local_day(row.site, row.read_at)).days
