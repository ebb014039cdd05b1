"""Forms of steps that ask for one note with a label of its own."""

from django import forms
from django.utils.translation import gettext_lazy as _

from recalls.forms.base import NOTE_ROWS, StepForm


class AddNoteForm(StepForm):
    note = forms.CharField(label=_("Note"), widget=forms.Textarea(attrs={"rows": NOTE_ROWS}))


class RequestPriorsForm(StepForm):
    note = forms.CharField(label=_("Which clinic was asked, and how"), widget=forms.Textarea(attrs={"rows": NOTE_ROWS}))


class ReceivePriorsForm(StepForm):
    note = forms.CharField(
        label=_("What has arrived"),
        help_text=_("Such as: 2D images of 2022 and 2024, from Hillside."),
        widget=forms.Textarea(attrs={"rows": NOTE_ROWS}),
    )


class TransferForm(StepForm):
    note = forms.CharField(label=_("Which clinic takes over; how we know"), widget=forms.Textarea(attrs={"rows": 2}))
