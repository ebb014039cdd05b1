"""Shows who has a recall open: a claim that warns others, forbids nothing and ends by itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from clinic.models import User
from desk.write_refusals import tolerate_write_refusal
from recalls.models import Recall, RecallClaim

CLAIM_TIMEOUT = timedelta(minutes=10)  # without a sign of life a claim is over
_REFRESH_INTERVAL = timedelta(minutes=1)  # younger signs of life are not written again


@dataclass(frozen=True, slots=True)
class ClaimHolder:
    """Another person at whom the recall lies; `since` is UTC."""

    name: str
    since: datetime


def get_claim_holder(recall: Recall, user: User, now: datetime | None = None) -> ClaimHolder | None:
    """Who else has it open; None when nobody has. No query when `claim__user` was joined."""
    claim = _active_claim(recall, now or timezone.now())
    if claim is None or claim.user_id == user.pk:
        return None
    return ClaimHolder(claim.user.get_full_name() or claim.user.get_username(), claim.claimed_at)


def claim_recall(recall: Recall, user: User) -> None:
    """Put it down as open at this person, unless somebody else was first. One query, none within a minute of the last.

    Of two who open it in the same instant the later one is shown: nothing but a sign depends on it.
    """
    now = timezone.now()
    standing = _active_claim(recall, now)
    if standing is not None and (standing.user_id != user.pk or now - standing.last_seen_at < _REFRESH_INTERVAL):
        return
    since = standing.claimed_at if standing else now
    mine = RecallClaim(recall=recall, user=user, claimed_at=since, last_seen_at=now)
    fields = ["user", "claimed_at", "last_seen_at"]
    with tolerate_write_refusal("who has a recall open was not written"):
        RecallClaim.objects.bulk_create([mine], update_conflicts=True, unique_fields=["recall"], update_fields=fields)


def release_claim(recall: Recall, user: User) -> None:
    """The user has done what they opened it for."""
    RecallClaim.objects.filter(recall=recall, user=user).delete()


def _active_claim(recall: Recall, now: datetime) -> RecallClaim | None:
    kept: RecallClaim | None = getattr(recall, "claim", None)
    return kept if kept is not None and now - kept.last_seen_at < CLAIM_TIMEOUT else None
