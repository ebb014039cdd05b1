"""Limits of failed sign-ins for each name and for each address, beside the lock of a name at an address.

Guessing one name from many addresses, or many names from one, passes under that lock. A person who has signed in at an
address lately passes both limits there: an attack locks neither an office nor somebody at the usual desk.
"""

from datetime import timedelta

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from clinic.accounts.models import SecurityEvent
from clinic.accounts.security_log import address_of, name_key

PERIOD = timedelta(hours=1)
MAX_FAILURES_OF_A_NAME = 20
MAX_NAMES_AT_AN_ADDRESS = 50
KNOWN_FOR = timedelta(days=30)
Kind = SecurityEvent.Kind


def is_slowed(request: HttpRequest, name: str) -> bool:
    """Whether this name is not tried any more from this address for now, whatever the password."""
    key, address, now = name_key(name), address_of(request), timezone.now()
    failures = SecurityEvent.objects.filter(kind=Kind.SIGN_IN_FAILED, at__gte=now - PERIOD).exclude(name_key="")
    is_over = (
        _bounded(failures.filter(name_key=key), MAX_FAILURES_OF_A_NAME)
        or _bounded(failures.filter(address=address).values("name_key").distinct(), MAX_NAMES_AT_AN_ADDRESS)
    )  # fmt: skip
    if not is_over:
        return False
    known = SecurityEvent.objects.filter(name_key=key, at__gte=now - KNOWN_FOR, kind=Kind.SIGNED_IN, address=address)
    return not known.exists()


def _bounded(rows: QuerySet[SecurityEvent, object], most: int) -> bool:
    """Whether there are as many; counts no further."""
    return rows.order_by()[:most].count() >= most
