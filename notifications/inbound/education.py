"""Confirms and ends the series about breast health by the links in its messages (RFC 8058 for the end).

A GET shows a button and changes nothing, since scanners open every link. The address names a message by its random
number, signed, and opens nothing else. Ending the series never stops a message about a recall.
"""

import uuid

from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from notifications.content import loader
from notifications.models import EducationSeries, Notification
from notifications.planning.education import series as education
from notifications.planning.education.texts import CONFIRM_WITHIN, series_of
from notifications.rendering.series_links import CONFIRM_SIGNER, STOP_SIGNER
from patients.contact_validation import format_phone


@never_cache
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    series = _series_for_token(CONFIRM_SIGNER, token)
    if series is None:
        return _page(request, None, "unknown", status=404)
    if request.method == "POST":
        return _page(request, series, "confirmed" if education.confirm_series(series) else "too_late")
    is_over = series.ended_at is not None or timezone.now() > series.asked_at + CONFIRM_WITHIN
    step = "confirmed" if series.confirmed_at and not series.ended_at else "too_late" if is_over else "confirm"
    return _page(request, series, step)


@csrf_exempt  # a mail program posts without having seen any page; the signed number is what lets it in
@never_cache
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    series = _series_for_token(STOP_SIGNER, token)
    if series is None:
        return _page(request, None, "unknown", status=404)
    if request.method == "POST":
        education.stop_series(series, education.MAIL_SOURCE)
        return _page(request, series, "stopped")
    return _page(request, series, "stopped" if series.ended_at else "stop")


def _series_for_token(signer: signing.Signer, token: str) -> EducationSeries | None:
    try:
        number = uuid.UUID(signer.unsign(token))
    except (signing.BadSignature, ValueError):
        return None
    row = Notification.objects.filter(public_id=number).first()
    return series_of(row) if row is not None else None


def _page(request: HttpRequest, series: EducationSeries | None, step: str, status: int = 200) -> HttpResponse:
    if series is None:
        return render(request, "notifications/series.html", {"step": step}, status=status)
    site = series.recall.site
    context = {"step": step, "clinic": site.sender_name, "phone": format_phone(site.phone, site.country)}
    with translation.override(loader.base_language(series.recall.patient.language)):
        return render(request, "notifications/series.html", context, status=status)
