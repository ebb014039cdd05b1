"""Keeps what a person typed when their session ended before they saved, and shows it to the same person again.

A form that may be kept says in a signed field who typed it. Sent without a session, or from a tab that is older than
the last sign-in, its fields wait here for `KEEP_FOR`; the browser gets a token. They end once the form is saved, when
another person signs in there, and when their typist signs out or has no account any more.
"""

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.models import User
from desk.models import KeptForm

KEEP_FOR = timedelta(minutes=30)
TYPIST_FIELD = "typed_by"
DISCARD_FIELD = "discard_kept_form"  # sent by whoever throws away what waits for them
_SALT = "desk.kept_forms"
_MAX_FORM_AGE = timedelta(days=1)
_NOT_KEPT = frozenset({"csrfmiddlewaretoken", TYPIST_FIELD})
_NEVER_KEPT = "password"  # fields with this in their names
_ASKED_FOR = "asked_for_kept_form"


def sign_typist(user: User) -> str:
    """The value of the hidden field that says who types."""
    return signing.dumps(user.pk, salt=_SALT)


def cookie_name() -> str:
    """With the __Host- prefix browsers insist on HTTPS and on this very host; plain HTTP on one machine has neither."""
    return "__Host-kept-form" if settings.SESSION_COOKIE_SECURE else "kept-form"


def read_typist(request: HttpRequest) -> User | None:
    """Who typed the form that was sent; None when it does not say so, or the account is closed."""
    try:
        pk = signing.loads(request.POST.get(TYPIST_FIELD, ""), salt=_SALT, max_age=_MAX_FORM_AGE)
    except signing.BadSignature:
        return None
    return User.objects.filter(pk=pk, is_active=True).first()


def keep_form(request: HttpRequest, typist: User, response: HttpResponse) -> None:
    """Keep the fields that were sent; `response` takes the token to the browser."""
    delete_expired()
    token = secrets.token_urlsafe()
    fields = {name: values for name, values in request.POST.lists() if _may_be_kept(name)}
    query = request.META.get("QUERY_STRING", "")
    KeptForm.objects.create(token_hash=_hash(token), user=typist, path=request.path, query=query, fields=fields)
    response.set_cookie(
        cookie_name(),
        token,
        max_age=KEEP_FOR,
        secure=bool(settings.SESSION_COOKIE_SECURE),
        httponly=True,
        samesite="Strict",
    )


def get_kept_form(request: HttpRequest) -> QueryDict | None:
    """What the signed-in person had typed into the form of this very page; None when nothing waits for them.

    A view that asks shows it itself; where none asks, `find_unshown_form` finds it.
    """
    setattr(request, _ASKED_FOR, True)
    kept = _in_browser(request)
    if kept is None or kept.user_id != request.user.pk or kept.path != request.path:
        return None
    fields = QueryDict(mutable=True)
    for name, values in kept.fields.items():
        fields.setlist(name, values)
    return fields


def find_unshown_form(request: HttpRequest) -> list[tuple[str, str]] | None:
    """The fields that wait for the person at this very address; None where the view has shown them itself."""
    if hasattr(request, _ASKED_FOR):
        return None
    kept = _in_browser(request)
    query = request.META.get("QUERY_STRING", "")
    if kept is None or kept.user_id != request.user.pk or (kept.path, kept.query) != (request.path, query):
        return None
    return [(name, value) for name, values in kept.fields.items() for value in values]


def restore_kept_form(request: HttpRequest) -> QueryDict | None:
    """The same, with the message that nothing was saved yet."""
    kept = get_kept_form(request)
    if kept is not None:
        messages.warning(request, _("You were signed out; nothing was saved yet. Your text is below."))
    return kept


def discard_kept_form(request: HttpRequest) -> None:
    """The form was sent again. No query in a browser without a kept form."""
    kept = _in_browser(request)
    if kept is not None and kept.path == request.path:
        kept.delete()


def discard_forms_of_others(request: HttpRequest, user: User, **_signal: Any) -> None:
    """Receiver of user_logged_in: on a shared screen nobody sees what another person typed."""
    kept = _in_browser(request)
    if kept is not None and kept.user_id != user.pk:
        kept.delete()


def discard_own_forms(request: HttpRequest, user: User | None, **_signal: Any) -> None:
    """Receiver of user_logged_out: whoever signs out by the button leaves nothing behind, in any browser.

    A session that ended by time is no reason: what is sent after it is what is kept.
    """
    match = request.resolver_match
    if user is not None and match is not None and match.url_name == "sign_out":
        KeptForm.objects.filter(user=user).delete()


def delete_expired() -> int:
    """Remove what nobody came back for or can come back for; the number of forms."""
    is_over = Q(kept_at__lt=timezone.now() - KEEP_FOR) | Q(user__is_active=False)
    count, _rows = KeptForm.objects.filter(is_over).delete()
    return count


def _may_be_kept(name: str) -> bool:
    return name not in _NOT_KEPT and _NEVER_KEPT not in name.lower()


def _in_browser(request: HttpRequest) -> KeptForm | None:
    token = request.COOKIES.get(cookie_name())
    if not token:
        return None
    return KeptForm.objects.filter(token_hash=_hash(token), kept_at__gte=timezone.now() - KEEP_FOR).first()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
