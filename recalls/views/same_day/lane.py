"""Pages of the same-day lane: the day's list, the note of a screening list, and the answers of a patient."""

from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.actors import actor_for
from clinic.roles import Page, can_open_page
from desk.return_list import add_return_list, return_list_url
from desk.views import DeskView, current_user, log_patient_view, sites_by_id, sites_with_calendars
from recalls.actions.same_day import decline_lane, take_lane
from recalls.actions.same_day.upkeep import HORIZON_DAYS, note_screens
from recalls.actions.transition import ActionKwargs
from recalls.enums import LaneAnswer
from recalls.forms.same_day.lane_day import LaneDayForm
from recalls.models import LaneDay, LanePolicy, LaneTime, Recall, RecallEvent
from recalls.permissions import StepRefused
from recalls.presenters.booking.appointment_card import describe_booking
from recalls.presenters.same_day.lane_day_rows import build_site_lanes
from recalls.scheduling import slots
from recalls.scheduling.held_slots import visit_need
from recalls.scheduling.lane_times import recalls_still_here
from recalls.selectors.recall_detail import get_recall_detail
from recalls.views.undo_offer import offer_undo

_MOST_WAITING = 50


class LaneView(DeskView):
    """Who may still be there, the times of today, and the next days of each site that keeps a lane."""

    page = Page.LANE

    def get(self, request: HttpRequest) -> HttpResponse:
        user, now = current_user(request), timezone.now()
        sites = {site.pk: site for site in sites_with_calendars(user)}
        policies = list(LanePolicy.objects.filter(site__in=sites, is_on=True).order_by("site__name"))
        for policy in policies:
            policy.site = sites[policy.site_id]
        at = [policy.site for policy in policies]
        since, until = now - timedelta(days=2), now + timedelta(days=HORIZON_DAYS + 1)
        times = LaneTime.objects.filter(site__in=at, starts_at__gt=since, starts_at__lt=until).select_related("room")
        days = LaneDay.objects.filter(site__in=at, day__gte=since.date(), day__lte=until.date())
        waiting = recalls_still_here(at, now)[:_MOST_WAITING] if at else []
        lanes = build_site_lanes(policies, waiting, times, days, now)
        may_note = can_open_page(user, Page.LANE_DAYS)
        return render(request, "recalls/lane.html", {"lanes": lanes, "may_note": may_note})


class LaneDayView(DeskView):
    """Notes what is known of a day's screening list."""

    page = Page.LANE_DAYS

    def get(self, request: HttpRequest, site_pk: int, day: str) -> HttpResponse:
        lane_day = self._lane_day(request, site_pk, day)
        return self._show(request, lane_day, LaneDayForm(instance=lane_day))

    def post(self, request: HttpRequest, site_pk: int, day: str) -> HttpResponse:
        lane_day = self._lane_day(request, site_pk, day)
        form = LaneDayForm(request.POST, instance=lane_day)
        if not form.is_valid():
            return self._show(request, lane_day, form)
        note_screens(lane_day, by=actor_for(current_user(request)).name)
        messages.success(request, _("Noted. The times to keep follow within minutes."))
        return redirect("lane")

    def _lane_day(self, request: HttpRequest, site_pk: int, day: str) -> LaneDay:
        """A day from today to the end of the forecast, at a site of the person's that keeps a lane."""
        site = sites_by_id(current_user(request)).get(site_pk)
        if site is None or not LanePolicy.objects.filter(site=site, is_on=True).exists():
            raise Http404
        try:
            on = calendar.parse_day(day)
        except ValueError as error:
            raise Http404 from error
        if not timedelta(0) <= on - calendar.today(site) < timedelta(days=HORIZON_DAYS):
            raise Http404
        return LaneDay.objects.filter(site=site, day=on).first() or LaneDay(site=site, day=on)

    def _show(self, request: HttpRequest, lane_day: LaneDay, form: LaneDayForm) -> HttpResponse:
        return render(request, "recalls/lane_day.html", {"lane_day": lane_day, "form": form})


class LaneAnswerView(DeskView):
    """A button of the recall's page: books the lane's time, or writes down that the patient took none."""

    page = Page.RECALL

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = current_user(request)
        recall = get_recall_detail(user, pk)
        log_patient_view(request, recall.patient_id, "same-day lane")
        try:
            event = self._answer(request, recall)
        except StepRefused as refusal:
            messages.error(request, str(refusal))
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            words = _("Written down. The patient is called as usual.")
            if event.step == "book_appointment":
                visit = recall.appointments.select_related("room", "site", "stop").latest("pk")
                words = describe_booking(visit, recall.patient, timezone.now())
            messages.success(request, words, extra_tags=offer_undo(request, user, event) or "")
        return redirect(add_return_list(reverse("recall", args=[pk]), return_list_url(request)))

    def _answer(self, request: HttpRequest, recall: Recall) -> RecallEvent:
        """By the ordinary actions, which lock and check again."""
        seen = request.POST.get("version", "")
        kwargs = ActionKwargs(
            by=current_user(request), seen=int(seen) if seen.isdecimal() else None, key=request.POST.get("key", "")[:36]
        )
        answer = request.POST.get("answer", "")
        if answer in LaneAnswer.values:
            return decline_lane(recall, LaneAnswer(answer), **kwargs)
        rooms = slots.rooms_for_visit_kind(recall.site, visit_need(recall).kind)
        chosen = slots.parse_slot(answer, rooms)
        if chosen is None:
            raise Http404
        return take_lane(recall, *chosen, **kwargs)
