"""What do the small steps of a desk ask for? A note, or nothing."""

from django import forms
from django.utils.translation import gettext_lazy as _

from recalls import actions
from recalls.actions import Asked
from recalls.forms.base import NOTE_ROWS, NoteForm, StepForm
from recalls.models import RecallEvent


class TakeOnForm(NoteForm):
    def take(self, asked: Asked) -> RecallEvent:
        return actions.take_on(self.recall, **asked)


class AddNoteForm(StepForm):
    note = forms.CharField(label=_("Note"), widget=forms.Textarea(attrs={"rows": NOTE_ROWS}))

    def take(self, asked: Asked) -> RecallEvent:
        return actions.add_note(self.recall, **asked)


class AskLetterForm(NoteForm):
    def take(self, asked: Asked) -> RecallEvent:
        return actions.ask_letter(self.recall, **asked)


class AskPleaseCallForm(NoteForm):
    def take(self, asked: Asked) -> RecallEvent:
        return actions.ask_please_call(self.recall, **asked)
