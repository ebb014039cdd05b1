"""What did the demo's mail bring, for one person's sites? Each message in the Maildir is known by its notification."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from clinic.models import User
from notifications.backends import maildir
from notifications.backends.maildir import StoredMail
from notifications.models import Notification
from notifications.rendering.email import NOTIFICATION_ID_HEADER

PAGE_SIZE = 50
_LOOKUP_CHUNK_SIZE = 100  # files whose notifications are looked up together


@dataclass(frozen=True, slots=True)
class InboxItem:
    """A kept message and the notification that it carries."""

    mail: StoredMail
    notification: Notification


def get_inbox_page(user: User, key: str) -> tuple[list[InboxItem], str]:
    """Up to a page of letters older than that one (the newest when empty), and the key to go on from, if any."""
    found = list(islice(_iter_items(user, _keys_older_than(key)), PAGE_SIZE + 1))
    return found[:PAGE_SIZE], found[PAGE_SIZE - 1].mail.key if len(found) > PAGE_SIZE else ""


def get_inbox_item(user: User, key: str) -> InboxItem | None:
    """One letter, None where there is none or its recall is at a site that is not the user's."""
    return next(_iter_items(user, [key]), None)


def _keys_older_than(key: str) -> list[str]:
    keys = maildir.list_keys_newest_first()
    return keys[keys.index(key) + 1 :] if key in keys else keys


def _iter_items(user: User, keys: Iterable[str]) -> Iterator[InboxItem]:
    waiting = iter(keys)
    while batch := list(islice(waiting, _LOOKUP_CHUNK_SIZE)):
        kept = [one for key in batch if (one := maildir.read_mail(key)) is not None]
        rows = Notification.objects.filter(public_id__in=[_get_notification_id(one) for one in kept])
        mine = rows.filter(recall__site__in=user.site_ids).select_related("recall")
        by_number = {row.public_id: row for row in mine}
        for one in kept:
            row = by_number.get(_get_notification_id(one))
            if row is not None:
                yield InboxItem(one, row)


def _get_notification_id(kept: StoredMail) -> UUID:
    """The notification's number; a number that no row has where the header is missing or spoilt."""
    try:
        return UUID(str(kept.message.get(NOTIFICATION_ID_HEADER, "")))
    except ValueError:
        return UUID(int=0)
