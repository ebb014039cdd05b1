"""Pushes an alert to the operator by mail and to a chat program by webhook; nothing in it concerns a patient."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from smtplib import SMTPException

import urllib3
from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from reports.watch.told import AlertBook

_WEBHOOK_TIMEOUT = urllib3.Timeout(connect=5, read=10)


class NotTaken(Exception):
    """A receiver did not take the message; the argument names the error and never the address."""


@dataclass(frozen=True, slots=True)
class Receiver:
    name: str
    push: Callable[[str, Sequence[str]], None]
    book: AlertBook = field(default_factory=AlertBook)


def iter_receivers() -> Iterator[Receiver]:
    """Those that the environment names."""
    if settings.ALERT_EMAIL:
        yield Receiver("mail", push_mail)
    if settings.ALERT_WEBHOOK_URL:
        yield Receiver("webhook", push_webhook)


def push_mail(subject: str, lines: Sequence[str]) -> None:
    """One message to ALERT_EMAIL; over ALERT_EMAIL_URL if set, for the usual mail server may be what is down."""
    server = get_connection(**settings.ALERT_EMAIL_SERVER)
    mail = EmailMessage(subject, "\n".join(lines), settings.SERVER_EMAIL, settings.ALERT_EMAIL, connection=server)
    try:
        mail.send()
    except (OSError, SMTPException) as error:
        raise NotTaken(type(error).__name__) from None


def push_webhook(subject: str, lines: Sequence[str]) -> None:
    """{"text": ...}, as chat programs take it, to ALERT_WEBHOOK_URL; a redirect is not followed."""
    try:
        answer = urllib3.request(
            "POST", settings.ALERT_WEBHOOK_URL, json={"text": "\n".join([subject, *lines])},
            timeout=_WEBHOOK_TIMEOUT, retries=False, redirect=False,
        )  # fmt: skip
    except (OSError, urllib3.exceptions.HTTPError) as error:
        raise NotTaken(type(error).__name__) from None
    if answer.status >= 300:
        raise NotTaken(str(answer.status))
