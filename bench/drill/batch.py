"""Makes the work of a drill, booked visits whose confirmations are owed, and reads what became of it."""

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import time as time_of_day
from datetime import timedelta
from typing import Any, TypeVar

from bench.drill.installation.stack import PATIENCE_SECONDS, RECOVERY_SECONDS, Stack
from bench.drill.judge import Copy, OwedMessage, Verdict, judge_messages

KIND = "appointment_confirmation"
_WAITING = ("planned", "sending")
_KEPT = ("kept", "lost")  # by the mail server: of a lost one it knows, and nobody heard it
_RETRY_SECONDS = 60.0
_BOOKED_AT_ONCE = 5
_ONE_IN_SO_MANY_SLOW = 10  # of the messages of a batch: more answers that come too late are no busy machine's
VISIT_TIME = time_of_day(10)
Answer = TypeVar("Answer")


def patiently(ask: Callable[[], Answer]) -> Answer:
    """Ask the database again while it is being restarted under us."""
    from django.db import InterfaceError, OperationalError, connection

    deadline = time.monotonic() + _RETRY_SECONDS
    while True:
        try:
            return ask()
        except (OperationalError, InterfaceError):
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)


@dataclass(slots=True)
class Batch:
    """The recalls of one drill at a site of its own; acts on them are noted here with the time of their commit."""

    stack: Stack
    site: Any
    recalls: list[Any]
    start_count: int
    stopped_at: dict[int, float] = field(default_factory=dict)  # by recall
    moved: dict[int, tuple[float, str]] = field(default_factory=dict)  # by recall: when, and the address before

    def release(self) -> None:
        """Let the messages leave that were held while the visits were booked."""
        from notifications.delivery import restore_guard

        self.start_count = self.stack.mail.count
        patiently(restore_guard.unfreeze_sending)

    @property
    def arrived(self) -> int:
        return self.stack.mail.count - self.start_count

    def rows(self) -> Any:
        from notifications.models import Notification

        return Notification.objects.filter(kind=KIND, recall__site=self.site)

    def has_ended(self) -> bool:
        """Whether nothing of it waits any more; asks at most some times a second."""
        time.sleep(0.1)
        return not patiently(lambda: self.rows().filter(state__in=_WAITING).exists())

    def count_ended(self) -> int:
        """How many wait no more: sent, or put away by an act on them."""
        ended: int = self.rows().exclude(state__in=_WAITING).count()
        return ended

    def wait_for_mark(self, mark: int) -> bool:
        """Whether so many messages have arrived before all was over."""
        self.stack.wait_for(lambda: self.arrived >= mark or self._looks_over())
        return self.arrived >= mark

    def _looks_over(self) -> bool:
        return self.arrived >= len(self.recalls) and self.has_ended()

    def seconds_until_next(self) -> float:
        """How long from now until another message arrives, or until all is over."""
        before, began = self.arrived, time.monotonic()
        self.stack.wait_for(lambda: self.arrived > before or self.has_ended(), RECOVERY_SECONDS)
        return time.monotonic() - began

    def finish(self) -> None:
        """Until nothing waits any more; given up only where nothing at all goes on."""
        ended, before = patiently(self.count_ended), -1
        while ended > before and not self.stack.wait_for(self.has_ended, PATIENCE_SECONDS):
            ended, before = patiently(self.count_ended), ended

    def judge(self, allowed_extra: int = 0) -> Verdict:
        """`allowed_extra`: how many were in flight at the faults, at most."""
        owed = patiently(self.owed_messages)
        allowed_extra += min(self.count_unanswered(), len(self.recalls) // _ONE_IN_SO_MANY_SLOW)
        return judge_messages(len(self.recalls), owed, self.copies(set(owed)), allowed_extra=allowed_extra)

    def owed_messages(self) -> dict[str, OwedMessage]:
        from patients.models import ContactPoint
        from recalls.models import WorkItem

        addresses = dict(
            ContactPoint.objects.filter(kind="email", patient__site=self.site).values_list("patient_id", "value")
        )
        with_task = set(WorkItem.objects.filter(recall__site=self.site).values_list("recall_id", flat=True))
        found = {}
        for row in self.rows():
            moved_at, before = self.moved.get(row.recall_id, (None, ""))
            found[str(row.public_id)] = OwedMessage(
                message_id=row.message_id,
                state=row.state,
                address=addresses.get(row.patient_id, ""),
                reason=row.reason,
                may_have_arrived_twice=row.may_have_arrived_twice,
                has_task=row.recall_id in with_task,
                stopped_at=self.stopped_at.get(row.recall_id),
                moved_at=moved_at,
                former_address=before,
            )
        return found

    def copies(self, owed: set[str]) -> dict[str, list[Copy]]:
        """What the mail server kept of this batch: what is owed, and whatever went to its patients beside that."""
        found: dict[str, list[Copy]] = defaultdict(list)
        strange = self._other_numbers()
        for entry in self.stack.mail.entries():
            ours = any(address.endswith(f"@{self.domain}") for address in entry["to"])
            if entry["fate"] in _KEPT and (entry["number"] in owed or (ours and entry["number"] not in strange)):
                found[entry["number"]].append(Copy(tuple(entry["to"]), entry["message_id"], entry["at"]))
        return found

    @property
    def domain(self) -> str:
        return f"{self.site.code.lower()}.example.org"

    def _other_numbers(self) -> set[str]:
        """Messages to these patients of other kinds, such as the word that a visit was called off."""
        from notifications.models import Notification

        others = patiently(
            lambda: list(
                Notification.objects.filter(recall__site=self.site)
                .exclude(kind=KIND)
                .values_list("public_id", flat=True)
            )
        )
        return {str(number) for number in others}

    def count_unanswered(self) -> int:
        """Tries that a living sender saw end without an answer.

        On a busy machine a well mail server too may miss the few seconds that a sender of the drills waits.
        """
        from notifications.models import DeliveryAttempt

        tries = DeliveryAttempt.objects.filter(notification__in=self.rows(), result="uncertain").exclude(detail="")
        return patiently(tries.count)

    def count_lost_answers(self) -> int:
        """Messages of it whose answer the mail server lost: of each it has a copy that nobody heard of."""
        owed = set(patiently(self.owed_messages))
        entries = self.stack.mail.entries()
        return sum(entry["fate"] == "lost" and entry["number"] in owed for entry in entries)


def book(stack: Stack, count: int, *, days: int = 14) -> Batch:
    """So many visits booked by the real actions in so many days; their messages are held until `Batch.release`."""
    from django.db import transaction
    from django.utils import timezone

    from bench._test_installation import create_site_that_is_always_open
    from clinic import calendar
    from clinic.factories import get_site_staff
    from clinic.models import Site
    from notifications.delivery import restore_guard
    from patients.factories import PatientFactory
    from recalls import actions
    from recalls.actions import Slot
    from recalls.testing.factories import RecallFactory

    patiently(restore_guard.freeze_sending)
    site = create_site_that_is_always_open(code=f"DRILL{Site.objects.count()}")
    batch = Batch(stack, site, [], 0)
    scheduler = get_site_staff(site).scheduler
    day = calendar.next_open_day(site, calendar.local_day(site, timezone.now()) + timedelta(days=days))
    slot = Slot(site, calendar.instant(site, day, VISIT_TIME))
    for first in range(0, count, _BOOKED_AT_ONCE):
        with transaction.atomic():  # one flush to the disk for some, and others hardly wait
            for number in range(first, min(first + _BOOKED_AT_ONCE, count)):
                patient = PatientFactory.create(site=site, email=f"patient{number}@{batch.domain}", consents={})
                recall = RecallFactory.create(patient=patient)
                actions.book_appointment(recall, slot, by=scheduler)
                batch.recalls.append(recall)
    return batch
