"""Form of a site's letterhead: lines, a logo that is checked before it is kept, and the envelope."""

import re
from typing import Any

import typst
from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notifications.models import Letterhead
from notifications.rendering.letter_pdf import LetterNotSettable, render_letterhead

MAX_LINES, MAX_LINE_LENGTH = 5, 60
MAX_LOGO_BYTES = 100_000
_PNG = b"\x89PNG\r\n\x1a\n"
# A drawing that runs programs or fetches other files is refused, although nothing here would run or fetch it.
_SVG_DANGER = re.compile(
    rb"<!doctype|<!entity|<script|<foreignobject|<image|<iframe|\bon\w+\s*=|javascript:|href\s*=\s*[\"'](?!#)|url\(\s*[\"']?(?!#)",
    re.IGNORECASE,
)


class LetterheadForm(forms.ModelForm[Letterhead]):
    logo_file = forms.FileField(
        label=gettext_lazy("Logo"),
        required=False,
        help_text=gettext_lazy("PNG or SVG, at most 100 kB. It is printed 0.6 inch (15 mm) high."),
    )
    remove_logo = forms.BooleanField(label=gettext_lazy("Remove the logo"), required=False)

    class Meta:
        model = Letterhead
        fields = ("lines", "window")

    field_order = ("lines", "logo_file", "remove_logo", "window")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["lines"].widget = forms.Textarea(attrs={"rows": MAX_LINES})
        self.fields["lines"].help_text = _("Beside the address of the site, such as a web address or an accreditation.")
        if not self.instance.logo:
            del self.fields["remove_logo"]

    def clean_lines(self) -> str:
        lines = [line.strip() for line in self.cleaned_data["lines"].splitlines() if line.strip()]
        if len(lines) > MAX_LINES or any(len(line) > MAX_LINE_LENGTH for line in lines):
            raise forms.ValidationError(
                _("At most %(lines)d lines of %(letters)d letters fit.")
                % {"lines": MAX_LINES, "letters": MAX_LINE_LENGTH}
            )
        return "\n".join(lines)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        upload = cleaned.get("logo_file")
        if upload:
            self._take_logo(upload)
        elif cleaned.get("remove_logo"):
            self.instance.logo, self.instance.logo_kind = b"", ""
        self.instance.lines, self.instance.window = cleaned.get("lines", ""), cleaned.get("window", "us10")
        if not self.errors:
            self._try_to_set()
        return cleaned

    def _take_logo(self, upload: "UploadedFile[Any]") -> None:
        content = upload.read(MAX_LOGO_BYTES + 1)
        if len(content) > MAX_LOGO_BYTES:
            self.add_error("logo_file", _("The file is larger than 100 kB. Save it smaller."))
        elif content.startswith(_PNG):
            self.instance.logo, self.instance.logo_kind = content, Letterhead.LogoKind.PNG
        elif b"<svg" in content[:2000].lower():
            if _SVG_DANGER.search(content):
                self.add_error("logo_file", _("The SVG runs a program or fetches other files. Save it as plain SVG."))
            self.instance.logo, self.instance.logo_kind = content, Letterhead.LogoKind.SVG
        else:
            self.add_error("logo_file", _("This is neither PNG nor SVG."))

    def _try_to_set(self) -> None:
        """What cannot be set now would stop every letter of the site."""
        try:
            render_letterhead(self.instance)
        except LetterNotSettable:
            self.add_error("lines", _("A letter in these lines is in no font. Write it another way."))
        except typst.TypstError:
            self.add_error("logo_file", _("The picture is damaged. Save it anew."))
