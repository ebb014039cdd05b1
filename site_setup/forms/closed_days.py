"""Form that closes one or more days at several sites at once."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import calendar
from clinic.models import Site, User

MAX_DAYS = 31


class ClosedDaysForm(forms.Form):
    """First and last day, why, and at which sites; all of them are ticked."""

    first = forms.DateField(label=gettext_lazy("Closed on"), widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(
        label=gettext_lazy("Until and including"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("Leave it empty for one day."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why"), max_length=120, required=False, help_text=gettext_lazy("Such as staff day.")
    )
    sites = forms.ModelMultipleChoiceField(
        Site.objects.none(), label=gettext_lazy("At"), widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sites: Any = self.fields["sites"]
        sites.queryset = Site.objects.filter(pk__in=user.permanent_site_ids)
        sites.initial = sorted(user.permanent_site_ids)

    def clean(self) -> None:
        super().clean()
        first, last = self.cleaned_data.get("first"), self.cleaned_data.get("last")
        if first is None:
            return
        last = last or first
        today = min(
            (calendar.local_day(site, timezone.now()) for site in self.cleaned_data.get("sites", ())), default=first
        )
        if first < today:
            self.add_error("first", _("This day is past. Choose today or a later one."))
        if not first <= last < first + timedelta(days=MAX_DAYS):
            words = _("Choose a last day after the first one, at most %(days)d days in all. Check the year.")
            self.add_error("last", words % {"days": MAX_DAYS})
        elif first > today + timedelta(days=3 * 366):
            self.add_error("first", _("This is more than three years ahead. Check the year."))

    def days(self) -> list[date]:
        first: date = self.cleaned_data["first"]
        last: date = self.cleaned_data["last"] or first
        return [first + timedelta(days=ahead) for ahead in range((last - first).days + 1)]
