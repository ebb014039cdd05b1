"""Puts a change of a record into words: what it was, what it is now, who said so."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from desk.languages import language_name
from patients.channels import PHONE_KINDS
from patients.contact_plan.models import MayAnswer, NumberCheck
from patients.contact_validation import format_phone
from patients.models import Consent, ContactPoint, Patient, PatientChange
from recalls.enums import PartOfDay

_LABELS: dict[str, Any] = {
    "best_time": gettext_lazy("Best reached"),
    "visit_wish": gettext_lazy("Can come"),
    "referrer": gettext_lazy("Referring provider"),
    "result_wish": gettext_lazy("Wish about results"),
    "may_answer": gettext_lazy("Who else may answer"),
    "contact_plan": gettext_lazy("Contact plan finished"),
    "links": gettext_lazy("Links to the own page in force"),
    "merged_into_id": gettext_lazy("Merged into record number"),
}
_SOURCES: dict[str, Any] = {
    "call": gettext_lazy("on the phone"),
    "staff": gettext_lazy("by staff"),
    "contact plan": gettext_lazy("contact plan"),
    "merge": gettext_lazy("merge of records"),
    "merge undone": gettext_lazy("records separated"),
    "undo": gettext_lazy("step undone"),
}


@dataclass(frozen=True, slots=True)
class ChangeWords:
    """One line of a record's history."""

    what: str
    old: str
    new: str
    who: str
    how: str


def describe_change(change: PatientChange, country: str) -> ChangeWords:
    """Empty values read as “none”."""
    how = str(_SOURCES.get(change.source, change.source))
    if change.from_record_id:
        how = _("%(how)s, from MRN %(mrn)s") % {"how": how, "mrn": change.from_record.mrn if change.from_record else ""}
    old, new = (_value(change.field, text, country) or _("none") for text in (change.old, change.new))
    return ChangeWords(_label(change.field), old, new, change.by, how)


def _label(field: str) -> str:
    kind, _underscore, rest = field.partition("_")
    if kind in ContactPoint.Kind.values:
        words = {
            "unusable": _("%(what)s, not usable because"),
            "second": _("%(what)s, a second one"),
            "verified": _("%(what)s, check of the number"),
        }
        label = str(ContactPoint.Kind(kind).label)
        return words[rest] % {"what": label} if rest in words else label
    if kind == "consent":
        return _("Consent: %(what)s") % {"what": Consent.Subject(rest).label}
    if field in _LABELS:
        return str(_LABELS[field])
    return str(Patient._meta.get_field(field).verbose_name).capitalize()  # type: ignore[union-attr]


def _value(field: str, text: str, country: str) -> str:
    kind, _underscore, rest = field.partition("_")
    if rest == "unusable" and text:
        return str(ContactPoint.UnusableReason(text).label)
    if rest == "verified" and text:
        return str(NumberCheck(text).label)
    if field == "may_answer" and text:
        who, _colon, name = text.partition(":")
        return ", ".join(filter(None, (str(MayAnswer(who).label), name)))
    if kind in PHONE_KINDS and text:
        return format_phone(text, country)
    if field == "language":
        return language_name(text)
    if field == "best_time" and text in PartOfDay.values:
        return str(PartOfDay(text).label)
    if field in ("voicemail", "sex") and text:
        return str(dict(Patient._meta.get_field(field).flatchoices)[text])  # type: ignore[union-attr]
    return {"True": _("yes"), "False": _("no")}.get(text, text)
