"""What do the small steps of a desk ask for? A note, or nothing."""

from django import forms
from django.utils.translation import gettext_lazy as _

from recalls import actions
from recalls.actions import ActionKwargs
from recalls.forms.base import NOTE_ROWS, OptionalNoteForm, StepForm
from recalls.models import RecallEvent


class TakeOnForm(OptionalNoteForm):
    def perform(self, asked: ActionKwargs) -> RecallEvent:
        return actions.take_on(self.recall, **asked)


class AddNoteForm(StepForm):
    note = forms.CharField(label=_("Note"), widget=forms.Textarea(attrs={"rows": NOTE_ROWS}))

    def perform(self, asked: ActionKwargs) -> RecallEvent:
        return actions.add_note(self.recall, **asked)


class AskLetterForm(OptionalNoteForm):
    def perform(self, asked: ActionKwargs) -> RecallEvent:
        return actions.ask_letter(self.recall, **asked)


class AskPleaseCallForm(OptionalNoteForm):
    def perform(self, asked: ActionKwargs) -> RecallEvent:
        return actions.ask_please_call(self.recall, **asked)
