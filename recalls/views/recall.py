"""Page of one recall."""

from io import BytesIO
from typing import cast

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from clinic.actors import actor_for
from clinic.roles import Page, can_open_page
from desk.return_list import return_list_url
from desk.views import DeskView, current_user, log_patient_view, sites_by_id
from recalls import edit_presence
from recalls.forms import STEP_FORMS
from recalls.presenters import build_recall_history, build_step_menu
from recalls.presenters.barriers.panel import build_barrier_panel
from recalls.presenters.booking.appointment_card import build_appointment_card
from recalls.presenters.booking.held_time import build_held_time
from recalls.presenters.imaging_order import build_order_panel
from recalls.presenters.recall_header import build_recall_context
from recalls.presenters.same_day.lane_panel import build_lane_panel
from recalls.presenters.work_items import build_work_item_rows
from recalls.selectors.recall_detail import get_recall_detail, get_report_file, other_open_recalls
from recalls.views.contact_details import build_contact_form
from recalls.views.list_navigation import is_queue_url, next_recall_url
from recalls.workflow import DESK_ROLES


class RecallDetailView(DeskView):
    """The page of one recall. Looking moves nothing: it puts down who looked, and who has it open now."""

    page = Page.RECALL

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = current_user(request)
        recall = get_recall_detail(user, pk)
        log_patient_view(request, recall.patient_id, "recall")
        if actor_for(user).roles & DESK_ROLES:
            edit_presence.claim_recall(recall, user)
        now = timezone.now()
        step_menu = build_step_menu(recall, actor_for(user), STEP_FORMS)
        context = build_recall_context(recall, user, now, other_open_recalls(user, recall)) | {
            "step_menu": step_menu,
            "form": (
                STEP_FORMS[step_menu.form_step.name](recall, user, asked=request.GET) if step_menu.form_step else None
            ),
            "form_step": step_menu.form_step,
            "history": build_recall_history(recall, now),
            "appointment_card": build_appointment_card(recall, now),
            "held_time": build_held_time(recall, user, now),
            "lane": build_lane_panel(recall, user, now, recall.lane_policy),  # type: ignore[attr-defined]
            "barrier_panel": build_barrier_panel(recall, actor_for(user), now),
            "order": build_order_panel(recall, now, may_read_messages=can_open_page(user, Page.HL7_MESSAGES)),
            "work_items": build_work_item_rows(getattr(recall, "open_work_items", ()), sites_by_id(user), now),
            "contact_form": build_contact_form(recall, user),
            "list_url": return_list_url(request),
            "can_skip": is_queue_url(return_list_url(request)),
        }
        return render(request, "recalls/recall.html", context)


class NextRecallView(DeskView):
    """Passes this recall over: leads to the next one of the list the user came from."""

    page = Page.RECALL

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = current_user(request)
        recall = get_recall_detail(user, pk)
        edit_presence.release_claim(recall, user)
        return redirect(next_recall_url(request, user, recall) or "queue")


class OutsideReportView(DeskView):
    """Gives out the file of an outside report, as a download only: a browser shows nothing that came from outside."""

    page = Page.RECALL

    def get(self, request: HttpRequest, pk: int, report_pk: int) -> HttpResponse:
        report = get_report_file(current_user(request), pk, report_pk)
        log_patient_view(request, report.recall.patient_id, "outside report")
        response = FileResponse(
            BytesIO(bytes(report.content or b"")),
            as_attachment=True,
            filename=report.file_name,
            content_type=report.content_type or "application/octet-stream",
        )
        response.headers["X-Content-Type-Options"] = "nosniff"
        return cast(HttpResponse, response)


class RefreshPresenceView(DeskView):
    """A sign of life from the page of somebody who is typing: their claim goes on."""

    page = Page.RECALL

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = current_user(request)
        edit_presence.claim_recall(get_recall_detail(user, pk), user)
        return HttpResponse(status=204)
