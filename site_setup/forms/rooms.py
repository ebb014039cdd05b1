"""Forms of a room, and of how long each kind of visit takes at a site."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import calendar
from clinic.models import Site
from recalls.enums import DurationComponent, SpokenLanguage
from recalls.models import MAX_VISIT_MINUTES, Room, RoomStop, VisitLength
from recalls.scheduling.mobile_stops import closed_day_reason, not_mobile_reason
from recalls.scheduling.slots import DEFAULT_MINUTES

_MAX_AHEAD = timedelta(days=3 * 366)


class RoomForm(forms.ModelForm[Room]):
    languages = forms.MultipleChoiceField(
        label=gettext_lazy("Languages spoken by those who work in it, besides English"),
        required=False,
        choices=SpokenLanguage.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "Patients who speak one of them see it beside the free times of this room. Leave out what is spoken on some"
            " days only."
        ),
    )

    class Meta:
        model = Room
        fields = ("name", "modality", "grid_minutes", "languages", "in_use")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].help_text = gettext_lazy("Such as Mammography 1.")
        self.initial["languages"] = sorted(self.instance.spoken)
        self.fields["grid_minutes"].label = gettext_lazy("A visit may start every … minutes")
        self.fields["grid_minutes"].help_text = gettext_lazy("30: at 8:00, 8:30, 9:00 and so on.")

    def clean_languages(self) -> str:
        return ",".join(sorted(self.cleaned_data["languages"]))


class StopForm(forms.ModelForm[RoomStop]):
    """Where a mobile unit stands on one day."""

    class Meta:
        model = RoomStop
        fields = ("day", "opens", "closes", "place", "address_line", "city")
        widgets = {
            "day": forms.DateInput(attrs={"type": "date"}),
            "opens": forms.TimeInput(attrs={"type": "time"}),
            "closes": forms.TimeInput(attrs={"type": "time"}),
        }

    def __init__(self, room: Room, data: Any = None) -> None:
        super().__init__(data, instance=RoomStop(room=room))
        self.room = room

    def clean_day(self) -> date:
        day: date = self.cleaned_data["day"]
        today = calendar.today(self.room.site)
        if not today <= day <= today + _MAX_AHEAD:
            raise forms.ValidationError(_("Choose a day from today on, at most three years ahead. Check the year."))
        if shut := closed_day_reason(self.room, day):
            raise forms.ValidationError(shut)
        return day

    def clean(self) -> dict[str, Any]:
        if fixed := not_mobile_reason(self.room):
            raise forms.ValidationError(fixed)
        return super().clean() or self.cleaned_data

    def validate_unique(self) -> None:
        """With the unit, which is no field of the form."""
        day, opens = (self.cleaned_data.get(name) for name in ("day", "opens"))
        if day and opens and RoomStop.objects.filter(room=self.room, day=day, opens=opens).exists():
            self.add_error("opens", _("The unit has a stop at that time already."))


class VisitLengthsForm(forms.Form):
    """Minutes by kind of visit; an empty field leaves the usual length."""

    def __init__(self, data: Any = None, *, site: Site) -> None:
        super().__init__(data)
        self.site = site
        own = {length.what: length.minutes for length in VisitLength.objects.filter(site=site)}
        for what in DurationComponent:
            usual = DEFAULT_MINUTES[what]
            self.fields[what.value] = forms.IntegerField(
                label=what.label,
                required=False,
                min_value=5,
                max_value=MAX_VISIT_MINUTES,
                initial=own.get(what.value),
                help_text=_("minutes; empty: %(usual)d") % {"usual": usual},
                widget=forms.NumberInput(attrs={"placeholder": str(usual)}),
            )

    def save(self) -> None:
        for what in DurationComponent:
            minutes = self.cleaned_data[what.value]
            if minutes is None:
                VisitLength.objects.filter(site=self.site, what=what).delete()
            else:
                VisitLength.objects.update_or_create(site=self.site, what=what, defaults={"minutes": minutes})
