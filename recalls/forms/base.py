"""Base classes and layout helpers of the forms of steps, and the forms that ask for one note."""

from datetime import date, datetime, time
from typing import Any, ClassVar
from uuid import uuid4

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Field, Layout
from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic import calendar
from clinic.models import Site, User
from desk.form_layout import fields_in_row
from recalls.actions import ActionKwargs, finish_work_item, get_action
from recalls.models import Recall, RecallEvent, WorkItem
from recalls.permissions import pending_sign_offs
from recalls.workflow import Step

NOTE_ROWS = 3


class StepForm(forms.Form):
    """Asks for what one step needs. `version` is what the person saw; `key` makes a form sent twice act once."""

    # The field for an error of the action whose name is no field of the form.
    field_by_error_key: ClassVar[dict[str, str]] = {}

    version = forms.IntegerField(widget=forms.HiddenInput)
    key = forms.CharField(max_length=36, widget=forms.HiddenInput)
    # The task from whose list the person came: what settles it closes it.
    task = forms.CharField(max_length=18, required=False, widget=forms.HiddenInput)

    def __init__(
        self, step: Step, recall: Recall, user: User, data: Any = None, asked: QueryDict | None = None,
        *, files: Any = None,
    ) -> None:  # fmt: skip
        """`asked`: what the page's address asks for, such as another channel; most forms leave it alone."""
        self.step, self.recall, self.user, self.asked = step, recall, user, asked
        fresh = {"version": recall.version, "key": str(uuid4()), "task": asked.get("task", "") if asked else ""}
        super().__init__(data, files, initial=self._requested_values() | fresh)
        self.init_fields()

    def _requested_values(self) -> dict[str, Any]:
        """What somebody entered who asked for a second signature: the second person sees it and signs it."""
        if not self.step.needs_second_person:
            return {}
        asked = (request for request in pending_sign_offs(self.recall) if request.step == self.step.name)
        request = next(asked, None)
        return {"note": request.note, **request.details} if request else {}

    @cached_property
    def helper(self) -> FormHelper:
        """How crispy-forms renders the form; built only for a form that is shown."""
        helper = FormHelper(self)
        helper.form_tag = False
        helper.disable_csrf = True
        helper.render_hidden_fields = True
        helper.layout = Layout(*self.get_layout())
        return helper

    @property
    def heading(self) -> str:
        """What exactly the form is about, where the name of the step does not say it; empty for most."""
        return ""

    @property
    def has_starred_field(self) -> bool:
        """Whether a visible field must be filled in, so that the page explains the star."""
        return any(field.required and not field.widget.is_hidden for field in self.fields.values())

    def init_fields(self) -> None:
        """Set choices and proposals that depend on the recall."""

    def get_layout(self) -> list[Any]:
        """The visible fields in the order of the page."""
        return [name for name, field in self.fields.items() if not field.widget.is_hidden]

    def perform(self, kwargs: ActionKwargs) -> RecallEvent | None:
        """Call the action of the step's own name; None when it changed nothing about the recall.

        A form whose action takes more than the recall calls it here itself.
        """
        return get_action(self.step.name)(self.recall, **kwargs)

    def save(self) -> RecallEvent | None:
        """Take the step with what was typed. Raises StepRefused; a ValidationError is put beside its field first."""
        cleaned = self.cleaned_data
        kwargs = ActionKwargs(by=self.user, seen=cleaned["version"], key=cleaned["key"], note=self.get_note())
        try:
            event = self.perform(kwargs)
        except ValidationError as error:
            self._add_action_errors(error)
            raise
        self._settle_task()
        return event

    def settles_task(self, task: WorkItem) -> bool:
        """Whether what was saved does what the task asks for."""
        return True

    def _settle_task(self) -> None:
        number = self.cleaned_data.get("task", "")
        if not number.isdecimal():
            return
        task = WorkItem.objects.filter(pk=int(number), recall=self.recall, done_at=None).first()
        if task is not None and self.settles_task(task):
            finish_work_item(task, by=self.user)

    def describe_saved(self) -> str:
        """What was done, in a sentence for the message after saving; it names no patient."""
        return gettext("Saved: %(step)s.") % {"step": self.step.label}

    def get_note(self) -> str:
        return str(self.cleaned_data.get("note", ""))

    def _add_action_errors(self, error: ValidationError) -> None:
        by_name = error.message_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages}
        for name, messages in by_name.items():
            field = self.field_by_error_key.get(name, name)
            self.add_error(field if field in self.fields else None, ValidationError(messages))

    def to_site_datetime(self, site: Site, day: date, at: time | None) -> datetime:
        """What was typed is the site's local time; without a time the closing time of that day is meant."""
        return calendar.instant(site, day, at) if at else calendar.closing_time(site, day)


class NoteForm(StepForm):
    """For a step that needs nothing but may be explained."""

    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": NOTE_ROWS}))


class ReasonForm(StepForm):
    """For a step that must be explained."""

    note = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": NOTE_ROWS}))


class DoctorQuestionForm(StepForm):
    note = forms.CharField(
        label=_("What the patient wants to know, or why they say no"), widget=forms.Textarea(attrs={"rows": NOTE_ROWS})
    )


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


class SymptomForm(StepForm):
    note = forms.CharField(
        label=_("What the patient noticed, where and since when"), widget=forms.Textarea(attrs={"rows": NOTE_ROWS})
    )


class AskReportForm(StepForm):
    note = forms.CharField(label=_("Who was asked, and what they said"), widget=forms.Textarea(attrs={"rows": 2}))


def date_field(label: Any, **options: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, widget=widget, **options)


def time_field(label: Any, **options: Any) -> forms.TimeField:
    return forms.TimeField(label=label, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"), **options)


def choices_in_columns(name: str) -> Field:
    """Short answers to choose from, in two columns where there is room."""
    return Field(name, wrapper_class="choices-in-columns")


def collapsed_fields(summary: Any, *names: str, is_open: bool = False) -> list[Any]:
    """Fields that are seldom needed, behind a summary that opens without a script."""
    opening = "<details class='mb-3' open>" if is_open else "<details class='mb-3'>"
    return [HTML(f"{opening}<summary>{summary}</summary>"), fields_in_row(*names), HTML("</details>")]
