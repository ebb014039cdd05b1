"""Forms that take a file and say which of our columns each of its columns is."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.models import Site, User
from exchange.schema import LABELS
from exchange.uploads.column_mapping import LEFT_OUT, find_mapping_problems
from exchange.uploads.upload_reader import SUFFIXES, WORKBOOK_SUFFIXES

MAX_MEGABYTES = 50
_IS_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1f]|\A%PDF-")


class UploadForm(forms.Form):
    site = forms.ModelChoiceField(
        label=gettext_lazy("Site of rows that name none"), queryset=Site.objects.none(), empty_label=None
    )
    file = forms.FileField(
        label=gettext_lazy("CSV file or Excel workbook"),
        help_text=gettext_lazy("One row for each screening exam, the names of the columns on top; 50 MB at most."),
        widget=forms.ClearableFileInput(attrs={"accept": ",".join(SUFFIXES)}),
    )

    def __init__(self, user: User, data: Any = None, files: Any = None) -> None:
        super().__init__(data, files)
        self.fields["site"].queryset = user.sites.order_by("name")  # type: ignore[attr-defined]  # a choice of models

    def clean_file(self) -> "UploadedFile[Any]":
        content: UploadedFile[Any] = self.cleaned_data["file"]
        if Path(content.name or "").suffix.lower() not in SUFFIXES:
            raise ValidationError(_("Choose a CSV file (.csv, .txt, .tsv) or an Excel workbook (.xlsx)."))
        if (content.size or 0) > MAX_MEGABYTES * 1_000_000:
            raise ValidationError(
                _("The file is larger than %(most)s MB. Split it, or ask your administrator to load it.")
                % {"most": MAX_MEGABYTES}
            )
        if Path(content.name or "").suffix.lower() not in WORKBOOK_SUFFIXES and _IS_NO_TEXT.search(content.read(4096)):
            raise ValidationError(_("This is no CSV file. Save the table as CSV UTF-8."))
        content.seek(0)
        return content


class ColumnsForm(forms.Form):
    """A choice for each column of the file; what its first rows hold stands beside it."""

    def __init__(self, header: Sequence[str], columns: Sequence[str], data: Any = None) -> None:
        super().__init__(data)
        choices = [(LEFT_OUT, _("Leave out")), *LABELS.items()]
        for number, (name, column) in enumerate(zip(header, columns, strict=True)):
            self.fields[f"column_{number}"] = forms.ChoiceField(
                label=name or _("(no name)"),
                choices=choices,
                required=False,
                initial=column,
                widget=forms.Select(attrs={"class": "form-select form-select-sm"}),
            )

    @property
    def columns(self) -> list[str]:
        return [str(self.cleaned_data[name]) for name in self.fields]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            for complaint in find_mapping_problems(self.columns):
                self.add_error(None, complaint)
        return cleaned
