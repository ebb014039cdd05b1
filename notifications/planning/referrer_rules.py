"""Rules for the notices to the referring doctor: opened, patient not reached, asked to tell a result, closed.

The occasion begins with the name of the notice in the head of `referrer_notice.md`. A patient who came without a
referral has nobody to tell. A death, a recall made in error, and one that earlier pictures resolved are told by other
ways, or need no word: none of the notices would be true.
"""

from collections.abc import Iterator
from datetime import timedelta

from clinic import calendar
from clinic.calendar import SendWindow
from notifications.planning.rules import PlannedMessage, has_spoken_with_patient
from notifications.planning.snapshot import RecallSnapshot
from recalls.contact_ladder import first_day_of_channel, get_ladder
from recalls.enums import LADDER_STATES, ClosureReason, ContactChannel, State

NOTICE_VALID_FOR = timedelta(days=30)

_CLOSED_AFTER_VISIT = frozenset(
    {
        ClosureReason.NORMAL,
        ClosureReason.BENIGN,
        ClosureReason.BENIGN_CONCORDANT,
        ClosureReason.HIGH_RISK_REFERRED,
        ClosureReason.CANCER_HANDED_OVER,
    }
)
_CLOSED_WITHOUT_VISIT = frozenset({ClosureReason.DECLINED, ClosureReason.LOST_TO_FOLLOW_UP, ClosureReason.TRANSFERRED})


def referrer_notice(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    if snapshot.recall.exam.referrer_id is None:
        return
    yield from _recall_opened_notice(snapshot)
    yield from _unreachable_notice(snapshot)
    yield from _asked_to_tell_notice(snapshot)
    yield from _recall_closed_notice(snapshot)


def get_notice_name(occasion: str) -> str:
    """The name of the notice that an occasion stands for."""
    return occasion.partition(":")[0]


def _recall_opened_notice(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    """While only prior images are waited for, nobody has asked the patient to come."""
    recall = snapshot.recall
    if {State.CLOSED, State.AWAITING_PRIORS} & {recall.state, recall.state_before_hold}:
        return
    asked = next((e.at for e in snapshot.events if e.to_state == State.TO_CONTACT), recall.opened_at)
    due = calendar.next_send_time(SendWindow.OPEN_DAYS, snapshot.site, asked)
    yield PlannedMessage("recall_opened:", due, due + NOTICE_VALID_FOR)


def _unreachable_notice(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    """On the day on which the site's ladder turns to the navigator, unless somebody has spoken with the patient since.

    A ladder without a navigator tells it with its last rung.
    """
    recall, site = snapshot.recall, snapshot.site
    since = recall.contact_since
    if recall.state not in LADDER_STATES or since is None or has_spoken_with_patient(snapshot):
        return
    day, ladder = calendar.local_day(site, since), get_ladder(recall)
    on = first_day_of_channel(ladder, ContactChannel.NAVIGATOR)
    start = calendar.start_of_day(site, since, ladder.rungs[-1].day if on is None else on)
    due = calendar.next_send_time(SendWindow.OPEN_DAYS, site, start)
    yield PlannedMessage(f"unreachable:{day}", due, due + NOTICE_VALID_FOR)


def _asked_to_tell_notice(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    """At once when a radiologist asks the doctor to tell a result, while nobody has told it."""
    recall = snapshot.recall
    for event in snapshot.events:
        if event.step == "ask_referrer_to_tell" and recall.result_since and event.at >= recall.result_since:
            due = calendar.next_send_time(SendWindow.OPEN_DAYS, snapshot.site, event.at)
            yield PlannedMessage(f"asked_to_tell:{event.version}", due, due + NOTICE_VALID_FOR)


def _recall_closed_notice(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    recall = snapshot.recall
    if recall.closed_at is None or recall.closure_reason not in _CLOSED_AFTER_VISIT | _CLOSED_WITHOUT_VISIT:
        return
    name = "closed" if recall.closure_reason in _CLOSED_AFTER_VISIT else "closed_without_visit"
    due = calendar.next_send_time(SendWindow.OPEN_DAYS, snapshot.site, recall.closed_at)
    yield PlannedMessage(f"{name}:{recall.closed_at:%Y%m%dT%H%M%S}", due, due + NOTICE_VALID_FOR)
