"""Forms for a code: each code counts once, and wrong ones are counted, in every web process alike."""

from datetime import timedelta

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.utils import timezone

from clinic.accounts.models import SecurityEvent
from clinic.models import User

MAX_WRONG_CODES = 10
PERIOD = timedelta(minutes=15)
WRONG_CODE = "second factor"  # the detail of a failure in the security log


class CodeOnceMixin:
    """Kept in the database: django-allauth counts in each process's own memory."""

    user: User
    authenticator: Authenticator

    def clean_code(self) -> str:
        wrong = SecurityEvent.objects.filter(
            user=self.user, kind=SecurityEvent.Kind.SIGN_IN_FAILED, detail=WRONG_CODE, at__gte=timezone.now() - PERIOD
        )
        if wrong.count() >= MAX_WRONG_CODES:
            raise get_account_adapter().validation_error("too_many_login_attempts")
        code: str = super().clean_code()  # type: ignore[misc]
        if self.authenticator.type == Authenticator.Type.TOTP and not _use_once(self.authenticator, code):
            raise get_adapter().validation_error("incorrect_code")
        return code


def _use_once(authenticator: Authenticator, code: str) -> bool:
    """Whether this is not the code that was taken last."""
    plain = "".join(code.split())
    with transaction.atomic():
        locked = Authenticator.objects.select_for_update().get(pk=authenticator.pk)
        if check_password(plain, locked.data.get("last_code", "")):
            return False
        locked.data["last_code"] = make_password(plain)
        locked.save(update_fields=["data"])
    return True


class CodeForm(CodeOnceMixin, AuthenticateForm):  # type: ignore[misc]
    pass


class CodeAgainForm(CodeOnceMixin, ReauthenticateForm):  # type: ignore[misc]
    pass
