"""Fields for the lesions of an outcome: those known before, and up to three new ones."""

from collections.abc import Iterator
from typing import Any

from crispy_forms.layout import HTML
from django import forms
from django.utils.html import conditional_escape
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from desk.form_layout import fields_in_row
from recalls.actions import LesionInput
from recalls.assessment_consistency import LESION_ASSESSMENTS
from recalls.enums import Assessment, FindingKind, Side
from recalls.enums.lesions import LesionDepth, LesionLocation
from recalls.lesion_stages import LesionStage, lesion_statuses
from recalls.models import Lesion, Recall

MAX_NEW_LESIONS = 3
_AS_BEFORE = [("", gettext_lazy("as the overall result"))]
_NOT_GIVEN = [("", "-")]
_SIDES = [*_NOT_GIVEN, (Side.RIGHT.value, Side.RIGHT.label), (Side.LEFT.value, Side.LEFT.label)]
_ASSESSMENTS = [(kind.value, kind.label) for kind in Assessment if kind in LESION_ASSESSMENTS]
_OF_KNOWN = [
    (kind.value, kind.label) for kind in Assessment if kind not in (Assessment.NEED_PRIORS, Assessment.POST_PROCEDURE)
]
_COLUMNS = ("assessment", "side", "kind", "location", "depth", "size_mm")


def open_lesions(recall: Recall) -> list[Lesion]:
    """The lesions that a new reading may be about; no query when prefetched."""
    return [status.lesion for status in lesion_statuses(recall) if status.stage != LesionStage.SETTLED]


def add_lesion_fields(form: forms.Form, recall: Recall, known: list[Lesion]) -> None:
    """Add a category for each known lesion, and the fields of new ones; all of them may stay empty.

    Of several known lesions each starts from what was said of it: a better result for one of them, pressed as the
    overall one, is then no result for the others, and the form is asked for the rest.
    """
    said = {status.lesion.pk: status.assessment for status in lesion_statuses(recall)} if len(known) > 1 else {}
    for lesion in known:
        newest = said.get(lesion.pk)
        form.fields[f"known_{lesion.pk}"] = forms.ChoiceField(
            label=_("Lesion %(lesion)s") % {"lesion": lesion},
            choices=[*_AS_BEFORE, *_OF_KNOWN],
            required=False,
            initial=newest.assessment if newest else "",
        )
    for number in range(1, MAX_NEW_LESIONS + 1):
        fields: dict[str, forms.Field] = {
            "assessment": forms.ChoiceField(label=_("Category"), choices=[*_NOT_GIVEN, *_ASSESSMENTS], required=False),
            "side": forms.ChoiceField(label=_("Side"), choices=_SIDES, required=False),
            "kind": forms.ChoiceField(label=_("Kind"), choices=[*_NOT_GIVEN, *FindingKind.choices], required=False),
            "location": forms.ChoiceField(
                label=_("Location"), choices=[*_NOT_GIVEN, *LesionLocation.choices], required=False
            ),
            "depth": forms.ChoiceField(label=_("Depth"), choices=[*_NOT_GIVEN, *LesionDepth.choices], required=False),
            "size_mm": forms.IntegerField(label=_("Size in mm"), min_value=1, max_value=300, required=False),
        }
        for name, field in fields.items():
            form.fields[f"lesion{number}_{name}"] = field


def lesion_layout(known: list[Lesion], *, is_open: bool) -> list[Any]:
    """The fields behind a summary that opens without a script; the ordinary case never opens it."""
    summary = conditional_escape(_("More than one lesion, or its place and size"))
    opening = "<details class='mb-3' open>" if is_open else "<details class='mb-3'>"
    rows: list[Any] = [f"known_{lesion.pk}" for lesion in known]
    for number in range(1, MAX_NEW_LESIONS + 1):
        legend = conditional_escape(_("New lesion %(number)d") % {"number": number})
        names = [f"lesion{number}_{name}" for name in _COLUMNS]
        rows += [HTML(f"<fieldset><legend>{legend}</legend>"), fields_in_row(*names[:3]), fields_in_row(*names[3:])]
        rows.append(HTML("</fieldset>"))
    return [HTML(f"{opening}<summary>{summary}</summary>"), *rows, HTML("</details>")]


def clean_new_lesions(form: forms.Form) -> tuple[LesionInput, ...]:
    """The new lesions that were filled in. A place or size without a category is an error beside that field."""
    return tuple(_iter_new_lesions(form))


def _iter_new_lesions(form: forms.Form) -> Iterator[LesionInput]:
    for number in range(1, MAX_NEW_LESIONS + 1):
        values = {name: form.cleaned_data.get(f"lesion{number}_{name}") for name in _COLUMNS}
        if values["assessment"]:
            side, kind, location, depth = (values[name] or "" for name in ("side", "kind", "location", "depth"))
            yield LesionInput(Assessment(values["assessment"]), side, kind, location, depth, values["size_mm"])
        elif any(values.values()):
            form.add_error(f"lesion{number}_assessment", _("Say which category this lesion has."))


def clean_known_lesions(form: forms.Form, known: list[Lesion]) -> dict[int, Assessment]:
    """The categories that were given to known lesions, by their key."""
    given = {lesion.pk: form.cleaned_data.get(f"known_{lesion.pk}") for lesion in known}
    return {pk: Assessment(value) for pk, value in given.items() if value}
