"""Pages that try the mail with a test message and that sign the review of the texts."""

import smtplib
from typing import Any

from django import forms
from django.contrib import messages
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from desk.views import current_user
from notifications.delivery.failures import classify_delivery_error
from notifications.enums import AttemptResult
from site_setup.checklist import mail_stays_here
from site_setup.models import MailTest, TextsReview
from site_setup.views.base import SetupView

_ANSWER_LENGTH = 400  # characters


class MailTestForm(forms.Form):
    to = forms.EmailField(label=gettext_lazy("Send the test message to"))


class MailView(SetupView):
    """Sends one message now and says in words what the mail server answered."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(request, MailTestForm(initial={"to": current_user(request).email}))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = MailTestForm(request.POST)
        if not form.is_valid():
            return self._show(request, form)
        answer = _send_test_message(form.cleaned_data["to"])
        MailTest.objects.create(user=current_user(request), was_accepted=not answer, answer=answer[:_ANSWER_LENGTH])
        return redirect("setup_mail")

    def _show(self, request: HttpRequest, form: MailTestForm) -> HttpResponse:
        context: dict[str, Any] = {
            "form": form,
            "last": MailTest.objects.select_related("user").first(),
            "stays_here": mail_stays_here(),
        }
        return render(request, "site_setup/mail.html", context)


def _send_test_message(to: str) -> str:
    """Empty when the server took it, else what went wrong in plain words."""
    words = _("This is a test message of Recall Desk. If you read it, mail from here reaches you.")
    try:
        send_mail(_("Test message of Recall Desk"), words, None, [to])
    except (OSError, smtplib.SMTPException) as error:
        return _explain(error)
    return ""


def _explain(error: Exception) -> str:
    failure = classify_delivery_error(error)
    server = f" {_('The server said:')} {failure.code} {failure.detail}".rstrip() if failure.code else ""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return _("The mail server did not accept user and password. Check EMAIL_URL.") + server
    if isinstance(error, smtplib.SMTPSenderRefused):
        return _("The mail server does not let this sender send. Check DEFAULT_FROM_EMAIL.") + server
    if isinstance(error, OSError) and not isinstance(error, smtplib.SMTPException):
        return _("The mail server could not be reached. Check host and port in EMAIL_URL, and the firewall.")
    if failure.result == AttemptResult.TRANSIENT:
        return _("The mail server asks to try again later.") + server
    return _("The mail server refused the message.") + server


class TextsView(SetupView):
    """Leads to the texts; who has read them says so here."""

    def get(self, request: HttpRequest) -> HttpResponse:
        reviews = TextsReview.objects.select_related("user")[:10]
        return render(request, "site_setup/texts.html", {"reviews": reviews})

    def post(self, request: HttpRequest) -> HttpResponse:
        if request.POST.get("read") != "on":
            messages.error(request, _("Check the box: the review is signed with your name."))
            return redirect("setup_texts")
        TextsReview.objects.create(user=current_user(request))
        messages.success(request, _("The review is signed."))
        return redirect("setup")
