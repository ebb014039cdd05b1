"""Forms that record, amend and release a radiologist's outcome."""

from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic import calendar
from recalls import actions
from recalls.actions import ActionKwargs, OutcomeInput
from recalls.enums import WRITTEN_RESULT_ASSESSMENTS, Assessment
from recalls.forms.answers import choice_label, follow_up_choices
from recalls.forms.base import NOTE_ROWS, StepForm, collapsed_fields, date_field, fields_in_row, time_field
from recalls.models import RecallEvent
from recalls.permissions import current_outcome
from recalls.workflow import NEXT_STATE_BY_ASSESSMENT

# What each category says, in plain words; the shares are those of BI-RADS, 5th edition.
ASSESSMENT_EXPLANATIONS: dict[Assessment, Any] = {
    Assessment.NEGATIVE: _("Nothing to report."),
    Assessment.BENIGN: _("Something is there, and it is not cancer."),
    Assessment.PROBABLY_BENIGN: _("Cancer in 2 of 100 or fewer: look again soon."),
    Assessment.SUSPICIOUS: _("A biopsy should be done."),
    Assessment.SUSPICIOUS_A: _("Cancer in more than 2 and up to 10 of 100: a biopsy should be done."),
    Assessment.SUSPICIOUS_B: _("Cancer in more than 10 and up to 50 of 100: a biopsy should be done."),
    Assessment.SUSPICIOUS_C: _("Cancer in more than 50 and fewer than 95 of 100: a biopsy should be done."),
    Assessment.HIGHLY_SUGGESTIVE: _("Cancer in 95 of 100 or more: a biopsy should be done."),
    Assessment.KNOWN_MALIGNANCY: _("Cancer was already proven by biopsy."),
    Assessment.NEED_IMAGING: _("The visit did not settle it: another one is needed."),
}
OUTCOME_ASSESSMENTS = tuple(ASSESSMENT_EXPLANATIONS)
# The key that chooses a category is the last character of its number: 1 to 6, A to C of the kinds of 4, 0.
_SHORTCUT_KEYS = {
    category: "0" if category == Assessment.NEED_IMAGING else category.value[-1] for category in OUTCOME_ASSESSMENTS
}
_SIDE_CHOICES = [("", _("as overall")), *((category.value, category.label) for category in OUTCOME_ASSESSMENTS)]


class ReleaseTiming(models.TextChoices):
    """When the patient may be written to."""

    NOW = "now", _("Now")
    LATER = "later", _("At a set time")
    AFTER_CONVERSATION = "after_talk", _("After I have spoken to the patient (release it then)")


_RELEASE_SHORTCUT_KEYS = {ReleaseTiming.NOW: "R", ReleaseTiming.LATER: "T", ReleaseTiming.AFTER_CONVERSATION: "S"}


def describe_next_state(assessment: Assessment) -> Any:
    """Where the category leads, in the words of the state and of the reason for closing."""
    state, closure = NEXT_STATE_BY_ASSESSMENT[assessment]
    return f"{state.label}: {closure.label}" if closure else state.label


class _ReleaseForm(StepForm):
    """From when on the patient may be written to."""

    # The kinds of release the form offers, in the order of the page.
    offered_timings: ClassVar[tuple[ReleaseTiming, ...]] = tuple(ReleaseTiming)

    release = forms.ChoiceField(label=_("Tell the patient in writing"), widget=forms.RadioSelect, required=False)
    release_day = date_field(_("Not before"), required=False)
    release_time = time_field(_("at"), required=False)

    def init_fields(self) -> None:
        choices = [
            (kind.value, choice_label(_RELEASE_SHORTCUT_KEYS[kind], kind.label)) for kind in self.offered_timings
        ]
        self.fields["release"].choices = choices  # type: ignore[attr-defined]
        self.fields["release_day"].help_text = _("Only for “at a set time”.")

    def needs_release(self) -> bool:
        """Whether the answer needs a release; a choice made for another answer is ignored."""
        return True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.needs_release():
            cleaned["release"] = ""
        if cleaned.get("release") == ReleaseTiming.LATER:
            day, today = cleaned.get("release_day"), calendar.local_day(self.recall.site, timezone.now())
            if day is None:
                self.add_error("release_day", _("Say from which day on the patient may be told."))
            elif day < today:
                self.add_error("release_day", _("This day is past. Choose today or a later one."))
        return cleaned

    def release_at(self) -> datetime | None:
        wanted = self.cleaned_data["release"]
        if wanted == ReleaseTiming.LATER:
            return self.to_site_datetime(
                self.recall.site, self.cleaned_data["release_day"], self.cleaned_data["release_time"]
            )
        return timezone.now() if wanted == ReleaseTiming.NOW else None


class RecordOutcomeForm(_ReleaseForm):
    field_by_error_key: ClassVar[dict[str, str]] = {"release_at": "release"}

    assessment = forms.ChoiceField(label=_("Assessment"), widget=forms.RadioSelect)
    assessment_right = forms.ChoiceField(label=_("Right breast"), choices=_SIDE_CHOICES, required=False)
    assessment_left = forms.ChoiceField(label=_("Left breast"), choices=_SIDE_CHOICES, required=False)
    follow_up_months = forms.TypedChoiceField(
        label=_("Next visit due"), coerce=int, empty_value=None, required=False, widget=forms.Select
    )
    text = forms.CharField(label=_("Comment"), required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def init_fields(self) -> None:
        super().init_fields()
        choices = [
            (
                kind.value,
                choice_label(
                    _SHORTCUT_KEYS[kind], kind.label, ASSESSMENT_EXPLANATIONS[kind], describe_next_state(kind)
                ),
            )
            for kind in OUTCOME_ASSESSMENTS
        ]
        self.fields["assessment"].choices = choices  # type: ignore[attr-defined]
        months, self.standard_months = follow_up_choices(self.recall)
        self.fields["follow_up_months"].choices = months  # type: ignore[attr-defined]
        self.fields["follow_up_months"].help_text = _("Counts for “probably benign” only.")
        self.fields["release"].help_text = _("Asked for 1, 2 and 3 only. A suspicious result is told by voice.")
        self.initial["follow_up_months"] = self.standard_months

    def get_layout(self) -> list[Any]:
        differ = bool(self.data.get("assessment_left") or self.data.get("assessment_right"))
        return [
            "assessment",
            *collapsed_fields(_("The two breasts differ"), "assessment_right", "assessment_left", is_open=differ),
            "follow_up_months",
            "release",
            fields_in_row("release_day", "release_time"),
            "text",
        ]

    def needs_release(self) -> bool:
        return self.cleaned_data.get("assessment") in WRITTEN_RESULT_ASSESSMENTS

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.needs_release() and not cleaned.get("release"):
            self.add_error("release", _("Say when the patient may be told."))
        return cleaned

    def get_outcome_input(self) -> OutcomeInput:
        cleaned = self.cleaned_data
        assessment = Assessment(cleaned["assessment"])
        months = cleaned["follow_up_months"] if assessment == Assessment.PROBABLY_BENIGN else None
        return OutcomeInput(
            assessment=assessment,
            assessment_left=cleaned["assessment_left"],
            assessment_right=cleaned["assessment_right"],
            follow_up_months=None if months == self.standard_months else months,
            text=cleaned["text"],
            release_at=self.release_at(),
        )

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        return actions.record_outcome(self.recall, self.get_outcome_input(), **kwargs)


class AmendOutcomeForm(RecordOutcomeForm):
    """Starts from the outcome as it stands; the release is asked for anew, since it is about the new words."""

    reason = forms.CharField(label=_("Why it is amended"), widget=forms.Textarea(attrs={"rows": 2}))

    def init_fields(self) -> None:
        super().init_fields()
        old = current_outcome(self.recall)
        if old is not None:
            names = ("assessment", "assessment_left", "assessment_right", "text")
            self.initial.update({name: getattr(old, name) for name in names})

    def get_layout(self) -> list[Any]:
        return [*super().get_layout(), "reason"]

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        return actions.amend_outcome(
            self.recall, self.get_outcome_input(), reason=self.cleaned_data["reason"], **kwargs
        )


class ReleaseOutcomeForm(_ReleaseForm):
    """Releases the outcome now, unless another time is set."""

    offered_timings = (ReleaseTiming.NOW, ReleaseTiming.LATER)

    note = forms.CharField(
        label=_("What was said, if you spoke to the patient"),
        required=False,
        widget=forms.Textarea(attrs={"rows": NOTE_ROWS}),
    )

    def init_fields(self) -> None:
        super().init_fields()
        self.initial["release"] = ReleaseTiming.NOW

    def get_layout(self) -> list[Any]:
        return ["release", fields_in_row("release_day", "release_time"), "note"]

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        return actions.release_outcome(self.recall, self.release_at() or timezone.now(), **kwargs)
