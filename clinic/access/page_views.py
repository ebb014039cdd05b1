"""Collects whom a request shows to whom, and writes it into the access log in one statement before the page is sent.

Whoever loads a patient notes it here; on the list that the answer then holds, those who are named in it are kept.
"""

import hashlib
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from html import escape
from typing import Protocol

from django.db.models import QuerySet
from django.utils.crypto import salted_hmac

from clinic.models import AccessLog, User

_MIN_NUMBER = 3  # letters of a record number below which it may stand on any page


class Named(Protocol):
    """What is asked of a patient here."""

    pk: int
    mrn: str
    family_name: str
    given_name: str
    preferred_name: str


@dataclass(slots=True)
class PageViews:
    """What one request has loaded and recorded so far, and where it came from."""

    address: str = ""
    session: str = ""
    filter: str = ""
    loaded: dict[int, Named] = field(default_factory=dict)
    pending: list[AccessLog] = field(default_factory=list)


_current: ContextVar[PageViews | None] = ContextVar("page_views", default=None)


def begin(views: PageViews | None) -> PageViews | None:
    """Collect from here on; what was collected until now is returned, to be given back."""
    before = _current.get()
    _current.set(views)
    return before


def note_loaded(patient: Named) -> None:
    """Called for each patient that is read from the database; costs nothing outside a request."""
    views = _current.get()
    if views is not None:
        views.loaded[patient.pk] = patient


def record(user: User, page: str, patient_ids: Iterable[int], why: str = "") -> None:
    """One row for each patient; inside a request they are written together when the answer is ready, else at once."""
    views = _current.get()
    numbers = list(dict.fromkeys(patient_ids))
    rows = [build_row(user, page, views, patient_id=number, why=why) for number in numbers]
    if views is None:
        write(rows)
        return
    if len(rows) == 1 and numbers[0] in views.loaded:
        rows[0].alarm = find_alarm(user, views.loaded[numbers[0]])
    views.pending += rows


def record_subject(user: User, page: str, subject: str) -> None:
    """A row for what names a person who may be no patient here, such as a row that waits to be mended."""
    views = _current.get()
    row = build_row(user, page, views, subject=subject)
    if views is None:
        write([row])
    else:
        views.pending.append(row)


def build_row(
    user: User, page: str, views: PageViews | None, *, patient_id: int | None = None, why: str = "", subject: str = ""
) -> AccessLog:
    views = views or PageViews()
    return AccessLog(
        user=user,
        page=page[:60],
        patient_id=patient_id,
        subject=subject[:60],
        why=why[:300],
        sites=",".join(str(pk) for pk in sorted(user.site_ids))[:200],
        address=views.address or None,
        session=views.session,
        filter=views.filter,
        alarm="",
    )


def write(rows: list[AccessLog]) -> None:
    """One statement."""
    if len(rows) == 1:
        rows[0].save(force_insert=True)
    elif rows:
        AccessLog.objects.bulk_create(rows)


def find_named(views: PageViews, text: str) -> list[int]:
    """Of the patients whom the request loaded and nobody recorded, those whose name or number stands in the text."""
    recorded = {row.patient_id for row in views.pending}
    return [number for number, one in views.loaded.items() if number not in recorded and _is_named(one, text)]


def _is_named(patient: Named, text: str) -> bool:
    # A name that was not asked of the database is on no page.
    known = patient.__dict__
    words = (known.get("family_name", ""), known.get("given_name", ""))
    number = known.get("mrn", "")
    return any(word and escape(word) in text for word in words) or (len(number) >= _MIN_NUMBER and number in text)


def find_alarm(user: User, patient: Named) -> str:
    """Whether somebody opens what may be their own record, or one of their family; "" for all others."""
    known, family = patient.__dict__, user.last_name.strip().casefold()
    if not family or known.get("family_name", "").strip().casefold() != family:
        return ""
    given = {known.get(name, "").strip().casefold() for name in ("given_name", "preferred_name")}
    is_own = user.first_name.strip().casefold() in given
    return AccessLog.Alarm.OWN_RECORD if is_own else AccessLog.Alarm.SAME_SURNAME


def digest_session(key: str | None) -> str:
    """Tells one session from another, and opens none."""
    return hashlib.sha256(key.encode()).hexdigest()[:16] if key else ""


def digest_filter(words: str) -> str:
    """The same for the same search; what was searched cannot be guessed from it without the secret key."""
    return salted_hmac("access log filter", words, algorithm="sha256").hexdigest()[:16] if words else ""


def views_of_patients(patient_ids: Iterable[int]) -> QuerySet[AccessLog]:
    """Every row that shows one of these patients, by itself or in a list."""
    return AccessLog.objects.showing(list(patient_ids))
