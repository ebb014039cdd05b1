"""Page of one screening exam, with or without a recall: its reading, and what may be done about it."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic.actors import actor_for
from clinic.roles import Page, can_open_page
from desk.saved_note import store_saved_note
from desk.views import DeskView, current_user, log_patient_view
from recalls.forms.exams import EXAM_FORMS, ExamCorrectionForm, OpenRecallForm
from recalls.models import Recall, ScreeningExam
from recalls.workflow import STEPS_BY_NAME


class ExamView(DeskView):
    """The exam, the recalls it led to, and the forms for what the person may do."""

    page = Page.RECALL

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._page(request, _get_exam(request, pk), None)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        exam = _get_exam(request, pk)
        name = next((name for name in EXAM_FORMS if name in request.POST), None)
        if name is None:
            raise Http404
        form = EXAM_FORMS[name](current_user(request), exam, request.POST)
        if not (form.is_valid() and form.save()):
            return self._page(request, exam, form)
        recall = Recall.objects.filter(exam=exam).order_by("pk").last()
        link = (reverse("recall", args=[recall.pk]), _("Open the recall")) if recall else ("", "")
        tag = store_saved_note(request, exam.patient_id, *link)
        messages.success(request, _("Saved: %(step)s.") % {"step": STEPS_BY_NAME[name].label}, extra_tags=tag)
        return redirect("exam", pk)

    @staticmethod
    def _page(
        request: HttpRequest, exam: ScreeningExam, sent: ExamCorrectionForm | OpenRecallForm | None
    ) -> HttpResponse:
        log_patient_view(request, exam.patient_id, "exam")
        user = current_user(request)
        recalls = list(Recall.objects.filter(exam=exam).order_by("-pk"))
        forms = []
        for name, form_class in EXAM_FORMS.items():
            is_due = name != "open_recall" or not recalls
            if is_due and actor_for(user).roles & STEPS_BY_NAME[name].roles:
                shown = sent if isinstance(sent, form_class) else form_class(user, exam)
                forms.append((name, STEPS_BY_NAME[name], shown))
        may_ask = exam.patient.site.asks_contact_plan and can_open_page(user, Page.CONTACT_PLAN)
        context = {"exam": exam, "recalls": recalls, "forms": forms, "form": sent, "may_ask_plan": may_ask}
        return render(request, "exchange/exam.html", context)


def _get_exam(request: HttpRequest, pk: int) -> ScreeningExam:
    """The exam with its patient; Http404 at a site that is not the user's."""
    here = ScreeningExam.objects.filter(site__in=current_user(request).site_ids)
    exam = (
        here.select_related("patient__site", "site", "reader", "referrer")
        .prefetch_related("findings")
        .filter(pk=pk)
        .first()
    )
    if exam is None:
        raise Http404
    return exam
