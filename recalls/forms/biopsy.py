"""Forms that note a biopsy, record pathology, sign the concordance and hand the patient over to treatment."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic import calendar
from desk.datetime_display import format_day
from desk.form_layout import fields_in_row
from recalls import actions
from recalls.actions import ActionKwargs, BiopsyInput, PathologyInput
from recalls.actions.lesions import sides_without_result
from recalls.actions.pathology import FOLLOW_UP_VERDICTS, allowed_verdicts
from recalls.enums import Assessment, ConcordanceVerdict, PathologyClass, Side
from recalls.enums.lesions import BiopsyDevice, BiopsyGuidance, Histology, NodeStatus, ReceptorStatus, TumorGrade
from recalls.forms.answers import choice_label, follow_up_choices_from_today
from recalls.forms.base import NOTE_ROWS, StepForm, collapsed_fields, date_field
from recalls.lesion_stages import LesionStage, LesionStatus, lesion_statuses
from recalls.models import Lesion, PathologyResult, RecallEvent
from recalls.workflow import NEXT_STATE_BY_VERDICT

# What a screening may say of one breast, beside a 4 or 5 of the exam.
_BREAST_RESULTS = [
    ("", "-"),
    *(
        (kind.value, kind.label)
        for kind in Assessment
        if kind not in (Assessment.NEED_PRIORS, Assessment.KNOWN_MALIGNANCY, Assessment.POST_PROCEDURE)
    ),
]
_NOT_STATED = [("", _("not stated"))]
PATHOLOGY_DETAILS = ("grade", "size_mm", "nodes", "er", "pr", "her2")


class AdviseBiopsyForm(StepForm):
    """Asks for the result of each breast with a finding that the screening gave none; else only for a note."""

    assessment_right = forms.ChoiceField(label=_("Right breast"), choices=_BREAST_RESULTS)
    assessment_left = forms.ChoiceField(label=_("Left breast"), choices=_BREAST_RESULTS)
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": NOTE_ROWS}))

    def init_fields(self) -> None:
        self.breasts = sides_without_result(self.recall.exam)
        for side in (Side.RIGHT, Side.LEFT):
            name = f"assessment_{side}"
            if side in self.breasts:
                self.fields[name].help_text = _("The screening found something here and gave this breast no result.")
            else:
                del self.fields[name]

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        by_side = {side: Assessment(self.cleaned_data[f"assessment_{side}"]) for side in self.breasts}
        return actions.advise_biopsy(self.recall, by_side=by_side, **kwargs)


class BiopsyDoneForm(StepForm):
    """Every lesion that a biopsy was advised for is ticked; how it was taken may stay empty."""

    lesions = forms.TypedMultipleChoiceField(
        label=_("Tissue was taken from"), coerce=int, widget=forms.CheckboxSelectMultiple, required=False
    )
    device = forms.ChoiceField(label=_("Device"), choices=[*_NOT_STATED, *BiopsyDevice.choices], required=False)
    guidance = forms.ChoiceField(label=_("Guidance"), choices=[*_NOT_STATED, *BiopsyGuidance.choices], required=False)
    clip = forms.CharField(label=_("Clip"), max_length=60, required=False)
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": NOTE_ROWS}))

    def init_fields(self) -> None:
        waiting = lesions_at(self, LesionStage.TO_BIOPSY)
        self.fields["lesions"].choices = [(lesion.pk, str(lesion)) for lesion in waiting]  # type: ignore[attr-defined]
        self.initial["lesions"] = [lesion.pk for lesion in waiting]
        if len(waiting) < 2:
            del self.fields["lesions"]

    def get_layout(self) -> list[Any]:
        lesions = ["lesions"] if "lesions" in self.fields else []
        return [*lesions, fields_in_row("device", "guidance", "clip"), "note"]

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        cleaned = self.cleaned_data
        details = BiopsyInput(cleaned.get("lesions"), cleaned["device"], cleaned["guidance"], cleaned["clip"])
        return actions.biopsy_done(self.recall, details, **kwargs)


class PathologyFields(forms.Form):
    """What a pathology report says; only the result must be filled in."""

    result = forms.ChoiceField(label=_("Result"), choices=PathologyClass.choices, widget=forms.RadioSelect)
    histology = forms.ChoiceField(label=_("Histology"), choices=[*_NOT_STATED, *Histology.choices], required=False)
    grade = forms.ChoiceField(label=_("Grade"), choices=[*_NOT_STATED, *TumorGrade.choices], required=False)
    size_mm = forms.IntegerField(label=_("Size in mm"), min_value=1, max_value=300, required=False)
    nodes = forms.ChoiceField(label=_("Lymph nodes"), choices=[*_NOT_STATED, *NodeStatus.choices], required=False)
    er = forms.ChoiceField(label="ER", choices=[*_NOT_STATED, *ReceptorStatus.choices], required=False)
    pr = forms.ChoiceField(label="PR", choices=[*_NOT_STATED, *ReceptorStatus.choices], required=False)
    her2 = forms.ChoiceField(label="HER2", choices=[*_NOT_STATED, *ReceptorStatus.choices], required=False)
    specimen = forms.CharField(label=_("Specimen"), max_length=60, required=False)
    text = forms.CharField(label=_("Report"), required=False, widget=forms.Textarea(attrs={"rows": NOTE_ROWS}))


def pathology_input(cleaned: dict[str, Any], lesion_id: int | None) -> PathologyInput:
    """What was typed into `PathologyFields`, about that lesion."""
    names = ("histology", "specimen", "text", *PATHOLOGY_DETAILS)
    said = {name: cleaned[name] for name in names}
    return PathologyInput(PathologyClass(cleaned["result"]), lesion_id, side=cleaned.get("side", ""), **said)


def pathology_details_layout(form: forms.Form) -> list[Any]:
    """Grade, size, nodes and receptors, which only a malignant result has, behind a summary."""
    is_open = any(form.data.get(name) for name in PATHOLOGY_DETAILS)
    return collapsed_fields(_("Grade, size, nodes, receptors"), *PATHOLOGY_DETAILS, is_open=is_open)


class RecordPathologyForm(PathologyFields, StepForm):
    lesion = forms.TypedChoiceField(label=_("Lesion"), coerce=int, widget=forms.RadioSelect)

    def init_fields(self) -> None:
        waiting = self._waiting_lesions()
        self.fields["lesion"].choices = [(lesion.pk, str(lesion)) for lesion in waiting]  # type: ignore[attr-defined]
        if len(waiting) < 2:
            del self.fields["lesion"]

    @property
    def heading(self) -> str:
        """The one lesion whose result is awaited; of several the form asks which."""
        waiting = self._waiting_lesions()
        return gettext("Lesion %(lesion)s") % {"lesion": waiting[0]} if len(waiting) == 1 else ""

    def _waiting_lesions(self) -> list[Lesion]:
        return [status.lesion for status in lesion_statuses(self.recall) if status.is_tissue_awaited]

    def get_layout(self) -> list[Any]:
        lesion = ["lesion"] if "lesion" in self.fields else []
        return [*lesion, "result", "histology", *pathology_details_layout(self), "specimen", "text"]

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        cleaned = self.cleaned_data
        return actions.record_pathology(self.recall, pathology_input(cleaned, cleaned.get("lesion")), **kwargs)


class AmendPathologyForm(PathologyFields, StepForm):
    amended = forms.TypedChoiceField(label=_("Which result it corrects"), coerce=int, widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("Such as: addendum of the laboratory, of that day."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def init_fields(self) -> None:
        self.recorded = [
            (row.pk, self._describe(status.lesion, row))
            for status in lesion_statuses(self.recall)
            for row in status.amendable_results
        ]
        self.fields["amended"].choices = self.recorded  # type: ignore[attr-defined]
        if len(self.recorded) < 2:
            del self.fields["amended"]

    def _describe(self, lesion: Lesion, row: PathologyResult) -> str:
        """The lesion with that result and its day, for a lesion may have been biopsied twice."""
        words = gettext("Lesion %(lesion)s: %(found)s, %(day)s")
        site = self.recall.site
        day = format_day(calendar.local_day(site, row.at), calendar.today(site))
        return words % {"lesion": lesion, "found": row, "day": day}

    @property
    def heading(self) -> str:
        """The one result there is; of several the form asks which."""
        return self.recorded[0][1] if len(self.recorded) == 1 else ""

    def get_layout(self) -> list[Any]:
        amended = ["amended"] if "amended" in self.fields else []
        return [*amended, "result", "histology", *pathology_details_layout(self), "specimen", "text", "reason"]

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        cleaned = self.cleaned_data
        report, amended_id = pathology_input(cleaned, None), cleaned.get("amended")
        return actions.amend_pathology(self.recall, report, reason=cleaned["reason"], amended_id=amended_id, **kwargs)


# What each verdict says of pathology and imaging.
_VERDICT_EXPLANATIONS: dict[ConcordanceVerdict, Any] = {
    ConcordanceVerdict.CONCORDANT_BENIGN: _("Pathology explains the imaging finding, and it is not cancer."),
    ConcordanceVerdict.DISCORDANT: _("Pathology does not explain the imaging finding: biopsy again."),
    ConcordanceVerdict.INSUFFICIENT: _("Not enough sample to say: biopsy again."),
    ConcordanceVerdict.HIGH_RISK: _("Not cancer: a surgeon looks at it, or imaging follows it."),
    ConcordanceVerdict.MALIGNANT: _("Cancer: the patient is handed over to treatment."),
}


def _describe_verdict_result(verdict: ConcordanceVerdict) -> Any:
    state, closure = NEXT_STATE_BY_VERDICT[verdict]
    return f"{state.label}: {closure.label}" if closure else state.label


class SignConcordanceForm(StepForm):
    """Offers the verdicts that fit the tissue; none is chosen beforehand, since this is a signature."""

    pathology = forms.IntegerField(widget=forms.HiddenInput)
    verdict = forms.ChoiceField(label=_("Verdict"), widget=forms.RadioSelect)
    follow_up_months = forms.TypedChoiceField(
        label=_("Then"), coerce=int, empty_value=None, required=False, widget=forms.Select
    )
    text = forms.CharField(label=_("Comment"), required=False, widget=forms.Textarea(attrs={"rows": NOTE_ROWS}))

    def init_fields(self) -> None:
        self.status = next(iter(statuses_at(self, LesionStage.TO_SIGN)), None)
        self.fields["verdict"].choices = [  # type: ignore[attr-defined]
            (
                verdict.value,
                choice_label(
                    str(key), verdict.label, _VERDICT_EXPLANATIONS[verdict], _describe_verdict_result(verdict)
                ),
            )
            for key, verdict in enumerate(allowed_verdicts(self.pathology_to_sign), start=1)
        ]
        self.fields["follow_up_months"].choices = [  # type: ignore[attr-defined]
            ("", _("no short-interval follow-up of this lesion")),
            *follow_up_choices_from_today(self.recall),
        ]
        self.fields["follow_up_months"].help_text = _("Counts for a benign or a high-risk result only.")
        self.initial["pathology"] = self.pathology_to_sign.pk if self.pathology_to_sign else None
        if self.status and self.status.assessment and self.status.assessment.assessment == Assessment.PROBABLY_BENIGN:
            self.initial["follow_up_months"] = 6

    @property
    def pathology_to_sign(self) -> PathologyResult | None:
        return self.status.pathology if self.status else None

    @property
    def heading(self) -> str:
        """Which lesion and tissue the signature is about."""
        row = self.pathology_to_sign
        if row is None or self.status is None:
            return ""
        found = row.get_histology_display() or row.get_result_display()
        return gettext("Lesion %(lesion)s: %(found)s") % {"lesion": self.status.lesion, "found": found}

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        cleaned = self.cleaned_data
        verdict = ConcordanceVerdict(cleaned["verdict"])
        return actions.sign_concordance(
            self.recall,
            verdict,
            pathology_id=cleaned["pathology"],
            text=cleaned["text"],
            follow_up_months=cleaned["follow_up_months"] if verdict in FOLLOW_UP_VERDICTS else None,
            **kwargs,
        )


class HandOverForm(StepForm):
    clinician = forms.CharField(label=_("Receiving clinician"), max_length=150)
    facility = forms.CharField(label=_("Hospital or practice"), max_length=200)
    phone = forms.CharField(label=_("Phone"), max_length=40, required=False)
    first_visit_on = date_field(_("First visit there"))
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def get_layout(self) -> list[Any]:
        return ["clinician", "facility", fields_in_row("phone", "first_visit_on"), "note"]

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        names = ("clinician", "facility", "phone", "first_visit_on")
        return actions.hand_over(self.recall, **{name: self.cleaned_data[name] for name in names}, **kwargs)


def statuses_at(form: StepForm, stage: LesionStage) -> list[LesionStatus]:
    return [status for status in lesion_statuses(form.recall) if status.stage == stage]


def lesions_at(form: StepForm, stage: LesionStage) -> list[Lesion]:
    return [status.lesion for status in statuses_at(form, stage)]
