"""Lists the stored mail of the demo's Maildir for one user's sites, each with what it is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from clinic.models import User
from notifications.backends import maildir
from notifications.backends.maildir import StoredMail
from notifications.models import LaySummary, Notification
from notifications.rendering.email import NOTIFICATION_ID_HEADER

PAGE_SIZE = 50
_LOOKUP_CHUNK_SIZE = 100  # files whose notifications are looked up together


@dataclass(frozen=True, slots=True)
class InboxItem:
    """A stored message: what it is, and whose; `site_id` is the site that sent it."""

    mail: StoredMail
    title: str
    site_id: int
    patient_id: int


def get_inbox_page(user: User, key: str) -> tuple[list[InboxItem], str]:
    """A page of items older than that key (the newest when empty), and the key of the next page or an empty string."""
    found = list(islice(_iter_items(user, _keys_older_than(key)), PAGE_SIZE + 1))
    return found[:PAGE_SIZE], found[PAGE_SIZE - 1].mail.key if len(found) > PAGE_SIZE else ""


def get_inbox_item(user: User, key: str) -> InboxItem | None:
    """The item with that key, None where there is none or its recall is at a site that is not the user's."""
    return next(_iter_items(user, [key]), None)


def _keys_older_than(key: str) -> list[str]:
    keys = maildir.list_keys_newest_first()
    return keys[keys.index(key) + 1 :] if key in keys else keys


def _iter_items(user: User, keys: Iterable[str]) -> Iterator[InboxItem]:
    remaining = iter(keys)
    while batch := list(islice(remaining, _LOOKUP_CHUNK_SIZE)):
        stored = [mail for key in batch if (mail := maildir.read_mail(key)) is not None]
        found = _messages_by_public_id(user, [_get_notification_id(mail) for mail in stored])
        for mail in stored:
            told = found.get(_get_notification_id(mail))
            if told is not None:
                yield InboxItem(mail, *told)


def _messages_by_public_id(user: User, public_ids: list[UUID]) -> dict[UUID, tuple[str, int, int]]:
    """Title, site and patient of the messages and lay summaries at the user's sites. Two queries."""
    rows = Notification.objects.filter(public_id__in=public_ids, recall__site__in=user.site_ids)
    summaries = LaySummary.objects.filter(public_id__in=public_ids, site__in=user.site_ids).select_related("exam")
    messages = rows.select_related("recall")
    return {row.public_id: (row.get_kind_display(), row.recall.site_id, row.patient_id) for row in messages} | {
        row.public_id: (str(LaySummary._meta.verbose_name), row.site_id, row.exam.patient_id) for row in summaries
    }


def _get_notification_id(mail: StoredMail) -> UUID:
    """The notification's public id; the nil UUID, which no row has, where the header is missing or invalid."""
    try:
        return UUID(str(mail.message.get(NOTIFICATION_ID_HEADER, "")))
    except ValueError:
        return UUID(int=0)
