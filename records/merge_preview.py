"""Shows side by side what two records say, what stands after a merge and what moves."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from desk.languages import language_name
from patients.models import Consent, ContactPoint, Patient
from recalls.actions.records.merged_values import (
    POINT_KIND_BY_CONSENT,
    becomes_other_phone,
    consent_after,
    takes_the_place,
)
from recalls.models import Recall, ScreeningExam


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One line: what the record that goes says, what the one that stays says, and what stands afterwards."""

    label: str
    goes: str
    stays: str
    after: str

    @property
    def differs(self) -> bool:
        return self.goes != self.stays


@dataclass(frozen=True, slots=True)
class MergePreview:
    """What a merge would do. `exams` and `recalls` move; `open_recalls` counts those of both records."""

    rows: list[PreviewRow]
    exams: int
    recalls: int
    open_recalls: int
    death_closes: bool


def build_merge_preview(loser: Patient, survivor: Patient) -> MergePreview:
    """Three queries beside the contact points and consents of the two records."""
    open_recalls = Recall.objects.still_open().filter(patient__in=(loser, survivor)).count()
    died = loser.deceased_on or survivor.deceased_on
    return MergePreview(
        rows=[*_person_rows(loser, survivor), *_contact_rows(loser, survivor), *_consent_rows(loser, survivor)],
        exams=ScreeningExam.objects.filter(patient=loser).count(),
        recalls=Recall.objects.filter(patient=loser).count(),
        open_recalls=open_recalls,
        death_closes=bool(died and open_recalls),
    )


def _person_rows(loser: Patient, survivor: Patient) -> list[PreviewRow]:
    def row(label: str, goes: object, stays: object, after: object) -> PreviewRow:
        return PreviewRow(label, *(str(value or _("none")) for value in (goes, stays, after)))

    address = [", ".join(part for part in (one.address_line, one.city) if part) for one in (loser, survivor)]
    needs_interpreter = [one.interpreter_needed for one in (loser, survivor)]
    no_calls = [one.do_not_call for one in (loser, survivor)]
    voicemail = loser if loser.voicemail == Patient.Voicemail.NO else survivor
    both = (loser, survivor)
    died = [one.deceased_on for one in both]
    return [
        row(_("Name"), loser.full_name, survivor.full_name, survivor.full_name),
        row(_("Born"), loser.birth_date, survivor.birth_date, survivor.birth_date),
        row(_("Died"), died[0], died[1], died[1] or died[0]),
        PreviewRow(_("Language"), *(language_name(one.language) for one in (*both, survivor))),
        PreviewRow(_("Interpreter needed"), *map(_yes, (*needs_interpreter, any(needs_interpreter)))),
        PreviewRow(_("Do not call"), *map(_yes, (*no_calls, any(no_calls)))),
        PreviewRow(_("Voicemail"), *(str(one.get_voicemail_display()) for one in (*both, voicemail))),
        row(_("Address"), address[0], address[1], address[1] or address[0]),
    ]  # fmt: skip


def _contact_rows(loser: Patient, survivor: Patient) -> list[PreviewRow]:
    stays = {point.kind: point for point in survivor.contact_points.all()}
    goes, after = _points_before_and_after(loser, survivor)
    return [
        PreviewRow(str(kind.label), *(_point(points.get(kind)) for points in (goes, stays, after)))
        for kind in ContactPoint.Kind
    ]


def _points_before_and_after(
    loser: Patient, survivor: Patient
) -> tuple[dict[str, ContactPoint], dict[str, ContactPoint]]:
    """By kind: those of the record that goes, and those that stand after the merge."""
    goes = {point.kind: point for point in loser.contact_points.all()}
    after = {point.kind: point for point in survivor.contact_points.all()}
    taken = {kind: point for kind, point in goes.items() if takes_the_place(point, after.get(kind))}
    stands = after | taken
    seconds = (point for kind, point in goes.items() if becomes_other_phone(point, stands.get(kind), stands))
    second = next(seconds, None)
    return goes, stands | ({ContactPoint.Kind.OTHER: second} if second else {})


def _point(point: ContactPoint | None) -> str:
    if point is None:
        return _("none")
    return f"{point.value} ({point.get_unusable_display()})" if point.unusable else point.value


def _consent_rows(loser: Patient, survivor: Patient) -> list[PreviewRow]:
    said = [
        {row.subject: row.granted for row in sorted(one.consents.all(), key=lambda row: row.pk)}
        for one in (loser, survivor)
    ]
    words = {None: _("not asked"), True: _("agreed"), False: _("said no")}
    rows = []
    for subject in Consent.Subject:
        goes, stays = said[0].get(subject), said[1].get(subject)
        kind = POINT_KIND_BY_CONSENT[subject]
        theirs, kept = (points.get(kind) for points in _points_before_and_after(loser, survivor))
        goes_along = theirs is not None and kept is not None and theirs.value == kept.value
        after = consent_after(goes, stays, goes_along=goes_along)
        label = _("Consent: %(what)s") % {"what": subject.label}
        rows.append(PreviewRow(label, words[goes], words[stays], words[after]))
    return rows


def _yes(value: object) -> str:
    return _("yes") if value else _("no")
