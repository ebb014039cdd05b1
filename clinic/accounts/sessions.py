"""Ends what a person has open: every session bears the account's generation, and a new generation fits none."""

from allauth.usersessions.models import UserSession
from django.db.models import F
from django.http import HttpRequest

from clinic.models import User


def end_sessions(account: User) -> None:
    """Sign the person out everywhere, at once and for good; the object itself keeps up with its row."""
    User.objects.filter(pk=account.pk).update(session_generation=F("session_generation") + 1)
    account.refresh_from_db(fields=["session_generation"])
    for session in UserSession.objects.filter(user=account):
        session.end()


def list_sessions(request: HttpRequest) -> list[UserSession]:
    """The person's open ones, the newest first."""
    open_ones = UserSession.objects.purge_and_list(request.user)
    return sorted(open_ones, key=lambda session: session.created_at, reverse=True)


def end_own_session(request: HttpRequest, number: int) -> None:
    for session in UserSession.objects.filter(user=request.user, pk=number):
        session.end()


def end_other_sessions(request: HttpRequest) -> None:
    """All but this one, which may have a new key since it was listed."""
    for session in UserSession.objects.filter(user=request.user).exclude(session_key=request.session.session_key):
        session.end()
    if not UserSession.objects.filter(session_key=request.session.session_key).exists():
        UserSession.objects.create_from_request(request)
