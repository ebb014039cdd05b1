"""Makes and checks the codes by which a patient proves that a number is theirs; no other module does.

Six digits, sent to the number and stored only as a hash under the installation's key. A code lives ten minutes and
five tries. A new one may follow after a pause, and only some an hour: a number that is typed in by mistake belongs to
somebody who asked for no text.
"""

import secrets
from datetime import timedelta
from enum import Enum

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from patients.actions import lock_patient
from patients.contact_plan.models import NumberCode
from patients.models import Patient

CODE_LENGTH = 6
CODE_LIFETIME = timedelta(minutes=10)
MAX_TRIES = 5
PAUSE = timedelta(seconds=30)
MAX_CODES_AN_HOUR = 5  # for one patient
MAX_CODES_A_DAY = 8  # to one number, whoever asks
_KEPT = timedelta(days=1)  # as long as they are counted
_SALT = "patients.number_code"


class CodeRefused(Exception):
    """No code may be sent now: one has just left (`is_pause`), or too many have."""

    def __init__(self, *, is_pause: bool) -> None:
        super().__init__("pause" if is_pause else "limit")
        self.is_pause = is_pause


class CodeResult(Enum):
    """What came of typing a code."""

    CORRECT = "right"
    WRONG = "wrong"
    TOO_MANY = "too many"  # this wrong one was the last that was allowed
    EXPIRED = "expired"  # there is no code to compare with: too old, used, or tried too often


@transaction.atomic
def issue_code(patient: Patient, number: str) -> tuple[NumberCode, str]:
    """Make a code for a number in E.164 and return it, the only time that anybody sees it. Raises CodeRefused.

    An earlier code of the patient ends.
    """
    lock_patient(patient)
    now = timezone.now()
    NumberCode.objects.filter(patient=patient, sent_at__lt=now - _KEPT).delete()
    mine = NumberCode.objects.filter(patient=patient)
    if mine.filter(sent_at__gt=now - PAUSE).exists():
        raise CodeRefused(is_pause=True)
    to_number = NumberCode.objects.filter(number=number, sent_at__gt=now - _KEPT).count()
    if mine.filter(sent_at__gt=now - timedelta(hours=1)).count() >= MAX_CODES_AN_HOUR or to_number >= MAX_CODES_A_DAY:
        raise CodeRefused(is_pause=False)
    mine.filter(ended_at=None).update(ended_at=now)
    code, salt = "".join(secrets.choice("0123456789") for _ in range(CODE_LENGTH)), secrets.token_hex(16)
    row = NumberCode.objects.create(
        patient=patient,
        number=number,
        salt=salt,
        code_hash=_hash_code(salt, code),
        sent_at=now,
        expires_at=now + CODE_LIFETIME,
    )
    return row, code


def waiting_code(patient: Patient) -> NumberCode | None:
    """The newest code that was sent to the patient in the last hour, whether or not it may still be typed in."""
    since = timezone.now() - timedelta(hours=1)
    return NumberCode.objects.filter(patient=patient, sent_at__gt=since).order_by("-pk").first()


@transaction.atomic
def check_code(patient: Patient, typed: str) -> tuple[CodeResult, str]:
    """Compare under the row's lock, so that many tries at once count as many; a right one comes with its number."""
    now = timezone.now()
    open_codes = NumberCode.objects.select_for_update().filter(patient=patient, ended_at=None, expires_at__gt=now)
    row = open_codes.order_by("-pk").first()
    if row is None:
        return CodeResult.EXPIRED, ""
    if constant_time_compare(_hash_code(row.salt, typed), row.code_hash):
        row.ended_at = now
        row.save(update_fields=["ended_at"])
        return CodeResult.CORRECT, row.number
    row.failed_attempts += 1
    row.ended_at = now if row.failed_attempts >= MAX_TRIES else None
    row.save(update_fields=["failed_attempts", "ended_at"])
    return (CodeResult.TOO_MANY if row.ended_at else CodeResult.WRONG), ""


def end_codes(patient: Patient) -> None:
    """The question of the number is answered: what was sent opens nothing any more."""
    NumberCode.objects.filter(patient=patient, ended_at=None).update(ended_at=timezone.now())


def delete_old_codes() -> int:
    """Delete the codes that count no more, of every patient: each holds a number that may be a stranger's."""
    deleted, _by_model = NumberCode.objects.filter(sent_at__lt=timezone.now() - _KEPT).delete()
    return deleted


def _hash_code(salt: str, code: str) -> str:
    return salted_hmac(f"{_SALT}:{salt}", code, algorithm="sha256").hexdigest()
