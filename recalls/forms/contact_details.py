"""Form that corrects how a patient is reached and what has to be known before a call."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, ClassVar

from crispy_forms.bootstrap import InlineCheckboxes
from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Layout, Row
from django import forms
from django.conf.locale import LANG_INFO
from django.core.exceptions import ValidationError
from django.utils.functional import cached_property
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from clinic.models import OpeningHours, User
from desk.form_layout import fields_in_row
from desk.languages import language_name
from patients.channels import list_contact_points
from patients.contact_validation import CheckedContact, check_email, check_phone, format_phone
from patients.models import ContactPoint, Patient, ReferringProvider
from recalls import actions
from recalls.actions import RecordEdit
from recalls.enums import PartOfDay, TravelTime
from recalls.models import Recall

EDIT_SOURCE = "staff"
HALF_DAYS = (PartOfDay.MORNING, PartOfDay.AFTERNOON)
_POINT_FIELDS = {
    "mobile": ContactPoint.Kind.MOBILE,
    "home": ContactPoint.Kind.HOME,
    "other": ContactPoint.Kind.OTHER,
    "email": ContactPoint.Kind.EMAIL,
}
_DETAIL_FIELDS = (
    "address_line", "city", "state", "postal_code", "language", "interpreter_needed", "voicemail", "do_not_call",
    "implants", "mobility",
)  # fmt: skip
_REFERRER_FIELDS = ("referrer_name", "referrer_npi", "referrer_email")
_LANGUAGE_CODES = tuple(sorted(code for code, info in LANG_INFO.items() if "name" in info and "-" not in code))


class ContactPart(StrEnum):
    """Which fields of the form stand on the page: beside a call only the numbers do, and the rest comes when opened."""

    ALL = "all"
    POINTS = "points"
    MORE = "more"


class ContactDetailsForm(forms.Form):
    """The values as they stand; only what the person changes is written, also where a colleague changed the rest."""

    prefix = "contact"
    detail_fields: ClassVar[tuple[str, ...]] = _DETAIL_FIELDS
    more_label: ClassVar[Any] = _("Address, language, preferences, referring provider")

    mobile = forms.CharField(label=ContactPoint.Kind.MOBILE.label, required=False, max_length=60)
    home = forms.CharField(label=ContactPoint.Kind.HOME.label, required=False, max_length=60)
    other = forms.CharField(label=ContactPoint.Kind.OTHER.label, required=False, max_length=60)
    email = forms.CharField(label=ContactPoint.Kind.EMAIL.label, required=False, max_length=254)
    address_line = forms.CharField(label=_("Street"), required=False, max_length=200)
    city = forms.CharField(label=_("City"), required=False, max_length=100)
    state = forms.CharField(label=_("State"), required=False, max_length=50)
    postal_code = forms.CharField(label=_("ZIP code"), required=False, max_length=20)
    language = forms.ChoiceField(label=_("Language"))
    interpreter_needed = forms.BooleanField(label=_("Interpreter needed"), required=False)
    best_time = forms.ChoiceField(
        label=_("Best reached"), required=False, choices=[("", _("no matter when")), *PartOfDay.choices]
    )
    visit_days = forms.MultipleChoiceField(
        label=_("Can come on"),
        required=False,
        choices=[(str(day.value), day.label) for day in OpeningHours.Weekday],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None: any day. The free times start with these days."),
    )
    visit_part = forms.ChoiceField(
        label=_("At that time of day"), required=False,
        choices=[("", _("no matter when")), *((part.value, part.label) for part in HALF_DAYS)],
    )  # fmt: skip
    travel_minutes = forms.TypedChoiceField(
        label=_("Time to get here"), required=False, coerce=int,
        choices=[(0, _("not known")), *TravelTime.choices],
    )  # fmt: skip
    voicemail = forms.ChoiceField(label=_("Voicemail"), choices=Patient.Voicemail.choices)
    do_not_call = forms.BooleanField(label=_("Do not call"), required=False)
    implants = forms.BooleanField(label=_("Breast implants"), required=False)
    mobility = forms.CharField(
        label=_("Mobility needs"), required=False, max_length=200, help_text=_("Such as: wheelchair, cannot stand.")
    )
    referrer_name = forms.CharField(label=_("Referring provider"), required=False, max_length=200)
    referrer_npi = forms.RegexField(r"^\d{10}$", label="NPI", required=False)
    referrer_email = forms.EmailField(label=_("Email of a new provider"), required=False)

    def __init__(
        self,
        patient: Patient,
        user: User,
        data: Any = None,
        *,
        recall: Recall | None = None,
        part: ContactPart = ContactPart.ALL,
    ) -> None:
        self.patient, self.user, self.recall, self.part = patient, user, recall, part
        self.country = (recall or patient).site.country
        super().__init__(data, initial=_stored_values(patient, recall, self.country, self.detail_fields))
        if recall is None:
            for name in _REFERRER_FIELDS:
                del self.fields[name]
        if part == ContactPart.POINTS:
            self.fields = {name: self.fields[name] for name in _POINT_FIELDS}
        else:
            self.fields["language"].choices = _language_choices(patient)  # type: ignore[attr-defined]
        self._add_marked_points()
        if part == ContactPart.MORE:
            self.fields = {name: self.fields[name] for name in self.fields if name not in self._number_fields}
        for field in self.fields.values():
            # What the person saw travels along: a colleague's change in the meantime is not set back.
            field.show_hidden_initial = True
        for name in {*_POINT_FIELDS} & {*self.fields}:
            keyboard = "email" if name == "email" else "tel"
            self.fields[name].widget.attrs |= {"inputmode": keyboard, "autocomplete": "off"}

    @property
    def _number_fields(self) -> tuple[str, ...]:
        return (*_POINT_FIELDS, *self.marked_points)

    @property
    def has_numbers_only(self) -> bool:
        return self.part == ContactPart.POINTS

    def _add_marked_points(self) -> None:
        """A box for each number or address that was marked as not usable by what happened to it."""
        points = list_contact_points(self.patient)
        marked = [point for point in points if point.unusable not in ("", ContactPoint.UnusableReason.INVALID)]
        self.marked_points = {f"{point.kind}_works": ContactPoint.Kind(point.kind) for point in marked}
        for point in marked:
            words = {"what": point.get_kind_display(), "why": point.get_unusable_display()}
            label = _("%(what)s (%(why)s) works after all") % words
            self.fields[f"{point.kind}_works"] = forms.BooleanField(label=label, required=False)

    @cached_property
    def helper(self) -> FormHelper:
        """How crispy-forms renders the form."""
        helper = FormHelper(self)
        helper.form_tag, helper.disable_csrf = False, True
        numbers = [fields_in_row(*_POINT_FIELDS), *self.marked_points]
        if self.part == ContactPart.POINTS:
            helper.layout = Layout(*numbers)
        elif self.part == ContactPart.MORE:
            helper.layout = Layout(*self._rows_behind_numbers())
        else:
            is_open = " open" if set(self.errors) - set(_POINT_FIELDS) else ""
            opening = f"<details class='mb-3'{is_open}><summary>{self.more_label}</summary>"
            more = [HTML(opening), *self._rows_behind_numbers(), HTML("</details>")]
            helper.layout = Layout(*self.get_top_rows(), *numbers, *more)
        return helper

    def _rows_behind_numbers(self) -> list[Any]:
        return [
            fields_in_row("address_line", "city"),
            fields_in_row("state", "postal_code"),
            fields_in_row("language", "best_time", "voicemail"),
            InlineCheckboxes("visit_days"),
            fields_in_row("visit_part", "travel_minutes"),
            fields_in_row("interpreter_needed", "do_not_call", "implants"),
            "mobility",
            *self.get_last_rows(),
            *([fields_in_row(*_REFERRER_FIELDS)] if self.recall else []),
        ]

    def get_top_rows(self) -> list[Row]:
        """What stands above the numbers."""
        return []

    def get_last_rows(self) -> list[Row]:
        """What stands below the preferences."""
        return []

    @property
    def seen_values(self) -> SafeString:
        """Hidden fields with what stood in each field when the page was made."""
        return format_html_join("", "{}", ((self[name].as_hidden(only_initial=True),) for name in self.fields))

    def clean_mobile(self) -> str:
        return self._clean_point("mobile")

    def clean_home(self) -> str:
        return self._clean_point("home")

    def clean_other(self) -> str:
        return self._clean_point("other")

    def clean_email(self) -> str:
        return self._clean_point("email")

    def _clean_point(self, name: str) -> str:
        """A value that is new must work; one that stood there already is left alone."""
        typed = str(self.cleaned_data[name]).strip()
        if typed and name in self.changed_data and (problem := self._check(name, typed).problem):
            raise ValidationError(problem)
        return typed

    def _check(self, name: str, typed: str) -> CheckedContact:
        return check_email(typed) if name == "email" else check_phone(typed, self.country)

    def get_edit(self) -> RecordEdit:
        """What was changed, and nothing else."""
        cleaned, changed, wishes = self.cleaned_data, set(self.changed_data), {"visit_days", "visit_part"}
        return RecordEdit(
            details={name: cleaned[name] for name in self.detail_fields if name in changed},
            contact_points={kind: cleaned[name] for name, kind in _POINT_FIELDS.items() if name in changed},
            best_time=cleaned["best_time"] if "best_time" in changed else None,
            visit_wish=("".join(sorted(cleaned["visit_days"])), cleaned["visit_part"]) if wishes & changed else None,
            travel_minutes=int(cleaned["travel_minutes"] or 0) if "travel_minutes" in changed else None,
            works_after_all=[kind for name, kind in self.marked_points.items() if cleaned[name]],
        )

    def save(self) -> None:
        """Write what was changed. Raises ValidationError or NotPermitted as the action does."""
        edit = self.get_edit()
        if self.recall is None or not set(self.changed_data) & set(_REFERRER_FIELDS):
            actions.edit_record(self.patient, edit, by=self.user, source=EDIT_SOURCE)
            return
        referrer = self._find_referrer()
        actions.edit_record(self.patient, edit, by=self.user, source=EDIT_SOURCE, recall=self.recall, referrer=referrer)

    def changed_labels(self) -> list[str]:
        """What was changed, in the words of the form."""
        return [str(self.fields[name].label) for name in self.changed_data]

    def _find_referrer(self) -> ReferringProvider | None:
        """By NPI, else by name; a provider that is new is stored. None: the patient came without a referral."""
        name, npi = self.cleaned_data["referrer_name"].strip(), self.cleaned_data["referrer_npi"]
        if "referrer_npi" not in self.changed_data and "referrer_name" in self.changed_data:
            npi = ""
        if not name and not npi:
            return None
        known = ReferringProvider.objects.order_by("pk")
        found = known.filter(npi=npi).first() if npi else known.filter(name__iexact=name).first()
        email = self.cleaned_data["referrer_email"]
        return found or ReferringProvider.objects.create(name=name or f"NPI {npi}", npi=npi, email=email)


def _language_choices(patient: Patient) -> list[tuple[str, str]]:
    codes = {*_LANGUAGE_CODES, patient.language}
    return sorted(((code, language_name(code)) for code in codes), key=lambda choice: choice[1])


def _stored_values(
    patient: Patient, recall: Recall | None, country: str, detail_fields: Iterable[str]
) -> dict[str, Any]:
    points = {point.kind: point.value for point in patient.contact_points.all()}
    values: dict[str, Any] = {name: getattr(patient, name) for name in detail_fields}
    for name, kind in _POINT_FIELDS.items():
        value = points.get(kind, "")
        values[name] = value if name == "email" or not value else format_phone(value, country)
    preference = getattr(patient, "call_preference", None)
    values["best_time"] = preference.part if preference else ""
    wish = getattr(patient, "visit_wish", None)
    values |= {"visit_days": list(wish.weekdays) if wish else [], "visit_part": wish.part if wish else ""}
    values["travel_minutes"] = wish.travel_minutes if wish else 0
    referrer = recall.exam.referrer if recall else None
    if referrer is not None:
        values |= {"referrer_name": referrer.name, "referrer_npi": referrer.npi}
    return values
