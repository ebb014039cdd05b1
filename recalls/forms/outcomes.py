"""Forms that record and amend a radiologist's outcome, after a visit or by prior images."""

from dataclasses import replace
from typing import Any, ClassVar, cast

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.models import Site, User
from desk.form_layout import fields_in_row
from recalls import actions
from recalls.actions import ActionKwargs, OutcomeInput
from recalls.assignment import display_name
from recalls.enums import WRITTEN_RESULT_ASSESSMENTS, Assessment
from recalls.forms.answers import choice_label, follow_up_choices
from recalls.forms.base import collapsed_fields
from recalls.forms.lesion_fields import (
    add_lesion_fields,
    clean_known_lesions,
    clean_new_lesions,
    lesion_layout,
    open_lesions,
)
from recalls.forms.telling import Telling, TellingForm
from recalls.models import RecallEvent
from recalls.next_state import newest_outcome
from recalls.timeline_registry import find_named_reader
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


def describe_next_state(assessment: Assessment) -> Any:
    """Where the category leads once it was told, in the words of the state and of the reason for closing."""
    state, closure = NEXT_STATE_BY_ASSESSMENT[assessment]
    return f"{state.label}: {closure.label}" if closure else state.label


class ReaderField(forms.ChoiceField):
    """Another radiologist of the site, cleaned to the account; empty for whoever records the outcome."""

    def set_readers(self, site: Site, apart_from: User) -> None:
        """One query."""
        self._readers = {str(one.pk): one for one in actions.radiologists_of(site) if one != apart_from}
        names = [(number, display_name(one)) for number, one in self._readers.items()]
        self.choices = [("", _("I did")), *names]

    def clean(self, value: Any) -> User | None:
        return self._readers.get(super().clean(value))


class RecordOutcomeForm(TellingForm):
    offered_assessments: ClassVar[tuple[Assessment, ...]] = OUTCOME_ASSESSMENTS

    assessment = forms.ChoiceField(label=_("Assessment"), widget=forms.RadioSelect)
    assessment_right = forms.ChoiceField(label=_("Right breast"), choices=_SIDE_CHOICES, required=False)
    assessment_left = forms.ChoiceField(label=_("Left breast"), choices=_SIDE_CHOICES, required=False)
    follow_up_months = forms.TypedChoiceField(
        label=_("Next visit due"), coerce=int, empty_value=None, required=False, widget=forms.Select
    )
    text = forms.CharField(label=_("Comment"), required=False, widget=forms.Textarea(attrs={"rows": 2}))
    reader = ReaderField(label=_("Who read the images"), required=False)

    def init_fields(self) -> None:
        super().init_fields()
        cast(ReaderField, self.fields["reader"]).set_readers(self.recall.site, apart_from=self.user)
        reader = self.proposed_reader()
        self.initial["reader"] = str(reader.pk) if reader and reader != self.user else ""
        choices = [
            (
                kind.value,
                choice_label(
                    _SHORTCUT_KEYS[kind], kind.label, ASSESSMENT_EXPLANATIONS[kind], describe_next_state(kind)
                ),
            )
            for kind in self.offered_assessments
        ]
        self.fields["assessment"].choices = choices  # type: ignore[attr-defined]
        months, self.standard_months = follow_up_choices(self.recall)
        self.fields["follow_up_months"].choices = months  # type: ignore[attr-defined]
        self.fields["follow_up_months"].help_text = _("Counts for “probably benign” only.")
        in_writing = self.fields["telling"].help_text or _("In writing for 1, 2 and 3 only.")
        self.fields["telling"].help_text = _(
            "%(in_writing)s Where nothing is chosen for another result, somebody has to tell it."
        ) % {"in_writing": in_writing}
        self.initial["follow_up_months"] = self.standard_months
        self.known_lesions = open_lesions(self.recall)
        add_lesion_fields(self, self.recall, self.known_lesions)

    def proposed_reader(self) -> User | None:
        """Whom the report names that waits for this outcome."""
        return find_named_reader(self.recall)

    def get_layout(self) -> list[Any]:
        differ = bool(self.data.get("assessment_left") or self.data.get("assessment_right"))
        has_lesions = any(value for name, value in self.data.items() if name.startswith(("lesion", "known_")))
        return [
            "assessment",
            *collapsed_fields(_("The two breasts differ"), "assessment_right", "assessment_left", is_open=differ),
            *lesion_layout(self.known_lesions, is_open=has_lesions or len(self.known_lesions) > 1),
            "follow_up_months",
            "telling",
            fields_in_row("release_day", "release_time"),
            "text",
            *self.reader_layout(),
        ]

    def reader_layout(self) -> list[Any]:
        """Closed for most: whoever records the outcome has read the images."""
        is_other = bool(self["reader"].value())
        return collapsed_fields(_("Another radiologist read the images"), "reader", is_open=is_other)

    def can_be_written(self) -> bool:
        return self.cleaned_data.get("assessment") in WRITTEN_RESULT_ASSESSMENTS

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.can_be_written() and not cleaned.get("telling"):
            self.add_error("telling", _("Say how the patient is told."))
        self.new_lesions = clean_new_lesions(self)
        return cleaned

    def get_outcome_input(self) -> OutcomeInput:
        cleaned = self.cleaned_data
        known = clean_known_lesions(self, self.known_lesions)
        results = {cleaned["assessment"], cleaned["assessment_left"], cleaned["assessment_right"], *known.values()}
        results |= {one.assessment for one in self.new_lesions}
        months = cleaned["follow_up_months"] if Assessment.PROBABLY_BENIGN in results else None
        return OutcomeInput(
            assessment=Assessment(cleaned["assessment"]),
            assessment_left=cleaned["assessment_left"],
            assessment_right=cleaned["assessment_right"],
            follow_up_months=None if months == self.standard_months else months,
            text=cleaned["text"],
            reader=cleaned["reader"],
            release_at=self.release_at(),
            told=self.told(),
            lesions=self.new_lesions,
            known_lesions=known,
        )

    def describe_saved(self) -> str:
        words = {"step": self.step.label, "assessment": Assessment(self.cleaned_data["assessment"]).label}
        return gettext("%(step)s: %(assessment)s.") % words

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        return actions.record_outcome(self.recall, self.get_outcome_input(), **kwargs)


class AmendOutcomeForm(RecordOutcomeForm):
    """Starts from the outcome as it stands; how the patient is told is asked anew, since it is about the new words."""

    reason = forms.CharField(label=_("Why it is amended"), widget=forms.Textarea(attrs={"rows": 2}))

    def init_fields(self) -> None:
        super().init_fields()
        old = newest_outcome(self.recall)
        if old is not None:
            names = ("assessment", "assessment_left", "assessment_right", "text")
            self.initial.update({name: getattr(old, name) for name in names})

    def proposed_reader(self) -> User | None:
        old = newest_outcome(self.recall)
        return old.reader if old else None

    def get_layout(self) -> list[Any]:
        return [*super().get_layout(), "reason"]

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        return actions.amend_outcome(
            self.recall, self.get_outcome_input(), reason=self.cleaned_data["reason"], **kwargs
        )


class ResolveByPriorsForm(RecordOutcomeForm):
    """The final assessment that the prior images allow; its comment is the note of the other answer as well."""

    offered_assessments = tuple(kind for kind in OUTCOME_ASSESSMENTS if kind in WRITTEN_RESULT_ASSESSMENTS)
    offered = (Telling.NOW, Telling.LATER, Telling.TO_TELL)

    note = forms.CharField(label=_("Comment"), required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def proposed_reader(self) -> User | None:
        return None

    def get_layout(self) -> list[Any]:
        return [
            "assessment", "follow_up_months", "telling", fields_in_row("release_day", "release_time"), "note",
            *self.reader_layout(),
        ]  # fmt: skip

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        reading = replace(self.get_outcome_input(), text=self.cleaned_data["note"])
        return actions.resolve_by_priors(self.recall, reading, **kwargs)
