"""The form that asks who looked at a patient, or at whom a person looked."""

from datetime import datetime, time, timedelta, tzinfo
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.models import User
from patients.models import Patient
from reports.access.access_rows import colleagues_of, find_patients


class AccessReportForm(forms.Form):
    """A record number or a person, and days; it is posted, so that no record number stands in an address."""

    mrn = forms.CharField(label=_("Record number of the patient"), required=False, max_length=60)
    person = forms.ModelChoiceField(User.objects.none(), label=_("Person"), required=False, empty_label=_("all"))
    begin = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    end = forms.DateField(label=_("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    why = forms.CharField(label=_("Why do you ask"), max_length=300)

    def __init__(self, user: User, zone: tzinfo, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.zone, self.patients = user, zone, list[Patient]()
        self.fields["person"].queryset = colleagues_of(user).order_by("username")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        mrn = (given.get("mrn") or "").strip()
        if mrn:
            self.patients = find_patients(self.user, mrn)
            if not self.patients:
                self.add_error("mrn", gettext("No patient of your sites has this record number."))
        elif not given.get("person"):
            self.add_error("mrn", gettext("Give a record number, or choose a person."))
        return given

    def selection(self) -> dict[str, Any]:
        """What the rows are narrowed to; the last day counts whole."""
        given = self.cleaned_data
        begin, end = given["begin"], given["end"]
        return {
            "patients": self.patients or None,
            "person": given["person"],
            "begin": datetime.combine(begin, time(), self.zone) if begin else None,
            "end": datetime.combine(end, time(), self.zone) + timedelta(days=1) if end else None,
        }
