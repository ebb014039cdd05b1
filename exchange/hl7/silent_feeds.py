"""Says of each sender that is watched whether messages still come while its site is open."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Subquery

from clinic import calendar
from clinic.models import Site
from exchange.models import Hl7Message, Hl7Sender, Hl7SenderVersion


@dataclass(frozen=True, slots=True)
class FeedSign:
    """A sender, when its newest message came (None: never), and whether that is too long ago."""

    name: str
    last_at: datetime | None
    is_silent: bool


def check_feeds(sites: Iterable[Site], now: datetime) -> list[FeedSign]:
    """The watched senders of these sites by name. One that never sent is judged since it was set up. One query."""
    by_id = {site.pk: site for site in sites}
    messages = Hl7Message.objects.filter(sender=OuterRef("pk")).order_by("-pk").values("received_at")[:1]
    versions = Hl7SenderVersion.objects.filter(sender=OuterRef("pk")).order_by("pk").values("changed_at")[:1]
    senders = Hl7Sender.objects.filter(site__in=by_id, is_active=True, silent_after_hours__isnull=False)
    signs = []
    for sender in senders.annotate(last_at=Subquery(messages), set_up_at=Subquery(versions)):
        since = sender.last_at or sender.set_up_at or now
        due = calendar.add_open_hours(by_id[sender.site_id], since, sender.silent_after_hours or 0)
        signs.append(FeedSign(sender.name, sender.last_at, is_silent=due <= now))
    return signs
