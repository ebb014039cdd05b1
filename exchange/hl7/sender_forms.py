"""The form of an HL7 sender: lists and mappings typed a line each, checked against what they may mean."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.models import Site
from exchange.models import AppointmentEvent, Hl7Sender, ObservationMeaning, ReportStatus

_ROWS = {"rows": 4}


class LinesField(forms.CharField):
    """A list, an entry a line."""

    def __init__(self, *, label: Any, help_text: Any) -> None:
        super().__init__(required=False, widget=forms.Textarea(attrs=_ROWS), label=label, help_text=help_text)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        lines = (line.strip() for line in super().clean(value).splitlines())
        return list(dict.fromkeys(line for line in lines if line))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool((initial or []) != self.clean(data))


class MappingField(forms.CharField):
    """A mapping, "code = meaning" a line; the meaning by its word or its label, whichever was typed."""

    def __init__(self, meanings: Iterable[tuple[str, Any]] = (), *, label: Any, help_text: Any) -> None:
        super().__init__(required=False, widget=forms.Textarea(attrs=_ROWS), label=label, help_text=help_text)
        self.meanings = list(meanings)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(f"{code} = {meaning}" for code, meaning in value.items()) if isinstance(value, dict) else value

    def clean(self, value: Any) -> dict[str, str]:
        found: dict[str, str] = {}
        lines = [line.strip() for line in super().clean(value).splitlines()]
        for number, line in enumerate(lines, 1):
            if not line:
                continue
            code, equals, meaning = (part.strip() for part in line.rpartition("="))
            if not (code and equals and meaning):
                raise ValidationError(_("Line %(number)d: write code = meaning.") % {"number": number})
            word = self._find_meaning(meaning)
            if word is None:
                words = {"number": number, "meanings": ", ".join(word for word, _label in self.meanings)}
                raise ValidationError(_("Line %(number)d: the meaning is one of %(meanings)s.") % words)
            if found.setdefault(code, word) != word:
                raise ValidationError(_("Line %(number)d: this code is there twice.") % {"number": number})
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool((initial or {}) != self.clean(data))
        except ValidationError:
            return True

    def _find_meaning(self, typed: str) -> str | None:
        wanted = typed.casefold()
        return next((word for word, label in self.meanings if wanted in (word.casefold(), str(label).casefold())), None)


class Hl7SenderForm(forms.ModelForm[Hl7Sender]):
    """Everything by which the messages of one system are read."""

    sites_by_location = MappingField(
        label=gettext_lazy("Sites by location"),
        help_text=gettext_lazy(
            "location or facility = code of our site, a line each. Empty: all are of the site above."
        ),
    )
    mrn_authorities = LinesField(
        label=gettext_lazy("Assigning authorities of record numbers"),
        help_text=gettext_lazy("PID-3.4, a line each. Empty: any."),
    )
    mrn_types = LinesField(
        label=gettext_lazy("Identifier types of record numbers"),
        help_text=gettext_lazy("PID-3.5, such as MR, a line each. Empty: any."),
    )
    screening_codes = LinesField(
        label=gettext_lazy("Procedure codes of screening exams"), help_text=gettext_lazy("OBR-4, a line each.")
    )
    diagnostic_codes = LinesField(
        label=gettext_lazy("Procedure codes of diagnostic exams"), help_text=gettext_lazy("OBR-4, a line each.")
    )
    status_words = MappingField(
        ReportStatus.choices,
        label=gettext_lazy("Status words"),
        help_text=gettext_lazy("word = preliminary, final, corrected or cancelled; such as Wet Read = preliminary."),
    )
    event_meanings = MappingField(
        AppointmentEvent.choices,
        label=gettext_lazy("Meanings of appointment events"),
        help_text=gettext_lazy(
            "event = booked, moved, changed, cancelled, missed or ignored, where this system differs from the "
            "standard; such as S13 = cancelled."
        ),
    )
    observation_meanings = MappingField(
        ObservationMeaning.choices,
        label=gettext_lazy("Meanings of observation codes"),
        help_text=gettext_lazy(
            "OBX-3 = assessment, assessment_left, assessment_right, density, risk_score, recommendation, report_text "
            "or ignored."
        ),
    )

    class Meta:
        model = Hl7Sender
        fields = (
            "name", "application", "facility", "is_active", "site", "time_zone", "encoding", "encoding_overrides",
            "allows_test_messages", "sites_by_location", "mrn_authorities", "default_authority", "mrn_types",
            "screening_codes", "diagnostic_codes", "status_words", "event_meanings", "observation_meanings",
            "final_after_days", "silent_after_hours", "keep_days",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields.get("sites_by_location")
        if isinstance(field, MappingField):
            field.meanings = list(Site.objects.values_list("code", "name"))

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if not given.get("application") and not given.get("facility"):
            self.add_error("application", _("Give MSH-3, MSH-4 or both: by them the sender is known."))
        both = set(given.get("screening_codes") or ()) & set(given.get("diagnostic_codes") or ())
        if both:
            self.add_error("diagnostic_codes", _("A code is either of screening or of diagnostic exams."))
        return given
