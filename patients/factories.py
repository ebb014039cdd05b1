"""Factories for invented patients in a given situation, for tests and the demo."""

from typing import Any

import factory
from django.db import transaction
from django.utils import timezone
from factory.django import DjangoModelFactory

from clinic.actors import INTAKE
from clinic.factories import get_default_site
from patients.actions import record_consent, set_contact_points
from patients.models import Consent, ContactPoint, Patient, ReferringProvider

INTAKE_SOURCE = "intake form"


class ReferringProviderFactory(DjangoModelFactory[ReferringProvider]):
    class Meta:
        model = ReferringProvider

    name = factory.Sequence(lambda number: f"Dr. Referra Example-{number}")
    npi = factory.Sequence(lambda number: f"{1990000000 + number}")
    email = factory.Sequence(lambda number: f"referrer{number}@example.com")
    phone = "+14125550170"


class PatientFactory(DjangoModelFactory[Patient]):
    """A patient with a mobile, a home phone and an email address who has agreed to email; traits change one thing each.

    `mobile`, `home` and `email` are written as a file would give them (None: the patient gave none); `consents` is
    {subject: granted}. Both go through the real actions.
    """

    class Meta:
        model = Patient

    class Params:
        spanish_speaker = factory.Trait(language="es", interpreter_needed=True)
        no_email = factory.Trait(email=None, consents={})
        email_opted_out = factory.Trait(consents={Consent.Subject.EMAIL: False})
        detailed_email = factory.Trait(consents={Consent.Subject.EMAIL: True, Consent.Subject.DETAIL: True})
        text_messages = factory.Trait(consents={Consent.Subject.EMAIL: True, Consent.Subject.SMS: True})
        bad_email = factory.Trait(email="testa(at)example", consents={})
        no_phone = factory.Trait(mobile=None, home=None)
        no_voicemail = factory.Trait(voicemail=Patient.Voicemail.NO)

    site = factory.LazyFunction(get_default_site)
    assigning_authority = factory.LazyAttribute(lambda patient: patient.site.mrn_authority)
    mrn = factory.Sequence(lambda number: f"T{100000 + number}")
    family_name = factory.Sequence(lambda number: f"Sample-Oak {number}")
    given_name = "Testa"
    birth_date = factory.Faker("date_of_birth", minimum_age=41, maximum_age=78)
    sex = Patient.Sex.FEMALE
    address_line = "12 Invented Lane"
    city = factory.SelfAttribute("site.city")
    state = factory.SelfAttribute("site.state")
    postal_code = factory.SelfAttribute("site.postal_code")
    created_at = factory.LazyFunction(timezone.now)
    # Another area than the numbers that tests type: a number met twice would be a shared phone.
    mobile: Any = factory.Sequence(lambda number: f"724 555 {100 + number % 100:04}")
    home: Any = "412 555 0180"
    other: Any = None
    email: Any = factory.LazyAttribute(
        lambda patient: f"{patient.given_name}.{patient.family_name}@example.org".lower().replace(" ", "-")
    )
    consents: Any = {Consent.Subject.EMAIL: True}

    @classmethod
    def _create(cls, model_class: type[Patient], *_args: Any, **fields: Any) -> Patient:
        points = {kind: fields.pop(kind.value) for kind in ContactPoint.Kind}
        consents = fields.pop("consents")
        with transaction.atomic():
            patient = model_class.objects.create(**fields)
            set_contact_points(patient, {kind: raw for kind, raw in points.items() if raw}, by=INTAKE)
            for subject, granted in consents.items():
                record_consent(patient, subject, granted=granted, source=INTAKE_SOURCE, by=INTAKE)
        return patient
