"""Form of a week: for each day up to two stretches of time in which a site or a room is open."""

from collections.abc import Iterable, Iterator
from datetime import time
from typing import Any, NamedTuple

from django import forms
from django.utils.translation import gettext as _

from clinic.models import OpeningHours

STRETCHES = 2


class Span(NamedTuple):
    """One stretch of a weekday (Monday 0) on the site's clock."""

    weekday: int
    opens: time
    closes: time


DEFAULT_WEEK = tuple(Span(day, time(8), time(17)) for day in range(5))


class WeekForm(forms.Form):
    """`spans`: what stands there now. `cleaned_spans()` is what was typed; a day without times is shut."""

    def __init__(self, data: Any = None, *, spans: Iterable[Span] = (), prefix: str = "week") -> None:
        super().__init__(data, prefix=prefix)
        by_day: dict[int, list[Span]] = {}
        for span in sorted(spans):
            by_day.setdefault(span.weekday, []).append(span)
        for day in OpeningHours.Weekday:
            for number in range(STRETCHES):
                found = by_day.get(day.value, [])[number : number + 1]
                self._add_time(day, number, "opens", found[0].opens if found else None)
                self._add_time(day, number, "closes", found[0].closes if found else None)

    def _add_time(self, day: Any, number: int, what: str, value: time | None) -> None:
        labels = {
            ("opens", 0): _("%(day)s, opens"),
            ("closes", 0): _("%(day)s, closes"),
            ("opens", 1): _("%(day)s, opens again"),
            ("closes", 1): _("%(day)s, closes again"),
        }
        label = labels[what, number] % {"day": day.label}
        widget = forms.TimeInput(attrs={"type": "time", "aria-label": label, "class": "form-control"}, format="%H:%M")
        name = f"{what}_{day.value}_{number}"
        self.fields[name] = forms.TimeField(label=label, required=False, initial=value, widget=widget)

    def clean(self) -> None:
        super().clean()
        if self.errors:
            return
        for day in OpeningHours.Weekday:
            last = None
            for number in range(STRETCHES):
                opens, closes = self._pair(day.value, number)
                if (opens is None) != (closes is None):
                    missing = "closes" if closes is None else "opens"
                    self.add_error(f"{missing}_{day.value}_{number}", _("Give both times, or none."))
                elif opens and closes and opens >= closes:
                    self.add_error(f"closes_{day.value}_{number}", _("Closing must come after opening."))
                elif opens and last and opens < last:
                    self.add_error(f"opens_{day.value}_{number}", _("The two stretches of the day overlap."))
                last = closes or last
        if not self.errors and not list(self.cleaned_spans()):
            raise forms.ValidationError(_("Give at least one day with its times."))

    def _pair(self, day: int, number: int) -> tuple[time | None, time | None]:
        typed = self.cleaned_data
        return typed.get(f"opens_{day}_{number}"), typed.get(f"closes_{day}_{number}")

    def cleaned_spans(self) -> Iterator[Span]:
        for day in OpeningHours.Weekday:
            for number in range(STRETCHES):
                opens, closes = self._pair(day.value, number)
                if opens and closes:
                    yield Span(day.value, opens, closes)

    def rows(self) -> list[tuple[str, list[Any]]]:
        """Each day with its four fields, for the table."""
        return [
            (
                str(day.label),
                [self[f"{what}_{day.value}_{number}"] for number in range(STRETCHES) for what in ("opens", "closes")],
            )
            for day in OpeningHours.Weekday
        ]
