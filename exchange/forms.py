"""The form that corrects a parked row: one field for each column, with its problem beside it."""

from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.forms.utils import ErrorDict, ErrorList
from django.utils.translation import gettext as _

from exchange.errors import WHOLE_ROW
from exchange.models import ParkedRow
from exchange.schema import COLUMNS, LABELS, ResultColumn

CELL_PREFIX = "cell_"  # some columns are called like fields of the row itself
_TEXTAREA_MIN_LENGTH = 1000


class _CellsForm(forms.ModelForm[ParkedRow]):
    class Meta:
        model = ParkedRow
        fields = ("note",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for column in COLUMNS:
            self.fields[CELL_PREFIX + column.name].initial = self.instance.cells.get(column.name, "")

    @property
    def errors(self) -> ErrorDict:
        """Before anything is sent: what is wrong with the row as it is stored."""
        if self.is_bound:
            return super().errors
        stored = ErrorDict()
        for problem in self.instance.problems:
            name = CELL_PREFIX + problem["column"] if problem["column"] != WHOLE_ROW else NON_FIELD_ERRORS
            stored.setdefault(name, ErrorList()).append(problem["message"])
        return stored

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "_dismiss" in self.data and not data.get("note", "").strip():
            self.add_error("note", _("Say why, in a few words."))
        return data


def get_cells(form: forms.ModelForm[ParkedRow]) -> dict[str, str]:
    """The row as it was typed, by column."""
    return {column.name: form.cleaned_data[CELL_PREFIX + column.name] for column in COLUMNS}


def _build_field(column: ResultColumn) -> forms.CharField:
    wide = (
        forms.Textarea(attrs={"rows": 3, "cols": 60})
        if column.max_length > _TEXTAREA_MIN_LENGTH
        else forms.TextInput(attrs={"size": 60})
    )
    return forms.CharField(
        label=LABELS[column.name], help_text=column.description, required=False, strip=False, widget=wide
    )


ParkedRowForm: type[_CellsForm] = type(
    "ParkedRowForm", (_CellsForm,), {CELL_PREFIX + column.name: _build_field(column) for column in COLUMNS}
)
