"""Changes settings of a site only after a person has seen whom the change touches, then brings the rest into line."""

from collections import defaultdict
from collections.abc import Callable, Collection

from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.actors import SYSTEM
from clinic.models import Site, User
from desk.datetime_display import format_datetime
from recalls.actions import keep_clock_time, open_closed_day_task
from recalls.actions.time_offers import end_holds_at
from site_setup.agreements import (
    Impact,
    TouchedVisit,
    count_limits_shut,
    count_patients_of,
    find_touched,
    open_days_ahead,
    read_agreements,
)


def change_settings(site_ids: Collection[int], save: Callable[[], None], *, by: User, confirmed: str) -> Impact | None:
    """Save, and carry out what follows; None when that is done.

    Where the change touches somebody and `confirmed` is not the digest of exactly that, nothing is changed and the
    impact is returned, to be shown.
    """
    now = timezone.now()
    with transaction.atomic():
        before = read_agreements(site_ids, now)
        authorities, zones = _authorities(site_ids), _zones(site_ids)
        open_days = open_days_ahead(site_ids, now)
        save()
        renamed = {name for pk, name in authorities.items() if _authorities([pk])[pk] != name}
        count = sum(count_patients_of(name) for name in renamed)
        impact = Impact(find_touched(before), count, count_limits_shut(open_days, now))
        if impact and impact.digest() != confirmed:
            transaction.set_rollback(True)
            return impact
        _carry_out(impact, by)
        end_holds_at([pk for pk, zone in _zones(site_ids).items() if zone != zones[pk]])
    cache.delete_many([f"free-at:{pk}" for pk in site_ids])
    return None


def _authorities(site_ids: Collection[int]) -> dict[int, str]:
    return {site.pk: f"{site.mrn_authority}" for site in Site.objects.filter(pk__in=site_ids)}


def _zones(site_ids: Collection[int]) -> dict[int, str]:
    return dict(Site.objects.filter(pk__in=site_ids).values_list("pk", "time_zone"))


def _carry_out(impact: Impact, by: User) -> None:
    moved: defaultdict[int, list[TouchedVisit]] = defaultdict(list)
    for one in impact.visits:
        if one.zone_changes:
            moved[one.visit.recall_id].append(one)
    for visits in moved.values():
        starts = {
            one.visit.pk: calendar.instant(one.site, one.clock_time.date(), one.clock_time.time()) for one in visits
        }
        note = _("The time zone of %(site)s was corrected by %(who)s.") % {
            "site": visits[0].site,
            "who": by.get_full_name() or by.get_username(),
        }
        keep_clock_time(visits[0].visit.recall, starts, by=SYSTEM, note=note)
    for one in impact.visits:
        if one.problem:
            when = format_datetime(one.clock_time)
            open_closed_day_task(one.visit.recall, f"{when}: {one.problem}.")
