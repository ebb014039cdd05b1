"""The form of one page that takes a patient and a screening result; each field is a column of a results file."""

from collections.abc import Iterable
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Layout
from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.models import Site, User
from desk.form_layout import fields_in_row
from exchange.errors import Confirmation, Problem
from exchange.schema import LABELS, REQUIRED
from patients.background import BACKGROUND_FIELDS, Ethnicity, Insurance, Race
from patients.models import Patient
from recalls.enums import Assessment, Density, FindingKind, RecallKind, ScreeningModality, Side, SupplementalTest

FINDINGS = (1, 2)  # places for findings on the page
_YES_NO = (("", gettext_lazy("not asked")), ("yes", gettext_lazy("yes")), ("no", gettext_lazy("no")))
_ASSESSMENTS = [choice for choice in Assessment.choices if choice[0] != Assessment.KNOWN_MALIGNANCY]
_RECALL_KINDS = [
    choice for choice in RecallKind.choices if choice[0] not in (RecallKind.SUPPLEMENTAL, RecallKind.INCIDENTAL)
]
_CHOICES: dict[str, list[Any]] = {
    "sex": Patient.Sex.choices,
    "voicemail": Patient.Voicemail.choices,
    **dict.fromkeys(("assessment", "assessment_left", "assessment_right"), _ASSESSMENTS),
    "density": Density.choices,
    "recall_kind": _RECALL_KINDS,
    "supplemental": SupplementalTest.choices,
    "modality": ScreeningModality.choices,
    "race": Race.choices,
    "ethnicity": Ethnicity.choices,
    "insurance": Insurance.choices,
}
_YES_NO_COLUMNS = (
    "interpreter_needed",
    "email_consent",
    "sms_consent",
    "detail_consent",
    "double_read",
    "first_screen",
)
_DAYS = ("birth_date", "exam_date", "reported_at")
_TYPES = {"phone_mobile": "tel", "phone_home": "tel", "email": "email", "referrer_email": "email"}
_FIRST_ROWS = (
    ("mrn", "family_name", "given_name", "birth_date"),
    ("phone_mobile", "email", "language", "interpreter_needed"),
    ("email_consent", "sms_consent", "detail_consent"),
    ("accession", "exam_date", "assessment", "reader"),
    ("finding_kind_1", "finding_side_1", "finding_place_1"),
)
_MORE_PATIENT = (
    ("middle_name", "preferred_name", "sex"),
    ("phone_home", "voicemail"),
    ("address_line", "city", "state", "postal_code"),
    BACKGROUND_FIELDS,
)
_MORE_EXAM = (
    ("assessment_right", "assessment_left", "density", "modality"),
    ("recall_kind", "supplemental", "first_screen", "double_read", "reported_at"),
    ("risk_score", "risk_source"),
    ("finding_kind_2", "finding_side_2", "finding_place_2"),
    ("referrer_name", "referrer_npi", "referrer_email"),
    ("comment",),
)


class EntryForm(forms.Form):
    """What was typed, as it was typed: the parser of results files says what is wrong with it."""

    known_patient = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, user: User, data: Any = None, *, initial: dict[str, str] | None = None) -> None:
        self.sites = {site.code: site for site in user.own_sites}
        self.asked: list[Confirmation] = []
        super().__init__(data, initial={"language": "English", "recall_kind": "finding", **(initial or {})})
        self.fields["site"] = forms.ChoiceField(
            label=LABELS["site"], choices=[(site.code, site.name) for site in self.sites.values()]
        )
        if len(self.sites) == 1:
            self.fields["site"].initial = next(iter(self.sites))
            self.fields["site"].widget = forms.HiddenInput()
        for row in (*_FIRST_ROWS, *_MORE_PATIENT, *_MORE_EXAM):
            for name in row:
                self.fields[name] = _build_field(name)
        for confirmation in Confirmation:
            self.fields[confirmation.value] = forms.BooleanField(label=confirmation.label, required=False)

    @property
    def site(self) -> Site | None:
        """The chosen site; None for one at which the person does not work."""
        return self.sites.get(self.cleaned_data.get("site", ""))

    @property
    def confirmed(self) -> frozenset[Confirmation]:
        return frozenset(one for one in Confirmation if self.cleaned_data.get(one.value))

    def raw_row(self) -> dict[str, str]:
        """The cells of the row by column, as a file would hold them."""
        typed = {name: str(self.cleaned_data.get(name, "")) for name in LABELS if name in self.fields}
        return {name: text for name, text in {**typed, "findings": self._findings()}.items() if text}

    def _findings(self) -> str:
        found = []
        for number in FINDINGS:
            parts = [
                self.cleaned_data.get(f"finding_{part}_{number}", "").strip() for part in ("kind", "side", "place")
            ]
            if any(parts):
                found.append(":".join(parts).rstrip(":"))
        return "; ".join(found)

    def add_problems(self, problems: Iterable[Problem]) -> None:
        """Show each problem beside its field, and offer to confirm what may be confirmed."""
        for problem in problems:
            name = "finding_kind_1" if problem.column == "findings" else problem.column
            self.add_error(name if name in self.fields else None, problem.message)
            if problem.settled_by:
                self.ask(problem.settled_by)

    def ask(self, confirmation: Confirmation) -> None:
        if confirmation not in self.asked:
            self.asked.append(confirmation)

    @cached_property
    def helper(self) -> FormHelper:
        for name in REQUIRED:  # shown with a star; the parser, not the field, says that it is missing
            self.fields[name].required = True
        first_wrong = next((name for name in self.fields if name in self.errors), "mrn")
        self.fields[first_wrong].widget.attrs["autofocus"] = True
        helper = FormHelper(self)
        helper.form_tag = False
        helper.disable_csrf = True
        first = [fields_in_row(*row) for row in _FIRST_ROWS]
        helper.layout = Layout(
            "known_patient",
            "site",
            *first,
            *self._fold(_("More about the patient"), _MORE_PATIENT),
            *self._fold(_("More about the exam"), _MORE_EXAM),
            *(confirmation.value for confirmation in self.asked),
        )
        return helper

    def _fold(self, summary: str, rows: tuple[tuple[str, ...], ...]) -> list[Any]:
        """Fields that are seldom needed, behind a summary; open where one of them is wrong or filled in."""
        names = [name for row in rows for name in row]
        is_open = any(name in self.errors for name in names)
        opening = "<details class='mb-3' open>" if is_open else "<details class='mb-3'>"
        shown = [fields_in_row(*row) for row in rows]
        return [HTML(f"{opening}<summary>{summary}</summary>"), *shown, HTML("</details>")]


def _build_field(name: str) -> forms.Field:
    if name.startswith("finding_"):
        return _build_finding_field(name)
    label = LABELS[name]
    if name in _YES_NO_COLUMNS:
        return forms.CharField(label=label, required=False, widget=forms.Select(choices=_YES_NO))
    if name in _CHOICES:
        choices = [("", ""), *_CHOICES[name]]
        return forms.CharField(label=label, required=False, widget=forms.Select(choices=choices))
    if name == "comment":
        return forms.CharField(label=label, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    attrs = {"type": "date" if name in _DAYS else _TYPES.get(name, "text"), "autocomplete": "off"}
    if name == "reader":
        attrs["list"] = "readers"
    return forms.CharField(label=label, required=False, strip=False, widget=forms.TextInput(attrs=attrs))


def _build_finding_field(name: str) -> forms.Field:
    _finding, part, number = name.split("_")
    suffix = "" if number == "1" else f" {number}"
    if part == "place":
        return forms.CharField(label=_("Place of the finding") + suffix, required=False)
    label, choices = (_("Finding"), FindingKind.choices) if part == "kind" else (_("Side of the finding"), Side.choices)
    return forms.CharField(label=label + suffix, required=False, widget=forms.Select(choices=[("", ""), *choices]))
