"""The columns of a cancer and the form that reads them, from a file or from a person."""

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import calendar
from clinic.models import Site
from exchange.errors import InvalidValue
from exchange.parsing.date_parser import parse_birth_date, parse_date
from recalls.models import CancerDiagnosis

_PERSON = {
    "mrn": gettext_lazy("MRN"),
    "family_name": gettext_lazy("Family name"),
    "given_name": gettext_lazy("Given name"),
    "birth_date": gettext_lazy("Birth date"),
}
FACTS = (
    "source", "reference", "diagnosed_on", "side", "result", "histology", "grade", "er", "pr", "her2", "size_mm",
    "nodes", "stage", "surgery_on",
)  # fmt: skip
COLUMNS = (*_PERSON, *FACTS)
REQUIRED = ("family_name", "given_name", "birth_date", "diagnosed_on", "result")
_DATES = ("birth_date", "diagnosed_on", "surgery_on")


class SiteDateField(forms.CharField):
    """A day written as the site writes days."""

    def __init__(self, *, site: Site, is_birth: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.site, self.is_birth = site, is_birth

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            return (parse_birth_date if self.is_birth else parse_date)(text, self.site)
        except InvalidValue as problem:
            raise forms.ValidationError(str(problem)) from None


class CancerRowForm(forms.ModelForm[CancerDiagnosis]):
    """Who the patient is, and what is known of the cancer."""

    class Meta:
        model = CancerDiagnosis
        fields = tuple(name for name in FACTS if name not in _DATES)

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.site = site
        for name, label in _PERSON.items():
            if name not in _DATES:
                self.fields[name] = forms.CharField(label=label, required=name in REQUIRED, max_length=200)
        for name in _DATES:
            self.fields[name] = SiteDateField(
                site=site, is_birth=name == "birth_date", label=_date_label(name), required=name in REQUIRED
            )
        self.fields["source"].required = False
        self.order_fields(COLUMNS)

    def clean_source(self) -> str:
        return self.cleaned_data["source"] or str(CancerDiagnosis._meta.get_field("source").get_default())

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        diagnosed, born = data.get("diagnosed_on"), data.get("birth_date")
        if diagnosed and diagnosed > calendar.today(self.site):
            self.add_error("diagnosed_on", _("This day has not come yet."))
        if diagnosed and born and diagnosed < born:
            self.add_error("diagnosed_on", _("This is before the patient was born."))
        return data


def _date_label(name: str) -> str:
    field: Any = CancerDiagnosis._meta.get_field
    return str(_PERSON[name]) if name in _PERSON else capfirst(str(field(name).verbose_name))
