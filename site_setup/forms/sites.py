"""Forms of a site: who and where it is, its clock and holidays, its files, and when its messages leave."""

from typing import Any
from zoneinfo import available_timezones

import holidays
from crispy_forms.helper import FormHelper
from crispy_forms.layout import Fieldset, Layout
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from holidays.registry import COUNTRIES

from clinic.models import Site
from patients.contact_validation import check_phone

_COMMON_ZONES = (
    ("America/New_York", gettext_lazy("Eastern time (New York)")),
    ("America/Chicago", gettext_lazy("Central time (Chicago)")),
    ("America/Denver", gettext_lazy("Mountain time (Denver)")),
    ("America/Phoenix", gettext_lazy("Mountain time without summer time (Phoenix)")),
    ("America/Los_Angeles", gettext_lazy("Pacific time (Los Angeles)")),
    ("America/Anchorage", gettext_lazy("Alaska time (Anchorage)")),
    ("Pacific/Honolulu", gettext_lazy("Hawaii time (Honolulu)")),
)


def zone_choices() -> list[Any]:
    """The zones of the United States by their names, then every zone there is."""
    common = {name for name, _label in _COMMON_ZONES}
    others = [(name, name.replace("_", " ")) for name in sorted(available_timezones()) if "/" in name]
    return [
        (_("United States"), list(_COMMON_ZONES)),
        (_("Everywhere"), [(name, label) for name, label in others if name not in common]),
    ]


def country_choices() -> list[tuple[str, str]]:
    """The countries whose public holidays are known, by name."""
    known = holidays.list_supported_countries()
    names = {codes[1]: key.replace("_", " ").title() for key, codes in COUNTRIES.items()}
    return sorted(((code, names.get(code, code)) for code in known), key=lambda pair: (pair[0] != "US", pair[1]))


class SiteDetailsForm(forms.ModelForm[Site]):
    """Everything about a site but its week, rooms and messages; in sections, with examples."""

    class Meta:
        model = Site
        fields = (
            "name", "legal_name", "sender_name", "contact_person", "phone", "address_line", "city", "state",
            "postal_code", "time_zone", "country", "subdivision", "code", "assigning_authority", "date_order",
            "bare_zero", "birads_edition", "keep_years", "keep_years_last",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"] = forms.ChoiceField(label=gettext_lazy("Time zone"), choices=zone_choices)
        self.fields["country"] = forms.ChoiceField(label=gettext_lazy("Public holidays of"), choices=country_choices)
        for name, words in _HELP.items():
            self.fields[name].help_text = words
        self.helper = FormHelper()
        self.helper.form_tag = self.helper.disable_csrf = False
        self.helper.disable_csrf = True
        self.helper.layout = Layout(*(Fieldset(title, *names) for title, names in _SECTIONS))

    def clean_phone(self) -> str:
        phone = check_phone(self.cleaned_data["phone"], self.data.get("country") or "US")
        if phone.problem:
            raise forms.ValidationError(phone.problem)
        return phone.value

    def clean(self) -> None:
        super().clean()
        country, part = self.cleaned_data.get("country"), (self.cleaned_data.get("subdivision") or "").strip().upper()
        known = holidays.list_supported_countries().get(country or "", [])
        if part and part not in known:
            words = _("No holidays are known for this state. Known: %(states)s.") % {"states": ", ".join(known) or "-"}
            self.add_error("subdivision", words)
        self.cleaned_data["subdivision"] = part


_SECTIONS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (gettext_lazy("Name"), ("name", "legal_name", "sender_name", "contact_person")),
    (gettext_lazy("Address and phone"), ("phone", "address_line", "city", "state", "postal_code")),
    (gettext_lazy("Time and holidays"), ("time_zone", "country", "subdivision")),
    (
        gettext_lazy("Files of results"),
        ("code", "assigning_authority", "date_order", "bare_zero", "birads_edition"),
    ),
    (gettext_lazy("How long records are kept"), ("keep_years", "keep_years_last")),
)
_HELP: dict[str, Any] = {
    "name": gettext_lazy("As your staff call it, such as Riverside Imaging."),
    "contact_person": gettext_lazy("Such as “Nia, nurse navigator”."),
    "phone": gettext_lazy("Patients call it; it stands in every message. With area code, such as 412 555 0100."),
    "state": gettext_lazy("As on an envelope, such as PA."),
    "subdivision": gettext_lazy("Such as PA. Some holidays are a state's own. Empty: those of the whole country."),
    "code": gettext_lazy("Short and without spaces, such as RIVER. A file's column “site” holds it."),
}


class MessagesForm(forms.ModelForm[Site]):
    """When messages leave, whether they carry the link to the patient's page, and which texts may be sent."""

    class Meta:
        model = Site
        fields = (
            "page_link", "asks_contact_plan", "send_from", "send_until", "reviewed_translations_only",
            "reviewed_english_only",
        )  # fmt: skip
        widgets = {
            name: forms.TimeInput(attrs={"type": "time"}, format="%H:%M") for name in ("send_from", "send_until")
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words = gettext_lazy("On the site's own clock, on the days on which it is open.")
        self.fields["send_from"].help_text = self.fields["send_until"].help_text = words
