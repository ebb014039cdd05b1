"""Pages that take a patient and a screening result by hand."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic.models import Site, User
from clinic.roles import Page, Role, can_open_page
from desk.kept_forms import discard_kept_form, restore_kept_form
from desk.saved_note import store_saved_note
from desk.views import DeskView, current_user, log_patient_view
from exchange.batch_importer import RowReport
from exchange.entry_form import EntryForm
from exchange.errors import Confirmation, Problem
from exchange.hand_entry import EntryCheck, check_entry, enter_result, find_number_owner, newest_recall
from recalls.models import ScreeningExam
from recalls.permissions import StepRefused

_KEPT_SESSION_KEY = "entry_kept"  # site, exam date and reader: nothing of a patient
_KEPT_FIELDS = ("site", "exam_date", "reader")


class EntryView(DeskView):
    """A patient and a result on one page; after saving it is empty for the next one."""

    page = Page.ENTRY

    def get(self, request: HttpRequest) -> HttpResponse:
        kept = request.session.get(_KEPT_SESSION_KEY, {})
        return _render(request, EntryForm(current_user(request), restore_kept_form(request), initial=kept))

    def post(self, request: HttpRequest) -> HttpResponse:
        user = current_user(request)
        form = EntryForm(user, request.POST)
        form.is_valid()
        site = form.site
        if site is None:
            form.add_error("site", _("Choose the site."))
            return _render(request, form)
        check = check_entry(form.raw_row(), site, user)
        form.add_problems(check.problems)
        if check.problems or _must_ask(form, check):
            return _render(request, form, check)
        report = _enter(form, site, user)
        if report is None or report.exam is None:
            form.add_problems(report.problems if report else ())
            return _render(request, form, check)
        request.session[_KEPT_SESSION_KEY] = {name: form.cleaned_data.get(name, "") for name in _KEPT_FIELDS}
        discard_kept_form(request)
        _tell_saved(request, report.exam, report.problems)
        return redirect("entry")


class NumberOwnerView(DeskView):
    """Who has the record number that was typed; nothing where it is new."""

    page = Page.ENTRY

    def post(self, request: HttpRequest) -> HttpResponse:
        user = current_user(request)
        form = EntryForm(user, request.POST)
        form.is_valid()
        owner = find_number_owner(form.site, form.raw_row().get("mrn", ""), user) if form.site else None
        if owner is not None:
            log_patient_view(request, owner.pk, "entry")
        return render(request, "exchange/_number_owner_update.html", {"owner": owner})


def _must_ask(form: EntryForm, check: EntryCheck) -> bool:
    """Whether somebody is to be looked at before saving."""
    if check.owner is not None:
        return form.cleaned_data.get("known_patient") != check.owner.pk
    if check.doubles:
        form.ask(Confirmation.OTHER_PATIENT)
    return bool(check.doubles) and Confirmation.OTHER_PATIENT not in form.confirmed


def _enter(form: EntryForm, site: Site, user: User) -> RowReport | None:
    try:
        return enter_result(form.raw_row(), site, by=user, confirmed=form.confirmed)
    except StepRefused as refused:
        form.add_error(None, str(refused))
        return None


def _tell_saved(request: HttpRequest, exam: ScreeningExam, problems: list[Problem]) -> None:
    log_patient_view(request, exam.patient_id, "entry")
    recall = newest_recall(exam)
    link = (reverse("exam", args=[exam.pk]), _("Open the exam"))
    if recall is not None:
        link = (reverse("recall", args=[recall.pk]), _("Open the recall"))
    said = _("Result saved, the recall is open.") if recall else _("Result saved. No recall is needed.")
    messages.success(request, said, extra_tags=store_saved_note(request, exam.patient_id, *link))
    for problem in problems:
        messages.warning(request, problem.message)


def _render(request: HttpRequest, form: EntryForm, check: EntryCheck | None = None) -> HttpResponse:
    shown = [] if check is None else [*check.doubles, *([check.owner] if check.owner else [])]
    for patient in shown:
        log_patient_view(request, patient.pk, "entry")
    user = current_user(request)
    readers = User.objects.filter(sites__in=user.site_ids, groups__name=Role.RADIOLOGIST, is_active=True).distinct()
    context = {
        "form": form,
        "readers": sorted({reader.get_full_name() or reader.get_username() for reader in readers}),
        "owner": check.owner if check else None,
        "doubles": check.doubles if check else [],
        "exam": check.exam if check else None,
        "may_upload": can_open_page(user, Page.UPLOADS),
    }
    return render(request, "exchange/entry.html", context)
