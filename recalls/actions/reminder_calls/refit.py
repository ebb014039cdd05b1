"""Fits each site's estimate of missed visits anew once a week, and says whether it may be used."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from clinic import calendar
from clinic.models import Site
from recalls.models import NoShowFit, ReminderCallPolicy
from recalls.models.forecasts.no_show import LEAST_MISSED, LEAST_VISITS
from recalls.no_show.calibration import calibrate, is_better_than_average
from recalls.no_show.features import list_coefficients, name_coefficients
from recalls.no_show.logistic import fit_logistic
from recalls.no_show.visits import WINDOW, load_past_visits

_EVERY = timedelta(days=7) - timedelta(hours=1)
_USED_FOR = timedelta(days=30)  # an estimate that nobody renewed is not used any more


def refit_due() -> int:
    """Fit the sites that call by an estimate and have none of this week; how many."""
    now = timezone.now()
    policies = ReminderCallPolicy.objects.filter(is_on=True).select_related("site").order_by("pk")
    due = [one for one in policies if (last := latest_fit(one.site)) is None or last.at <= now - _EVERY]
    for policy in due:
        refit(policy)
    return len(due)


@transaction.atomic
def refit(policy: ReminderCallPolicy) -> NoShowFit:
    """Fit the site's visits of the last two years; without coefficients where too few are known."""
    now, site = timezone.now(), policy.site
    visits = load_past_visits(site, now)
    missed = sum(visit.missed for visit in visits)
    row = NoShowFit(
        site=site, at=now, visits=len(visits), missed=missed,
        first_on=calendar.local_day(site, now - WINDOW), last_on=calendar.local_day(site, now),
    )  # fmt: skip
    if is_enough(policy, row):
        row.coefficients = name_coefficients(fit_logistic([(visit.values, visit.missed) for visit in visits]))
        row.calibration = calibrate(visits)
    row.save(force_insert=True)
    return row


def is_enough(policy: ReminderCallPolicy, fit: NoShowFit) -> bool:
    """Whether so many visits are known that an estimate may be made of them: missed ones, and kept ones too."""
    rarer = min(fit.missed, fit.visits - fit.missed)
    return fit.visits >= max(policy.least_visits, LEAST_VISITS) and rarer >= LEAST_MISSED


def latest_fit(site: Site) -> NoShowFit | None:
    return NoShowFit.objects.filter(site=site).order_by("-pk").first()


def usable_coefficients(policy: ReminderCallPolicy, fit: NoShowFit | None, now: datetime) -> list[float] | None:
    """None unless the site wants it, enough visits are known, and it says more than the average does."""
    if not policy.is_on or fit is None or fit.at < now - _USED_FOR:
        return None
    if not is_enough(policy, fit) or not is_better_than_average(fit.calibration):
        return None
    return list_coefficients(fit.coefficients)
