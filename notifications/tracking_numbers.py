"""Tells how a carrier's tracking number is kept, shown, checked and found.

It is kept without blanks and hyphens. The numbers of the US Postal Service's labels and of the Universal Postal Union
bear a check digit, which finds most slips of the pen; of other carriers' numbers only the shape is known.
"""

import re
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from clinic.models import User
from notifications.enums import Channel
from notifications.models import BatchLetter, Notification

_SHAPE = re.compile(r"[A-Z0-9]{7,40}")
_ROUNDED = re.compile(r"\d[.,]\d+E\+?\d+")  # what a spreadsheet makes of a long number
_US_LABEL = re.compile(r"9\d{21}")
_POSTAL_UNION = re.compile(r"[A-Z]{2}(\d{8})(\d)[A-Z]{2}")
_POSTAL_UNION_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
_LETTER_NUMBER = re.compile(r"\d{1,12}")
MAX_FOUND = 20


def compact(number: str) -> str:
    return re.sub(r"[\s-]", "", number.lstrip("'")).upper()


def format_tracking_number(number: str) -> str:
    """Digits in groups of four, as labels show them."""
    return " ".join(re.findall(r".{1,4}", number)) if number.isdecimal() else number


def find_fault(number: str) -> str:
    """What is wrong with a number and what to do, or nothing."""
    if not number:
        return _("the tracking number is missing. Add it, or take the row out.")
    if _ROUNDED.fullmatch(number):
        return _("a spreadsheet has rounded the number. Make the column text there, fill it anew and save it again.")
    if not _SHAPE.fullmatch(number):
        words = _("“%(number)s” is no tracking number: it has 7 to 40 letters and digits. Compare it with the receipt.")
        return words % {"number": number[:40]}
    if not _check_digit_fits(number):
        return _("“%(number)s” is mistyped: its check digit does not fit. Compare it with the receipt.") % {
            "number": number
        }
    return ""


def _check_digit_fits(number: str) -> bool:
    if _US_LABEL.fullmatch(number):
        digits = [int(digit) for digit in reversed(number)]
        return sum(digits[0::2] + [3 * digit for digit in digits[1::2]]) % 10 == 0
    if found := _POSTAL_UNION.fullmatch(number):
        total = sum(int(digit) * weight for digit, weight in zip(found[1], _POSTAL_UNION_WEIGHTS, strict=True))
        return {10: 0, 11: 5}.get(11 - total % 11, 11 - total % 11) == int(found[2])
    return True


def with_tracking_number(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Notifications, each with `tracking_number`, empty where there is none; costs no query of its own."""
    numbers = BatchLetter.objects.filter(notification=OuterRef("pk")).exclude(tracking_number="")
    newest = Subquery(numbers.order_by("-pk").values("tracking_number")[:1])
    annotated: QuerySet[Any] = rows.annotate(tracking_number=Coalesce(newest, Value("")))
    return annotated


def find_letters(user: User, asked: str) -> list[Notification]:
    """Letters of the user's sites by their tracking number or their number in the mail house's list, at most twenty."""
    wanted = compact(asked)
    if not wanted:
        return []
    own = Notification.objects.filter(channel=Channel.LETTER, recall__site__in=user.site_ids)
    by_tracking = BatchLetter.objects.filter(tracking_number=wanted).values("notification")
    found = own.filter(pk__in=by_tracking)
    if _LETTER_NUMBER.fullmatch(wanted):
        found |= own.filter(pk=int(wanted))
    rows = with_tracking_number(found).select_related("recall", "patient", "printed_by").order_by("-pk")
    return list(rows[:MAX_FOUND])
