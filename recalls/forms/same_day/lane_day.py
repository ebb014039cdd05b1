"""Form in which the desk notes what it knows of a day's screening list."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from recalls.models import LaneDay


class LaneDayForm(forms.ModelForm[LaneDay]):
    """How many come, and how many of them are more often recalled; each patient counts once."""

    class Meta:
        model = LaneDay
        fields = ("screens", "first_screens", "long_gaps", "high_risks")

    def __init__(self, data: Any = None, *, instance: LaneDay) -> None:
        super().__init__(data, instance=instance)
        self.fields["screens"].required = True
        self.fields["screens"].label = _("Screenings on that day")
        for name in ("first_screens", "long_gaps", "high_risks"):
            self.fields[name].required = False
        self.fields["high_risks"].help_text = _("A patient who fits twice counts in the first that fits.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in ("first_screens", "long_gaps", "high_risks"):
            cleaned[name] = cleaned.get(name) or 0
        return cleaned
