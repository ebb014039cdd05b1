"""Pages on which a manager makes and ends calendar feeds, and the feed itself, which asks for no account."""

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views import View

from clinic.models import User
from clinic.roles import Page
from desk.views import DeskView, current_user
from recalls.enums import Modality
from reports.calendars import feeds
from reports.models import CalendarFeed

MAX_WRONG_SECRETS = 30  # of one network address in a period: the brake of the patients' links
PERIOD = timedelta(minutes=15)
SHOWN_FEEDS = 200


class FeedForm(forms.Form):
    site = forms.ChoiceField(label=_("Site"))
    modality = forms.ChoiceField(label=_("Rooms for"), choices=Modality.choices)

    def __init__(self, user: User, *args: Any) -> None:
        super().__init__(*args)
        self.sites = {str(site.pk): site for site in user.own_sites}
        choice: Any = self.fields["site"]
        choice.choices = [(key, site.name) for key, site in self.sites.items()]


class CalendarFeedsView(DeskView):
    """The feeds of the person's sites; the address of a new one is shown once."""

    page = Page.MANAGER_LISTS

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(request, FeedForm(current_user(request)))

    def post(self, request: HttpRequest) -> HttpResponse:
        user = current_user(request)
        form = FeedForm(user, request.POST)
        if not form.is_valid():
            return self._show(request, form)
        site, modality = form.sites[form.cleaned_data["site"]], Modality(form.cleaned_data["modality"])
        _feed, secret = feeds.make_feed(site, modality, by=user)
        address = f"{settings.PUBLIC_URL.rstrip('/')}{reverse('calendar_feed', args=[secret])}"
        return self._show(request, FeedForm(user), address)

    @staticmethod
    def _show(request: HttpRequest, form: FeedForm, address: str = "") -> HttpResponse:
        rows = CalendarFeed.objects.filter(site__in=current_user(request).site_ids)
        shown = rows.select_related("site", "made_by", "ended_by").order_by("-pk")[:SHOWN_FEEDS]
        context = {"form": form, "feeds": shown, "address": address}
        response = render(request, "reports/calendar_feeds.html", context, status=422 if form.errors else 200)
        response["Cache-Control"] = "no-store"
        return response


class EndFeedView(DeskView):
    """Ends a feed: its address opens nothing from now on."""

    page = Page.MANAGER_LISTS

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = current_user(request)
        feed = get_object_or_404(CalendarFeed, pk=pk, site__in=user.site_ids)
        feeds.end_feed(feed, by=user)
        messages.success(request, _("The address opens nothing any more."))
        return redirect("calendar_feeds")


@method_decorator(login_not_required, name="dispatch")
class CalendarFeedView(View):
    """The feed for a calendar program. A wrong or ended secret is a page that does not exist."""

    def get(self, request: HttpRequest, secret: str) -> HttpResponse:
        key = f"calendar-wrong-secrets:{request.META.get('REMOTE_ADDR', '')}"
        if int(cache.get(key, 0)) >= MAX_WRONG_SECRETS:
            return HttpResponse(status=429)
        feed = feeds.find_feed(secret)
        if feed is None:
            if not cache.add(key, 1, PERIOD.total_seconds()):
                cache.incr(key)
            raise Http404
        response = HttpResponse(feeds.build_feed(feed), content_type="text/calendar; charset=utf-8")
        response["Cache-Control"] = "private, no-store"
        return response
