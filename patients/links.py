"""Issues, finds, locks and withdraws the links to patients' pages; no other module does.

A link is 256 random bits. The database holds its SHA-256 alone, so a stolen backup opens nothing; a quick hash is
enough where there is nothing to guess. The birth date is a check on top of holding the link, not a secret: five wrong
ones in a row lock the link.
"""

import hashlib
import secrets
from datetime import date, timedelta
from enum import Enum

from django.db import models, transaction
from django.utils import timezone

from clinic.actors import Actor, actor_for
from clinic.models import User
from patients.models import Patient, PatientLink
from patients.record_history import log_changes

# A message is often read again weeks later, and the federal goal from result to answer is 60 days; a link that is
# needed longer comes anew with the next message.
LINK_LIFETIME = timedelta(days=90)
MAX_ATTEMPTS = 5


class BirthDateResult(Enum):
    """What came of giving a birth date."""

    CORRECT = "right"
    WRONG = "wrong"
    NOW_LOCKED = "locked now"  # this wrong one was the last that was allowed
    LINK_UNUSABLE = "closed"  # the link could not be used any more, whatever the date


def issue_link(patient: Patient, *, by: User | Actor, address: str = "", revoke_others: bool = False) -> str:
    """Make a link and return its token, the only time that anybody sees it. Earlier links go on working.

    `address`: where it is sent; the link ends when that is the patient's no longer. Empty where it is handed over.
    """
    actor_for(by)
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        if revoke_others:
            patient.links.filter(revoked_at=None).update(revoked_at=timezone.now())
        PatientLink.objects.create(
            patient=patient,
            token_hash=_hash_token(token),
            address=address,
            expires_at=timezone.now() + LINK_LIFETIME,
            created_at=timezone.now(),
        )
    return token


def find_link(token: str) -> PatientLink | None:
    """The link behind a token, with its patient and site, whether or not it may still be used."""
    return _links().filter(token_hash=_hash_token(token)).first()


def get_link(pk: int) -> PatientLink | None:
    return _links().filter(pk=pk).first()


@transaction.atomic
def revoke_links(patient: Patient, *, by: User | Actor) -> int:
    """End every link to the patient's page, those of records merged into this one too; the history tells how many."""
    whose = models.Q(patient=patient) | models.Q(patient__merged_into=patient)
    ended = PatientLink.objects.filter(whose, revoked_at=None).update(revoked_at=timezone.now())
    if ended:
        log_changes(patient, {"links": (str(ended), "0")}, by=by)
    return ended


def leave(link: PatientLink) -> None:
    """Whoever opened the page by this link has left it: what the browser still holds opens nothing."""
    PatientLink.objects.filter(pk=link.pk).update(left_at=timezone.now())


@transaction.atomic
def check_birth_date(link: PatientLink, said: date) -> BirthDateResult:
    """Compare under the row's lock, so that many tries at once count as many; a right date forgets the wrong ones."""
    now = timezone.now()
    locked = PatientLink.objects.select_for_update().get(pk=link.pk)
    locked.patient = link.patient
    if not locked.is_usable_at(now):
        return BirthDateResult.LINK_UNUSABLE
    if said == locked.current_patient.birth_date:
        locked.failed_attempts, locked.last_opened_at = 0, now
        locked.save(update_fields=["failed_attempts", "last_opened_at"])
        return BirthDateResult.CORRECT
    return _register_failure(locked)


def _register_failure(locked: PatientLink) -> BirthDateResult:
    locked.failed_attempts += 1
    if locked.failed_attempts >= MAX_ATTEMPTS:
        locked.locked_at = timezone.now()
    locked.save(update_fields=["failed_attempts", "locked_at"])
    return BirthDateResult.NOW_LOCKED if locked.locked_at else BirthDateResult.WRONG


def _links() -> models.QuerySet[PatientLink]:
    return PatientLink.objects.select_related("patient__site", "patient__merged_into__site")


def _hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
