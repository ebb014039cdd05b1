"""Reads by which channels a patient may be reached from the contact points and the newest consents.

Consent to email: a patient who gave an address and was not asked may be written to in neutral words (45 CFR 164.506,
treatment); one who said no is not. A text message needs a recorded yes (TCPA). Health details in an email need a
recorded yes as well (45 CFR 164.524 guidance on unencrypted email).
"""

from dataclasses import dataclass

from clinic.queries.related_rows import read_related
from patients.contact_validation import can_get_texts
from patients.models import Consent, ContactPoint, Patient

PHONE_KINDS = (ContactPoint.Kind.MOBILE, ContactPoint.Kind.HOME, ContactPoint.Kind.OTHER)


@dataclass(frozen=True, slots=True)
class PatientChannels:
    """What may be used now: addresses are empty when there is none or it may not be used; `why_*` says so in a word."""

    email: str
    email_blocked_reason: str
    mobile: str
    home: str
    other: str
    sms_allowed: bool
    health_details_allowed: bool
    unusable_contact_points: tuple[ContactPoint, ...]

    @property
    def phones(self) -> tuple[str, ...]:
        return tuple(number for number in (self.mobile, self.home, self.other) if number)


def list_contact_points(patient: Patient) -> list[ContactPoint]:
    """The phones, mobile first, then the email address; no query where they are prefetched."""
    points: list[ContactPoint] = read_related(patient, "contact_points")
    return sorted(points, key=lambda point: ContactPoint.Kind.values.index(point.kind))


def get_patient_channels(patient: Patient) -> PatientChannels:
    """Two queries, none when `contact_points` and `consents` are prefetched."""
    points = {point.kind: point for point in list_contact_points(patient)}
    newest: dict[str, Consent] = {}
    for consent in sorted(read_related(patient, "consents"), key=lambda row: row.pk):
        newest[consent.subject] = consent

    def usable(kind: ContactPoint.Kind) -> str:
        point = points.get(kind)
        return point.value if point and not point.unusable else ""

    def said(subject: Consent.Subject) -> bool | None:
        return newest[subject].granted if subject in newest else None

    email, why = usable(ContactPoint.Kind.EMAIL), ""
    if patient.deceased_on:
        email, why = "", "deceased"
    elif ContactPoint.Kind.EMAIL not in points:
        why = "no_address"
    elif not email:
        why = f"address_{points[ContactPoint.Kind.EMAIL].unusable}"
    elif said(Consent.Subject.EMAIL) is False:
        email, why = "", "opted_out"
    mobile, home, other = map(usable, PHONE_KINDS)
    callable_now = not patient.do_not_call and not patient.deceased_on
    return PatientChannels(
        email=email,
        email_blocked_reason=why,
        mobile=mobile if callable_now else "",
        home=home if callable_now else "",
        other=other if callable_now else "",
        sms_allowed=can_get_texts(mobile) and callable_now and said(Consent.Subject.SMS) is True,
        health_details_allowed=said(Consent.Subject.DETAIL) is True,
        unusable_contact_points=tuple(point for point in points.values() if point.unusable),
    )
