"""Page that shows a site's estimate of missed visits beside what happened, and says why it is used or not."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from clinic.models import Site
from clinic.roles import Page
from desk.languages import language_name
from desk.views import DeskView, current_user
from recalls.actions.reminder_calls.refit import is_enough, usable_coefficients
from recalls.models import NoShowFit, ReminderCallPolicy
from recalls.models.forecasts.no_show import LEAST_MISSED
from recalls.no_show.calibration import LEAST_SHOWN, OTHER_LANGUAGES, is_better_than_average
from recalls.no_show.features import FEATURES, INTERCEPT


@dataclass(frozen=True, slots=True)
class CalibrationRow:
    """One group: how many visits, which share was expected to be missed and which was, in per cent."""

    label: str
    visits: int
    expected: str
    missed: str


@dataclass(frozen=True, slots=True)
class SiteEstimate:
    """What the page shows of one site; `fit` is None where nothing was fitted yet."""

    site: Site
    fit: NoShowFit | None
    is_used: bool
    status: str
    groups: list[CalibrationRow]
    languages: list[CalibrationRow]
    coefficients: list[tuple[str, str]]
    chart: dict[str, Any] | None


class MissedVisitsView(DeskView):
    """The newest fit of each site. Two queries, however many fits there are."""

    page = Page.MISSED_VISITS

    def get(self, request: HttpRequest) -> HttpResponse:
        sites, now = current_user(request).own_sites, timezone.now()
        policies = {row.site_id: row for row in ReminderCallPolicy.objects.filter(site__in=sites)}
        newest = NoShowFit.objects.filter(site__in=sites).order_by().values("site").annotate(newest=Max("pk"))
        fits = {row.site_id: row for row in NoShowFit.objects.filter(pk__in=newest.values("newest"))}
        shown = [_estimate(site, policies.get(site.pk), fits.get(site.pk), now) for site in sites]
        context = {"estimates": shown, "least_shown": LEAST_SHOWN, "charts": [one.chart for one in shown if one.chart]}
        return render(request, "reports/missed_visits.html", context)


def _estimate(site: Site, policy: ReminderCallPolicy | None, fit: NoShowFit | None, now: datetime) -> SiteEstimate:
    policy = policy or ReminderCallPolicy(site=site)
    calibration = fit.calibration if fit else {}
    groups = [
        _row(_("%(number)d of 10") % {"number": number}, group)
        for number, group in enumerate(calibration.get("groups", ()), 1)
    ]
    languages = [_row(_language(group["language"]), group) for group in calibration.get("languages", ())]
    return SiteEstimate(
        site=site,
        fit=fit,
        is_used=usable_coefficients(policy, fit, now) is not None,
        status=_status(policy, fit, now),
        groups=groups,
        languages=languages,
        coefficients=_coefficient_rows(fit),
        chart=_chart(site, calibration) if calibration else None,
    )


def _status(policy: ReminderCallPolicy, fit: NoShowFit | None, now: datetime) -> str:
    """Whether it is used, and if not, why not."""
    if not policy.is_on:
        return _("Off: the site has not turned it on. Nobody is called by an estimate.")
    if fit is None:
        return _("Off: nothing has been fitted yet. It is done at night.")
    if not is_enough(policy, fit):
        words = _(
            "Off: too few visits are known: %(visits)d of %(least)d visits, %(missed)d of %(least_missed)d missed ones."
        )
        return words % {
            "visits": fit.visits, "least": policy.least_visits, "missed": fit.missed, "least_missed": LEAST_MISSED,
        }  # fmt: skip
    if not is_better_than_average(fit.calibration):
        return _("Off: on visits that it had not seen it said no more than the clinic's average does.")
    if usable_coefficients(policy, fit, now) is None:
        return _("Off: the newest fit is too old, or of an earlier version.")
    return _("In use: it decides who is called before a visit, and nothing else.")


def _row(label: str, group: dict[str, Any]) -> CalibrationRow:
    return CalibrationRow(label, group["visits"], _percent(group["expected"]), _percent(group["missed"]))


def _percent(share: float | None) -> str:
    return "-" if share is None else number_format(100 * share, 1)


def _language(code: str) -> str:
    return _("other languages together") if code == OTHER_LANGUAGES else language_name(code)


def _coefficient_rows(fit: NoShowFit | None) -> list[tuple[str, str]]:
    if fit is None or not fit.coefficients:
        return []
    labels = {INTERCEPT: _("Start"), **{feature.name: str(feature.label) for feature in FEATURES}}
    return [(labels.get(name, name), number_format(value, 3)) for name, value in _in_order(fit.coefficients)]


def _in_order(named: dict[str, float]) -> list[tuple[str, float]]:
    order = [INTERCEPT, *(feature.name for feature in FEATURES)]
    return sorted(named.items(), key=lambda pair: order.index(pair[0]) if pair[0] in order else len(order))


def _chart(site: Site, calibration: dict[str, Any]) -> dict[str, Any]:
    groups = calibration["groups"]
    percent = {name: [round(100 * (group[name] or 0), 1) for group in groups] for name in ("expected", "missed")}
    return {
        "name": f"missed-{site.pk}",
        "kind": "lines",
        "labels": [str(number) for number in range(1, len(groups) + 1)],
        "series": [
            {"label": _("Expected, per cent"), "values": percent["expected"]},
            {"label": _("Missed, per cent"), "values": percent["missed"]},
        ],
    }
