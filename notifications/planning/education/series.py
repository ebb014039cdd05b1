"""Asks for, confirms and ends the series about breast health, and takes back what is planned while it waits.

Only the patient begins it, by two acts: on their page, and by the button behind the link in a mail to the address that
it is for. It ends when they stop it or object to messages, when the address changes, with a death, and when a 4 or 5
stands. It waits while any recall of the patient is open: nobody who waits for an answer gets a text about health in
general.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from clinic.actors import PATIENT
from notifications.enums import EDUCATION_KINDS, NotificationState, StatusReason
from notifications.models import EducationSeries, Notification
from notifications.planning.education.texts import CONFIRM_WITHIN
from patients.actions import lock_patient, record_consent
from patients.channels import get_patient_channels
from patients.models import Consent, Patient
from recalls.enums import CLOSED_WITHOUT_ANSWER, ClosureReason
from recalls.models import Recall

End = EducationSeries.EndReason

PAGE_SOURCE, MAIL_SOURCE = "patient page", "link in the series"
_REASK_AFTER = timedelta(days=1)
_END_BY_CLOSURE: Mapping[str, EducationSeries.EndReason] = {
    ClosureReason.DECLINED: End.OBJECTION,
    ClosureReason.LOST_TO_FOLLOW_UP: End.OBJECTION,
    ClosureReason.TRANSFERRED: End.ELSEWHERE,
    ClosureReason.CANCER_HANDED_OVER: End.OWN_CARE,
    ClosureReason.HIGH_RISK_REFERRED: End.OWN_CARE,
    ClosureReason.DECEASED: End.DECEASED,
}


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """What decides whether a series may be asked for or go on: `address` is empty where no email may be sent."""

    address: str
    recalls: tuple[Recall, ...]
    is_dead: bool
    # When the patient last said no to text messages, and to the series; None where the newest word is another.
    refused_texts_at: datetime | None
    refused_series_at: datetime | None

    @property
    def stands_after_4_or_5(self) -> bool:
        return any(recall.is_open and recall.suspicious for recall in self.recalls)

    @property
    def own_care_goes_first(self) -> bool:
        """A cancer or high-risk result, or a 4 or 5 that ended without an answer, however long ago, on any record."""
        return any(
            _END_BY_CLOSURE.get(recall.closure_reason) == End.OWN_CARE
            or (recall.suspicious and recall.closure_reason in CLOSED_WITHOUT_ANSWER)
            for recall in self.recalls
        )

    @property
    def waits(self) -> bool:
        return any(recall.is_open for recall in self.recalls)


def load_facts(patient: Patient) -> SeriesFacts:
    """Five queries."""
    channels = get_patient_channels(patient)
    recalls = tuple(Recall.objects.filter(patient=patient).order_by("pk"))
    refused = (_refused_at(patient, subject) for subject in (Consent.Subject.SMS, Consent.Subject.EDUCATION))
    return SeriesFacts(channels.email, recalls, patient.deceased_on is not None, *refused)


def _refused_at(patient: Patient, subject: Consent.Subject) -> datetime | None:
    said = patient.consents.filter(subject=subject).first()
    return said.at if said is not None and not said.granted else None


def may_ask(patient: Patient, facts: SeriesFacts) -> bool:
    """Whether the page offers the series: the clinic sends it, mail may go there, and the patient's care allows it."""
    is_offered = bool(settings.EDUCATION_FROM_EMAIL and facts.address and facts.recalls)
    objects = bool(facts.recalls) and facts.recalls[-1].closure_reason in _END_BY_CLOSURE
    return is_offered and not (facts.is_dead or facts.stands_after_4_or_5 or facts.own_care_goes_first or objects)


def find_series(patient: Patient) -> EducationSeries | None:
    """The newest one, ended or not."""
    return EducationSeries.objects.filter(recall__patient=patient).order_by("pk").last()


@transaction.atomic
def ask_for_series(patient: Patient) -> EducationSeries | None:
    """Note the wish for the address in use; None where it is not offered. One that runs or waits stays as it is.

    Whoever asked a day ago without an answer may ask again: the mail may be lost.
    """
    facts, now = load_facts(patient), timezone.now()
    if not may_ask(patient, facts):
        return None
    Recall.objects.select_for_update(of=("self",), no_key=True).get(pk=facts.recalls[-1].pk)
    for series in _running(patient):
        if series.confirmed_at is not None or series.asked_at > now - _REASK_AFTER:
            return series
        end_series(series, End.UNCONFIRMED)
    return EducationSeries.objects.create(
        recall=facts.recalls[-1], address=facts.address, asked_at=now, next_at=now + CONFIRM_WITHIN
    )


@transaction.atomic
def confirm_series(series: EducationSeries) -> bool:
    """The reader of the address wants it. False where it has ended or the time is over; twice is as good as once."""
    locked = _lock(series)
    now = timezone.now()
    if locked.ended_at is not None or (locked.confirmed_at is None and now > locked.asked_at + CONFIRM_WITHIN):
        return False
    if locked.confirmed_at is None:
        locked.confirmed_at = locked.next_at = now
        locked.save(update_fields=["confirmed_at", "next_at"])
        record_consent(locked.recall.patient, Consent.Subject.EDUCATION, granted=True, source=MAIL_SOURCE, by=PATIENT)
    return True


@transaction.atomic
def stop_series(series: EducationSeries, source: str) -> None:
    """The patient wants no more of it; messages about their care go on. Safe to repeat."""
    locked = _lock(series)
    if locked.ended_at is not None:
        return
    end_series(locked, End.STOPPED)
    if locked.confirmed_at is not None:
        patient = locked.recall.patient
        record_consent(patient, Consent.Subject.EDUCATION, granted=False, source=source, by=PATIENT)


def _lock(series: EducationSeries) -> EducationSeries:
    """The patient before the series, as every act on a person that ends one."""
    lock_patient(series.recall.patient)
    rows = EducationSeries.objects.select_for_update(of=("self",)).select_related("recall__patient")
    return rows.get(pk=series.pk)


def end_series_of(recall: Recall, reason: EducationSeries.EndReason) -> None:
    """End what runs on that recall, if anything."""
    for series in EducationSeries.objects.filter(recall=recall, ended_at=None):
        end_series(series, reason)


def end_series(series: EducationSeries, reason: EducationSeries.EndReason) -> None:
    """Write the end, and take back what is still planned of it."""
    series.ended_at, series.end_reason, series.next_at = timezone.now(), reason, None
    series.save(update_fields=["ended_at", "end_reason", "next_at"])
    _take_back([series])


def review_series(patient: Patient) -> None:
    """End or halt the patient's series where something about them changed; called inside that transaction."""
    if not settings.EDUCATION_FROM_EMAIL:
        return
    running = list(_running(patient))
    if not running:
        return
    facts = load_facts(Patient.objects.get(pk=patient.pk))
    for number, series in enumerate(running):
        if reason := get_end_reason(series, facts, is_first=number == 0):
            end_series(series, reason)
        elif facts.waits and series.confirmed_at is not None:
            _take_back([series])


def get_end_reason(
    series: EducationSeries, facts: SeriesFacts, *, is_first: bool = True
) -> EducationSeries.EndReason | None:
    """Why it may not go on; None where it may, now or later. `is_first`: of several of a patient, the oldest."""
    since = [recall for recall in facts.recalls if recall.closed_at and recall.closed_at >= series.asked_at]
    by_closure = [_END_BY_CLOSURE[reason] for recall in since if (reason := recall.closure_reason) in _END_BY_CLOSURE]
    if facts.is_dead:
        return End.DECEASED
    if not facts.address or facts.address.lower() != series.address.lower():
        return End.ADDRESS if facts.address else _why_without_address(series)
    if facts.refused_series_at and facts.refused_series_at >= (series.confirmed_at or series.asked_at):
        return End.STOPPED
    if facts.refused_texts_at and facts.refused_texts_at >= series.asked_at:
        return End.OBJECTION
    if facts.stands_after_4_or_5:
        return End.OWN_CARE
    if by_closure:
        return by_closure[0]
    if facts.own_care_goes_first:
        return End.OWN_CARE
    return None if is_first else End.MERGED


def _why_without_address(series: EducationSeries) -> EducationSeries.EndReason:
    said = Consent.objects.filter(patient=series.recall.patient_id, subject=Consent.Subject.EMAIL).first()
    return End.OBJECTION if said is not None and not said.granted else End.ADDRESS


def _running(patient: Patient) -> Iterable[EducationSeries]:
    rows = EducationSeries.objects.filter(recall__patient=patient, ended_at=None)
    return rows.select_for_update(of=("self",)).select_related("recall").order_by("pk")


def _take_back(series: Iterable[EducationSeries]) -> None:
    rows = Notification.objects.filter(recall__in=[one.recall_id for one in series], kind__in=EDUCATION_KINDS)
    rows.filter(state=NotificationState.PLANNED).update(
        state=NotificationState.CANCELLED, reason=StatusReason.NO_LONGER_NEEDED
    )
