"""What does the referring doctor hear of a recall? That it was opened, that she cannot be reached, that it is closed.

The occasion begins with the name of the notice in the head of `referrer_notice.md`. A patient who came without a
referral has nobody to tell. A death, a recall made in error, and one that earlier pictures resolved are told by other
ways, or need no word: none of the notices would be true.
"""

from collections.abc import Iterator
from datetime import timedelta

from clinic import calendar
from notifications import windows
from notifications.rules import Wanted, spoke_with_her
from notifications.situation import Situation
from notifications.windows import Window
from recalls.ladder import day_of
from recalls.states import ClosureReason, ContactChannel, State

NOTICE_IS_NEWS = timedelta(days=30)

_VISITED = frozenset(
    {
        ClosureReason.NORMAL,
        ClosureReason.BENIGN,
        ClosureReason.BENIGN_CONCORDANT,
        ClosureReason.HIGH_RISK_REFERRED,
        ClosureReason.CANCER_HANDED_OVER,
    }
)
_NOT_VISITED = frozenset({ClosureReason.DECLINED, ClosureReason.LOST_TO_FOLLOW_UP, ClosureReason.TRANSFERRED})


def referrer_notice(known: Situation) -> Iterator[Wanted]:
    if known.recall.exam.referrer_id is None:
        return
    yield from _opened(known)
    yield from _unreachable(known)
    yield from _closed(known)


def notice_of(occasion: str) -> str:
    """The name of the notice that an occasion stands for."""
    return occasion.partition(":")[0]


def _opened(known: Situation) -> Iterator[Wanted]:
    """While only earlier pictures are waited for, nobody has asked her to come."""
    recall = known.recall
    if not recall.is_open or State.AWAITING_PRIORS in (recall.state, recall.held_from):
        return
    asked = next((e.at for e in known.events if e.to_state == State.TO_CONTACT), recall.opened_at)
    due = windows.next_in(Window.OPEN_DAYS, known.site, asked)
    yield Wanted("recall_opened:", due, due + NOTICE_IS_NEWS)


def _unreachable(known: Situation) -> Iterator[Wanted]:
    """On the day on which the site's ladder turns to the navigator, unless somebody has spoken with her since.

    A ladder without a navigator tells it with its last rung.
    """
    recall, site = known.recall, known.site
    since = recall.contact_since
    if recall.state != State.TO_CONTACT or since is None or spoke_with_her(known, since):
        return
    day = calendar.local_day(site, since)
    on = day_of(site, ContactChannel.NAVIGATOR)
    start = windows.start_of(site, since, site.ladder[-1].day if on is None else on)
    due = windows.next_in(Window.OPEN_DAYS, site, start)
    yield Wanted(f"unreachable:{day}", due, due + NOTICE_IS_NEWS)


def _closed(known: Situation) -> Iterator[Wanted]:
    recall = known.recall
    if recall.closed_at is None or recall.closure_reason not in _VISITED | _NOT_VISITED:
        return
    name = "closed" if recall.closure_reason in _VISITED else "closed_without_visit"
    due = windows.next_in(Window.OPEN_DAYS, known.site, recall.closed_at)
    yield Wanted(f"{name}:{recall.closed_at:%Y%m%dT%H%M%S}", due, due + NOTICE_IS_NEWS)
