"""Claims lay summaries that go by email, checks each once more under lock, and records what the mail server said.

As for messages: a claimed row carries a lease and a token, only the holder of the token writes the result, and a
summary whose sender vanished is sent again under its own Message-ID. What fails for good goes on paper.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from clinic import calendar
from clinic.actors import SYSTEM
from clinic.calendar import SendWindow
from clinic.models import Site
from notifications.delivery import attempts, lay_summary_events, rate_limit
from notifications.delivery.failures import DeliveryFailure
from notifications.delivery.outbox import LEASE_TIME, retry_delay
from notifications.enums import AttemptResult, Channel, StatusReason, SummaryEventKind, SummaryState
from notifications.models import LaySummary, LaySummaryCopy
from notifications.planning import channel_fallback, daily_cap
from notifications.planning.lay_summaries.planner import plan_summaries, summaries_with_sent_predecessor
from notifications.planning.lay_summaries.readings import Reading
from patients.channels import PatientChannels, get_patient_channels
from patients.models import ContactPoint
from recalls.models import ScreeningExam

log = logging.getLogger(__name__)

CLAIMS_AT_ONCE = 100
# Shorter than that of a message: paper takes days, and the time limit is the law's.
RETRY_PERIOD = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class SummaryClaim:
    """A summary that this process alone may send until its lease ends."""

    row: LaySummary
    token: int
    reading: Reading
    channels: PatientChannels
    replaces_sent: bool


def anything_due() -> bool:
    return _due(timezone.now()).exists()


def iter_claims() -> Iterator[SummaryClaim]:
    """Each due summary that may leave now, the oldest first; each is asked about once."""
    sites: dict[int, Site] = {}
    after: tuple[datetime, int] | None = None
    while True:
        due = _due(timezone.now()).order_by("leave_at", "pk")
        if after is not None:
            due = due.filter(Q(leave_at__gt=after[0]) | Q(leave_at=after[0], pk__gt=after[1]))
        batch = list(due.values_list("leave_at", "pk", "exam")[:CLAIMS_AT_ONCE])
        for _leave_at, pk, exam_id in batch:
            claim = _claim(pk, exam_id, sites)
            if claim is not None:
                yield claim
        if len(batch) < CLAIMS_AT_ONCE:
            return
        after = batch[-1][:2]


def _due(now: datetime) -> QuerySet[LaySummary]:
    rows = LaySummary.objects.filter(state=SummaryState.OWED, channel=Channel.EMAIL, leave_at__lte=now)
    return rows.filter(Q(retry_at=None) | Q(retry_at__lte=now))


@transaction.atomic
def _claim(pk: int, exam_id: int, sites: dict[int, Site]) -> SummaryClaim | None:
    """None for one that may not leave now: it is held back, goes by post, or is put off.

    The patient's row is locked too: whoever records a death or takes back a consent is waited for, or waits.
    """
    now, locked = timezone.now(), ScreeningExam.objects.select_for_update(of=("self", "patient"), skip_locked=True)
    if not locked.select_related("patient").filter(pk=exam_id):
        return None
    found = next((found for found in plan_summaries([exam_id], sites) if found[0].pk == pk), None)
    if found is None:
        return None
    row, reading = found
    if row.state != SummaryState.OWED or row.channel != Channel.EMAIL or row.leave_at > now:
        return None
    channels = get_patient_channels(reading.exam.patient)
    if later := _put_off_until(row, reading, channels, now):
        LaySummary.objects.filter(pk=pk, state=SummaryState.OWED).update(retry_at=later)
        return None
    token = row.lease_token + 1
    mine = LaySummary.objects.filter(pk=pk, state=SummaryState.OWED, lease_token=row.lease_token)
    if not mine.update(state=SummaryState.SENDING, lease_token=token, lease_until=now + LEASE_TIME):
        return None
    rate_limit.count_sent(channels.email, now)
    return SummaryClaim(row, token, reading, channels, bool(summaries_with_sent_predecessor([pk])))


def _put_off_until(row: LaySummary, reading: Reading, channels: PatientChannels, now: datetime) -> datetime | None:
    """The sending hours, the patient's two messages a day (not for a 4 or 5), and the limit of the mail provider."""
    site = reading.site
    window = calendar.next_send_time(SendWindow.OPEN_DAYS, site, now)
    if window > now:
        return window
    if not reading.is_suspicious and daily_cap.has_reached_cap(reading.exam.patient_id, site, now):
        return calendar.next_send_time(SendWindow.OPEN_DAYS, site, calendar.start_of_day(site, now, 1))
    allowed = rate_limit.get_allowed_send_time(row.retry_at is not None, channels.email, now)
    return allowed if allowed > now else None


def record_acceptance(claim: SummaryClaim, copy: LaySummaryCopy) -> bool:
    """The server took it. False when the lease was lost meanwhile."""
    with transaction.atomic():
        if not _end_claim(claim, attempt_count=claim.row.attempt_count + 1):
            return False
        lay_summary_events.save_copies([copy])
        claim.row.copy = copy
        lay_summary_events.record_sent([claim.row], SummaryEventKind.EMAILED, by=SYSTEM)
    return True


def record_failure(claim: SummaryClaim, failure: DeliveryFailure, copy: LaySummaryCopy) -> None:
    """It was not taken, or nobody knows: another try, or paper when it never will be."""
    now, row = timezone.now(), claim.row
    first_failed_at = row.first_failed_at or now
    count = row.attempt_count + (failure.result != AttemptResult.CONNECTION_FAILED)
    uncertain = failure.result == AttemptResult.UNCERTAIN
    gives_up = failure.result == AttemptResult.PERMANENT or now - first_failed_at >= RETRY_PERIOD
    gives_up |= uncertain and _is_last_uncertain_try(row)
    fields: dict[str, Any] = {"attempt_count": count, "first_failed_at": first_failed_at}
    fields |= {"may_have_arrived_twice": row.may_have_arrived_twice or uncertain}
    fields |= {"failed_channels": [Channel.EMAIL.value]} if gives_up else {"retry_at": now + retry_delay(count + 1)}
    with transaction.atomic():
        if not _end_claim(claim, **fields):
            return
        if uncertain or gives_up:
            kind = SummaryEventKind.EMAIL_FAILED if gives_up else SummaryEventKind.EMAIL_UNCERTAIN
            lay_summary_events.save_copies([copy])
            lay_summary_events.record_event(row, kind, by=SYSTEM, detail=failure.detail)
        if failure.bad_mailbox:
            patient, why = claim.reading.exam.patient, ContactPoint.UnusableReason.BOUNCED
            channel_fallback.mark_address_unusable(patient, copy.address, why)
    if gives_up:
        plan_summaries([row.exam_id])


def record_render_failure(claim: SummaryClaim, error: Exception) -> None:
    """Its text or a fact in it is at fault: this summary is held back and no other."""
    log.error("lay summary %s could not be written: %s", claim.row.pk, type(error).__name__)
    with transaction.atomic():
        if _end_claim(claim):
            lay_summary_events.hold_unwritable([claim.row])


def reclaim_expired_leases() -> int:
    """Owe the summaries whose sender vanished again: each may have left, and keeps its Message-ID.

    One whose sender vanished three times goes on paper.
    """
    count, given_up = 0, []
    for row in LaySummary.objects.filter(state=SummaryState.SENDING, lease_until__lte=timezone.now()):
        fields: dict[str, Any] = {"state": SummaryState.OWED, "lease_until": None, "may_have_arrived_twice": True}
        if _is_last_uncertain_try(row):
            log.error("lay summary %s: its sender vanished %d times", row.pk, attempts.MAX_UNCERTAIN_TRIES)
            fields["failed_channels"] = [Channel.EMAIL.value]
            given_up.append(row.exam_id)
        with transaction.atomic():
            mine = LaySummary.objects.filter(pk=row.pk, state=SummaryState.SENDING, lease_token=row.lease_token)
            if mine.update(**fields):
                detail = str(StatusReason.UNCERTAIN.label)
                lay_summary_events.record_event(row, SummaryEventKind.EMAIL_UNCERTAIN, by=SYSTEM, detail=detail)
                count += 1
    if given_up:
        plan_summaries(given_up)
    return count


def _is_last_uncertain_try(row: LaySummary) -> bool:
    """Whether one more try without an answer is one too many."""
    tries = row.events.filter(kind=SummaryEventKind.EMAIL_UNCERTAIN)
    return tries.count() + 1 >= attempts.MAX_UNCERTAIN_TRIES


def _end_claim(claim: SummaryClaim, **fields: Any) -> bool:
    """Only the holder of the token may end a claim."""
    mine = LaySummary.objects.filter(pk=claim.row.pk, state=SummaryState.SENDING, lease_token=claim.token)
    return bool(mine.update(state=SummaryState.OWED, lease_until=None, **fields))
