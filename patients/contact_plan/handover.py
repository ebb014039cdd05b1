"""Hands a tablet to one patient: staff make a number, it is typed in on the tablet once, and the tablet is given back.

The number is eight digits, lives ten minutes and is stored only as a hash under the installation's key.
"""

import secrets

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from clinic.models import User
from patients.contact_plan.models import TabletHandover
from patients.models import Patient

CODE_LENGTH = 8
_SALT = "patients.tablet_handover"


@transaction.atomic
def make_handover(patient: Patient, *, by: User) -> str:
    """The number that opens the questions of this patient on a tablet; an earlier number of the patient ends."""
    end_handovers(patient)
    code = _new_code()
    TabletHandover.objects.create(patient=patient, opened_by=by, code_hash=_hash_code(code), made_at=timezone.now())
    return code


@transaction.atomic
def open_on_tablet(code: str) -> TabletHandover | None:
    """Use up the number; None where it is unknown, too old or used, or the patient may not be asked any more."""
    now = timezone.now()
    waiting = TabletHandover.objects.select_for_update(of=("self",)).select_related("patient__site")
    row = waiting.filter(code_hash=_hash_code(code), ended_at=None, made_at__gt=now - TabletHandover.CODE_LIFETIME)
    handover = row.first()
    if handover is None:
        return None
    handover.code_hash, handover.opened_at = "", now
    handover.save(update_fields=["code_hash", "opened_at"])
    return handover if handover.is_usable_at(now) else None


def find_handover(pk: int) -> TabletHandover | None:
    """With its patient and site. One query."""
    return TabletHandover.objects.select_related("patient__site", "patient__merged_into").filter(pk=pk).first()


def end_handover(handover: TabletHandover) -> None:
    """The tablet was given back, or lay idle: what its browser still holds opens nothing."""
    TabletHandover.objects.filter(pk=handover.pk, ended_at=None).update(ended_at=timezone.now(), code_hash="")


def end_handovers(patient: Patient) -> None:
    """Every tablet and number of the patient."""
    TabletHandover.objects.filter(patient=patient, ended_at=None).update(ended_at=timezone.now(), code_hash="")


def _new_code() -> str:
    while True:
        code = "".join(secrets.choice("0123456789") for _ in range(CODE_LENGTH))
        if not TabletHandover.objects.filter(code_hash=_hash_code(code)).exists():
            return code


def _hash_code(code: str) -> str:
    return salted_hmac(_SALT, code, algorithm="sha256").hexdigest()
