"""Correction of a patient's contact details from the page of a recall, in place or on a page of its own."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.models import User
from clinic.roles import Page, can_open_page
from desk.kept_forms import discard_kept_form, restore_kept_form
from desk.return_list import add_return_list, return_list_url
from desk.views import DeskView, current_user, log_patient_view
from recalls.forms.contact_details import ContactDetailsForm, ContactPart
from recalls.models import Recall
from recalls.permissions import NotPermitted
from recalls.presenters.recall_header import build_patient_header, build_recall_context
from recalls.selectors.recall_detail import get_recall_detail


def build_contact_form(recall: Recall, user: User) -> ContactDetailsForm | None:
    """The numbers to correct beside a call; None for people who change no record, and for an exam that was moved."""
    is_moved = recall.exam.patient_id != recall.patient_id
    if is_moved or not can_open_page(user, Page.PATIENT_EDIT):
        return None
    return ContactDetailsForm(recall.patient, user, recall=recall, part=ContactPart.POINTS)


class ContactDetailsView(DeskView):
    """GET is the page for a browser without scripts, or the fields behind the numbers for one that opens them.

    POST saves and gives back the numbers as they stand now.
    """

    page = Page.PATIENT_EDIT

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = current_user(request)
        recall = self._get_recall(request, user, pk)
        asked = request.GET.get("part")
        if asked == ContactPart.MORE and request.htmx:  # type: ignore[attr-defined]  # set by its middleware
            more = ContactDetailsForm(recall.patient, user, recall=recall, part=ContactPart.MORE)
            return render(request, "recalls/_contact_more.html", {"form": more})
        typed = None if asked == ContactPart.ALL else restore_kept_form(request)
        form = ContactDetailsForm(recall.patient, user, typed, recall=recall, part=_part_sent(typed))
        return self._render_page(request, recall, form)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = current_user(request)
        recall = self._get_recall(request, user, pk)
        form = ContactDetailsForm(recall.patient, user, request.POST, recall=recall, part=_part_sent(request.POST))
        if not (form.is_valid() and _save(form)):
            return self._render(request, recall, form)
        discard_kept_form(request)
        saved = _("Saved: %(what)s.") % {"what": ", ".join(form.changed_labels())} if form.has_changed() else ""
        if not request.htmx:  # type: ignore[attr-defined]  # set by its middleware
            if saved:
                messages.success(request, saved)
            return redirect(add_return_list(reverse("recall", args=[pk]), return_list_url(request)))
        recall = get_recall_detail(user, pk)
        return self._render_reach(recall, build_contact_form(recall, user), saved=saved or _("Nothing was changed."))

    def _get_recall(self, request: HttpRequest, user: User, pk: int) -> Recall:
        recall = get_recall_detail(user, pk)
        if recall.exam.patient_id != recall.patient_id:
            raise Http404
        log_patient_view(request, recall.patient_id, "contact details")
        return recall

    def _render(self, request: HttpRequest, recall: Recall, form: ContactDetailsForm) -> HttpResponse:
        if request.htmx:  # type: ignore[attr-defined]  # set by its middleware
            return self._render_reach(recall, form)
        return self._render_page(request, recall, form)

    def _render_reach(self, recall: Recall, form: ContactDetailsForm | None, *, saved: str = "") -> HttpResponse:
        header = build_patient_header(recall, timezone.now())
        context = {"recall": recall, "patient_header": header, "contact_form": form, "saved": saved}
        return render(self.request, "recalls/_reach.html", context)

    def _render_page(self, request: HttpRequest, recall: Recall, form: ContactDetailsForm) -> HttpResponse:
        context = build_recall_context(recall, form.user, timezone.now()) | {"contact_form": form, "form": form}
        return render(request, "recalls/contact_details.html", context)


def _part_sent(typed: QueryDict | None) -> ContactPart:
    """The numbers alone, unless the fields behind them were opened before the form was sent."""
    return ContactPart.POINTS if typed is not None and "contact-language" not in typed else ContactPart.ALL


def _save(form: ContactDetailsForm) -> bool:
    """Whether it was saved; a refusal stands on the form."""
    try:
        form.save()
    except (ValidationError, NotPermitted) as refusal:
        form.add_error(None, refusal if isinstance(refusal, ValidationError) else str(refusal))
        return False
    return True
