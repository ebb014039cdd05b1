"""The page on which the patient asks for the series about breast health, sees how it stands, and stops it."""

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods

from notifications.content import loader
from notifications.delivery.wakeup import wake_worker_after_commit
from notifications.enums import Channel, NotificationKind
from notifications.models import EducationSeries
from notifications.planning.education import schedule
from notifications.planning.education import series as education
from notifications.planning.education.series import SeriesFacts
from patients.models import Patient
from portal.decorators import for_patient
from portal.page_context import build_page_context
from portal.session import VerifiedVisitor

End = EducationSeries.EndReason


@for_patient
@require_http_methods(["GET", "HEAD", "POST"])
def education_series(request: HttpRequest, visitor: VerifiedVisitor) -> HttpResponse:
    """A button asks or stops; the answer is the page anew. Where the clinic has no series, the patient's page."""
    patient = visitor.patient
    facts, series = education.load_facts(patient), education.find_series(patient)
    if not (settings.EDUCATION_FROM_EMAIL and facts.recalls):
        return redirect("portal:page")
    if request.method == "POST":
        _act(patient, series, request.POST.get("do", ""))
        return redirect("portal:education")
    story = build_page_context(patient, timezone.now())
    context = {
        "story": story, "site": story.site, "phone": story.phone, "hours": story.opening_hours,
        "status": _status(series, facts), "may_ask": education.may_ask(patient, facts),
        "address": facts.address, "in_english": _is_in_another_language(facts),
    }  # fmt: skip
    return render(request, "portal/education.html", context)


def _act(patient: Patient, series: EducationSeries | None, what: str) -> None:
    if what == "stop" and series is not None:
        education.stop_series(series, education.PAGE_SOURCE)
    elif what == "ask":
        with transaction.atomic():
            asked = education.ask_for_series(patient)
            if asked is not None and asked.confirmed_at is None:
                schedule.plan_confirmation(asked)
                wake_worker_after_commit()


def _status(series: EducationSeries | None, facts: SeriesFacts) -> str:
    """How it stands, in a word for the page.

    A series that ended for a 4 or 5 looks like one that waits: the page never tells a result that nobody has told.
    """
    if series is None:
        return ""
    if series.ended_at is None:
        return "asked" if series.confirmed_at is None else "waits" if facts.waits else "runs"
    if series.end_reason == End.OWN_CARE:
        return "waits" if facts.waits else "own_care"
    return {End.COMPLETED: "completed", End.ADDRESS: "address", End.UNCONFIRMED: "unconfirmed"}.get(
        EducationSeries.EndReason(series.end_reason), "stopped"
    )


def _is_in_another_language(facts: SeriesFacts) -> bool:
    """Whether the texts come in another language than the page."""
    if not facts.recalls:
        return False
    written = loader.get_message_language(facts.recalls[-1], NotificationKind.EDUCATION, Channel.EMAIL)
    return written != (get_language() or written)
