"""Forms of what was done elsewhere: its report as text or file, and what of it turns out wrong."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from clinic import calendar
from desk.datetime_display import format_day
from desk.form_layout import fields_in_row
from recalls import actions
from recalls.actions import ActionKwargs, OutcomeInput, OutsideReportInput, ReportFile
from recalls.actions.lesions import sides_found
from recalls.enums import Assessment, OutsideReportKind, ReportSource, Side
from recalls.forms.base import ReasonForm, StepForm, date_field
from recalls.forms.biopsy import PathologyFields, pathology_details_layout, pathology_input
from recalls.forms.outcomes import OUTCOME_ASSESSMENTS
from recalls.lesion_stages import lesion_statuses
from recalls.models import Recall, RecallEvent
from recalls.permissions import (
    first_visits_recorded,
    open_report_requests,
    places_asked_after_visit,
    surgeries_recorded,
)

_TISSUE_KINDS = (OutsideReportKind.BIOPSY, OutsideReportKind.SURGERY)
MAX_FILE_BYTES = 5 * 1024 * 1024
# How files of the kinds that a fax server or a scanner makes begin; the name of a file proves nothing.
_SIGNATURES = {
    b"%PDF-": "application/pdf",
    b"\x89PNG": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"II*\x00": "image/tiff",
    b"MM\x00*": "image/tiff",
}


class RecordOutsideForm(PathologyFields, StepForm):
    """Asks for the assessment of an imaging work-up, the pathology of a biopsy or surgery, or a first visit's day."""

    kind = forms.ChoiceField(label=_("What was done"), choices=OutsideReportKind.choices, widget=forms.RadioSelect)
    facility = forms.CharField(label=_("Where"), max_length=200)
    performed_on = date_field(_("Done on"))
    source = forms.ChoiceField(label=_("How the report came"), choices=ReportSource.choices)
    assessment = forms.ChoiceField(
        label=_("Final assessment, of imaging"),
        choices=[("", "-"), *((kind.value, kind.label) for kind in Assessment if kind in OUTCOME_ASSESSMENTS)],
        required=False,
    )
    reader_name = forms.CharField(
        label=_("Who read the images there"), max_length=200, required=False, help_text=_("As named in the report.")
    )
    lesion = forms.TypedChoiceField(label=_("Lesion"), coerce=int, empty_value=None, required=False)
    side = forms.ChoiceField(
        label=_("Breast, of a biopsy or surgery"),
        choices=[("", "-"), (Side.RIGHT.value, Side.RIGHT.label), (Side.LEFT.value, Side.LEFT.label)],
        required=False,
        help_text=_("The screening found something in both."),
    )
    told_there = forms.CharField(
        label=_("Who told the patient there"),
        max_length=150,
        required=False,
        help_text=_("Leave empty if nobody there did: then the result is to be told here."),
    )
    file = forms.FileField(label=_("Report as a file"), required=False, help_text=_("PDF, PNG, JPEG or TIFF, 5 MB."))

    def init_fields(self) -> None:
        self.fields["result"].required = False
        self.fields["result"].label = _("Pathology, of a biopsy or surgery")
        lesions = [status.lesion for status in lesion_statuses(self.recall)]
        self.fields["lesion"].choices = [("", "-"), *((row.pk, str(row)) for row in lesions)]  # type: ignore[attr-defined]
        if len(lesions) < 2:
            del self.fields["lesion"]
        if lesions or len(sides_found(self.recall.exam.findings.all())) < 2:
            del self.fields["side"]
        if not self.recall.referrals.all():
            self.fields["kind"].choices = [  # type: ignore[attr-defined]
                choice for choice in OutsideReportKind.choices if choice[0] != OutsideReportKind.FIRST_VISIT
            ]
        for request in open_report_requests(self.recall):
            self.initial.update(kind=request.kind, facility=request.facility)
        if len(places_asked_after_visit(self.recall)) > 1:
            self.initial["facility"] = ""  # which of them answered is for the person to say

    def get_layout(self) -> list[Any]:
        lesion = [name for name in ("lesion", "side") if name in self.fields]
        return [
            "kind", "facility", fields_in_row("performed_on", "source"), "assessment", "reader_name", *lesion, "result",
            "histology",
            *pathology_details_layout(self), "specimen", "told_there", "text", "file",
        ]  # fmt: skip

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("kind") == OutsideReportKind.IMAGING and not cleaned.get("assessment"):
            self.add_error("assessment", _("Enter the final assessment of the report."))
        if cleaned.get("kind") in _TISSUE_KINDS and not cleaned.get("result"):
            self.add_error("result", _("Enter the pathology result of the report."))
        return cleaned

    def clean_file(self) -> ReportFile | None:
        """The file, if it is of a kind that can be kept."""
        upload: UploadedFile[bytes] | None = self.cleaned_data["file"]
        if upload is None:
            return None
        if (upload.size or 0) > MAX_FILE_BYTES:
            raise ValidationError(_("The file is larger than 5 MB. Scan it with fewer colors or in parts."))
        content = upload.read()
        kind = next((kind for start, kind in _SIGNATURES.items() if content.startswith(start)), "")
        if not kind:
            raise ValidationError(_("This is no PDF, PNG, JPEG or TIFF file."))
        return ReportFile((upload.name or "report")[-150:], kind, content)

    def _imaging(self) -> OutcomeInput:
        return OutcomeInput(
            Assessment(self.cleaned_data["assessment"]), reader_name=self.cleaned_data["reader_name"].strip()
        )

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        cleaned, kind = self.cleaned_data, OutsideReportKind(self.cleaned_data["kind"])
        is_imaging, is_tissue = kind == OutsideReportKind.IMAGING, kind in _TISSUE_KINDS
        report = OutsideReportInput(
            kind=kind,
            facility=cleaned["facility"],
            performed_on=cleaned["performed_on"],
            source=ReportSource(cleaned["source"]),
            text=cleaned["text"],
            file=cleaned["file"],
            outcome=self._imaging() if is_imaging else None,
            pathology=pathology_input(cleaned, cleaned.get("lesion")) if is_tissue else None,
            told_there=cleaned["told_there"],
        )
        return actions.record_outside(self.recall, report, **kwargs)


class SeenInErrorForm(ReasonForm):
    """Asks which report was wrong where several say that the patient was seen."""

    report = forms.TypedChoiceField(label=_("Which report"), coerce=int, widget=forms.RadioSelect)

    field_order = ("report", "note")

    def init_fields(self) -> None:
        recorded, today = first_visits_recorded(self.recall), calendar.today(self.recall.site)
        self.fields["report"].choices = [  # type: ignore[attr-defined]
            (row.pk, f"{row.facility}, {format_day(row.performed_on, today)}") for row in recorded
        ]
        if len(recorded) < 2:
            del self.fields["report"]

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        return actions.seen_in_error(self.recall, self.cleaned_data.get("report"), **kwargs)


class AmendSurgeryForm(PathologyFields, StepForm):
    """The whole corrected result, as the first report was; only the day is filled in, since only that is copied."""

    report = forms.TypedChoiceField(label=_("Which surgery"), coerce=int, widget=forms.RadioSelect)
    performed_on = date_field(_("Done on"))
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("Such as: the hospital sent a corrected report, of that day."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def init_fields(self) -> None:
        self.recorded = _surgery_choices(self.recall)
        self.fields["report"].choices = self.recorded  # type: ignore[attr-defined]
        self.fields["performed_on"].required = False
        if len(self.recorded) < 2:
            del self.fields["report"]
            recorded = surgeries_recorded(self.recall)
            self.initial["performed_on"] = recorded[0].performed_on if recorded else None
        else:
            self.fields["performed_on"].help_text = _("Leave empty where the day was right.")

    @property
    def heading(self) -> str:
        """The one surgery there is; of several the form asks which."""
        return self.recorded[0][1] if len(self.recorded) == 1 else ""

    def get_layout(self) -> list[Any]:
        report = ["report"] if "report" in self.fields else []
        details = pathology_details_layout(self)
        return [*report, "performed_on", "result", "histology", *details, "specimen", "text", "reason"]

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        cleaned = self.cleaned_data
        return actions.amend_surgery(
            self.recall, pathology_input(cleaned, None), reason=cleaned["reason"], report_id=cleaned.get("report"),
            performed_on=cleaned["performed_on"], **kwargs,
        )  # fmt: skip


class SurgeryInErrorForm(ReasonForm):
    """Says which report is taken back, and asks which where several surgeries are recorded."""

    report = forms.TypedChoiceField(label=_("Which surgery"), coerce=int, widget=forms.RadioSelect)

    field_order = ("report", "note")

    def init_fields(self) -> None:
        self.recorded = _surgery_choices(self.recall)
        self.fields["report"].choices = self.recorded  # type: ignore[attr-defined]
        if len(self.recorded) < 2:
            del self.fields["report"]

    @property
    def heading(self) -> str:
        return self.recorded[0][1] if len(self.recorded) == 1 else ""

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        return actions.surgery_in_error(self.recall, self.cleaned_data.get("report"), **kwargs)


def _surgery_choices(recall: Recall) -> list[tuple[int, str]]:
    """Each report with place, day and what the tissue showed. One query for each."""
    today = calendar.today(recall.site)
    return [
        (row.pk, f"{row.facility}, {format_day(row.performed_on, today)}: {row.pathology or '-'}")
        for row in surgeries_recorded(recall)
    ]


class NotSeenThereForm(ReasonForm):
    """Asks which place waited for the patient in vain where several are asked."""

    facility = forms.ChoiceField(label=_("Where the patient was not seen"))

    field_order = ("facility", "note")

    def init_fields(self) -> None:
        places = places_asked_after_visit(self.recall)
        self.fields["facility"].choices = [("", "-"), *((place, place) for place in places)]  # type: ignore[attr-defined]
        if len(places) < 2:
            del self.fields["facility"]

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        return actions.not_seen_there(self.recall, self.cleaned_data.get("facility", ""), **kwargs)
