"""Ends what a person has open: every session bears the account's generation, and a new generation fits none."""

from django.db.models import F

from clinic.models import User


def end_sessions(account: User) -> None:
    """Sign the person out everywhere, at once and for good; the object itself keeps up with its row."""
    User.objects.filter(pk=account.pk).update(session_generation=F("session_generation") + 1)
    account.refresh_from_db(fields=["session_generation"])
