"""What does a user write down after a question to another clinic?"""

from django import forms
from django.utils.translation import gettext_lazy as _

from recalls import actions
from recalls.actions import ActionKwargs
from recalls.forms.base import NOTE_ROWS, OptionalNoteForm, StepForm
from recalls.models import RecallEvent


class RequestPriorsForm(StepForm):
    note = forms.CharField(label=_("Which clinic was asked, and how"), widget=forms.Textarea(attrs={"rows": NOTE_ROWS}))

    def perform(self, asked: ActionKwargs) -> RecallEvent:
        return actions.request_priors(self.recall, **asked)


class ReceivePriorsForm(StepForm):
    note = forms.CharField(
        label=_("What has arrived"),
        help_text=_("Such as: 2D images of 2022 and 2024, from Hillside."),
        widget=forms.Textarea(attrs={"rows": NOTE_ROWS}),
    )

    def perform(self, asked: ActionKwargs) -> RecallEvent:
        return actions.receive_priors(self.recall, **asked)


class ResolveByPriorsForm(OptionalNoteForm):
    def perform(self, asked: ActionKwargs) -> RecallEvent:
        return actions.resolve_by_priors(self.recall, **asked)


class NeedImagingForm(OptionalNoteForm):
    def perform(self, asked: ActionKwargs) -> RecallEvent:
        return actions.need_imaging(self.recall, **asked)
