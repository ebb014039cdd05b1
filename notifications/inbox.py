"""What did the demo's mail bring, for one person's sites? Each message in the Maildir is known by its notification."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from clinic.models import User
from notifications import maildir
from notifications.maildir import Kept
from notifications.mime import ID_HEADER
from notifications.models import Notification

PAGE = 50
_AT_ONCE = 100  # files whose notifications are looked up together


@dataclass(frozen=True, slots=True)
class Letter:
    """A kept message and the notification that it carries."""

    kept: Kept
    notification: Notification


def letters_before(user: User, key: str) -> tuple[list[Letter], str]:
    """Up to a page of letters older than that one (the newest when empty), and the key to go on from, if any."""
    found = list(islice(_letters(user, _older_than(key)), PAGE + 1))
    return found[:PAGE], found[PAGE - 1].kept.key if len(found) > PAGE else ""


def letter(user: User, key: str) -> Letter | None:
    """One letter, None where there is none or its recall is at a site that is not hers."""
    return next(_letters(user, [key]), None)


def _older_than(key: str) -> list[str]:
    keys = maildir.keys_newest_first()
    return keys[keys.index(key) + 1 :] if key in keys else keys


def _letters(user: User, keys: Iterable[str]) -> Iterator[Letter]:
    waiting = iter(keys)
    while batch := list(islice(waiting, _AT_ONCE)):
        kept = [one for key in batch if (one := maildir.read(key)) is not None]
        rows = Notification.objects.filter(public_id__in=[_number(one) for one in kept])
        mine = rows.filter(recall__site__in=user.site_ids).select_related("recall")
        by_number = {row.public_id: row for row in mine}
        for one in kept:
            row = by_number.get(_number(one))
            if row is not None:
                yield Letter(one, row)


def _number(kept: Kept) -> UUID:
    """The notification's number; a number that no row has where the header is missing or spoilt."""
    try:
        return UUID(str(kept.message.get(ID_HEADER, "")))
    except ValueError:
        return UUID(int=0)
