"""One-time links by which a person chooses the own password: nobody else ever does."""

import smtplib

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import send_mail
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _

from clinic.models import User


def make_link(account: User) -> str:
    """An address that works once; it is stored nowhere."""
    uid = urlsafe_base64_encode(force_bytes(account.pk))
    path = reverse("invitation", args=[uid, default_token_generator.make_token(account)])
    return f"{settings.PUBLIC_URL}{path}"


def mail_link(account: User, link: str) -> bool:
    """Whether the mail server took it."""
    days = settings.PASSWORD_RESET_TIMEOUT // (24 * 60 * 60)
    words = _(
        "You have an account at Recall Desk. Your user name is %(username)s. Choose your password here within "
        "%(days)d days:\n\n%(link)s\n"
    ) % {"username": account.username, "days": days, "link": link}
    return _send(account, words)


def mail_forgotten_link(account: User, token: str) -> bool:
    """For somebody who asked for it; the words are for whoever did not, too."""
    uid = urlsafe_base64_encode(force_bytes(account.pk))
    link = f"{settings.PUBLIC_URL}{reverse('forgotten_password_choose', args=[uid, token])}"
    words = _(
        "Somebody asked for a new password at Recall Desk for your user name %(username)s. If it was you, choose one "
        "here within an hour:\n\n%(link)s\n\nIf it was not you, do nothing: your password stays as it is."
    ) % {"username": account.username, "link": link}
    return _send(account, words)


def _send(account: User, words: str) -> bool:
    try:
        send_mail(_("Your account at Recall Desk"), words, None, [account.email])
    except (OSError, smtplib.SMTPException):
        return False
    return True
