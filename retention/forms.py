"""Forms of legal holds: whom one is about, and why it is set or lifted."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.models import User
from patients.models import Patient
from recalls.forms.base import date_field
from recalls.selectors.patients import patients_of
from retention.models import REASON_LENGTH

_LEAST_WORDS = 10  # characters


class HoldReasonForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        min_length=_LEAST_WORDS,
        max_length=REASON_LENGTH,
        help_text=gettext_lazy(
            "Without a patient's name, such as the number of the case. It stands in the security log."
        ),
    )


class FindHoldForm(HoldReasonForm):
    """Names the record; its birth date must be typed too, so that a slip in the number is caught."""

    mrn = forms.CharField(label=gettext_lazy("MRN"), max_length=60)
    birth_date = date_field(gettext_lazy("Birth date on that record"))
    field_order = ("mrn", "birth_date", "reason")

    def find_record(self, user: User) -> Patient:
        """Raises ValidationError for none at the user's sites."""
        named = patients_of(user).filter(mrn=self.cleaned_data["mrn"].strip(), merged_into=None)
        found = named.filter(birth_date=self.cleaned_data["birth_date"]).first()
        if found is None:
            raise ValidationError({"mrn": _("No record in use at your sites has this number and birth date.")})
        return found
