"""Counts what each person did at the user's sites, by day, in a window of a day or a week."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.models import Site, User
from clinic.timezone_filters import group_site_ids_by_zone, start_of_day
from desk.union_counts import CountQuery, count_query, fetch_counts
from recalls.models import RecallEvent, WorkItem

# What is counted, by the steps that are it; tasks are counted where they were ticked off.
STEPS_BY_WORK: dict[str, tuple[str, ...]] = {
    "calls": ("log_contact",),
    "bookings": ("book_appointment", "book_biopsy"),
    "outcomes": ("record_outcome", "resolve_by_priors", "sign_concordance"),
    "told": ("result_told",),
}
WORK_LABELS = {
    "calls": gettext_lazy("Contacts logged"),
    "bookings": gettext_lazy("Bookings"),
    "outcomes": gettext_lazy("Outcomes"),
    "told": gettext_lazy("Results told"),
    "tasks": gettext_lazy("Tasks done"),
}


@dataclass(frozen=True, slots=True)
class Window:
    """Days of each site's own calendar, the first and the last included."""

    first: date
    last: date

    @classmethod
    def of(cls, day: date, *, is_week: bool) -> "Window":
        """The day, or the week from Monday to Sunday that it lies in."""
        if not is_week:
            return cls(day, day)
        monday = day - timedelta(days=day.weekday())
        return cls(monday, monday + timedelta(days=6))

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]


@dataclass(frozen=True, slots=True)
class WorkRow:
    """What one person did on one day, or in the whole window where `day` is None."""

    who: str
    day: date | None
    counts: tuple[int, ...]

    @property
    def labelled(self) -> list[tuple[Any, int]]:
        return list(zip(WORK_LABELS.values(), self.counts, strict=True))


def count_staff_work(sites: Sequence[Site], window: Window) -> list[WorkRow]:
    """Of each person the window's sum and then its days with any work, by name. Two queries, however much was done."""
    if not sites:
        return []
    by_person: defaultdict[int, defaultdict[date, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for row in fetch_counts(_queries(sites, window)):
        if row.count:
            work, sign = row.query_name.removeprefix("undone_"), -1 if row.query_name.startswith("undone_") else 1
            by_person[row.number_1][window.days[row.number_2]][work] += sign * row.count
    people = User.objects.filter(pk__in=by_person).order_by("last_name", "first_name", "username")
    return [row for person in people for row in _rows_of(person, by_person[person.pk], window)]


def _rows_of(person: User, days: dict[date, Counter[str]], window: Window) -> Iterator[WorkRow]:
    name = person.get_full_name() or person.get_username()
    total: Counter[str] = sum(days.values(), Counter())
    yield WorkRow(name, None, tuple(total[work] for work in WORK_LABELS))
    if len(window.days) > 1:
        for day in sorted(days):
            yield WorkRow(name, day, tuple(days[day][work] for work in WORK_LABELS))


def _queries(sites: Sequence[Site], window: Window) -> Iterator[CountQuery]:
    events = within(RecallEvent.objects.filter(user__isnull=False), sites, window, "at", "recall__site")
    day = _day_number(sites, window, "at", "recall__site")
    for work, steps in STEPS_BY_WORK.items():
        done = events.filter(step__in=steps)
        yield count_query(done, work, first=F("user_id"), second=day)
        undone = events.filter(step="undo", data__step__in=steps)
        yield count_query(undone, f"undone_{work}", first=F("user_id"), second=day)
    tasks = within(WorkItem.objects.filter(done_by__isnull=False), sites, window, "done_at", "site")
    yield count_query(tasks, "tasks", first=F("done_by_id"), second=_day_number(sites, window, "done_at", "site"))


def within(rows: QuerySet[Any], sites: Sequence[Site], window: Window, at: str, site: str) -> QuerySet[Any]:
    """The rows of the window by each site's own days; the outer bounds stand by themselves too, for an index."""
    zones = group_site_ids_by_zone(sites)
    bounds = {
        zone: (start_of_day(zone, window.first), start_of_day(zone, window.last + timedelta(1))) for zone in zones
    }
    here = Q()
    for zone, ids in zones.items():
        here |= Q(**{f"{site}__in": ids, f"{at}__gte": bounds[zone][0], f"{at}__lt": bounds[zone][1]})
    outer = {f"{at}__gte": min(first for first, _end in bounds.values())}
    outer[f"{at}__lt"] = max(end for _first, end in bounds.values())
    return rows.filter(here, **outer)


def _day_number(sites: Sequence[Site], window: Window, at: str, site: str) -> Case:
    """The number of the day in the window, by the clock of the site."""
    whens = [
        When(**{f"{site}__in": ids, f"{at}__gte": start_of_day(zone, day)}, then=Value(number))
        for zone, ids in group_site_ids_by_zone(sites).items()
        for number, day in reversed(list(enumerate(window.days)))
    ]
    return Case(*whens, default=Value(0), output_field=IntegerField())


def work_header() -> list[str]:
    return [_("Person"), _("Day"), *(str(label) for label in WORK_LABELS.values())]


def work_cells(row: WorkRow, window: Window) -> list[str]:
    """A row of the CSV file; the sum of a week stands at its first and last day."""
    day = row.day.isoformat() if row.day else "/".join(sorted({day.isoformat() for day in (window.first, window.last)}))
    return [row.who, day, *map(str, row.counts)]
