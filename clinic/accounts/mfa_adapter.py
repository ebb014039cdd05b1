"""How second factors are kept: secrets encrypted, and the last one not removed where it is required."""

import base64

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.encoding import force_bytes
from django.utils.translation import gettext_lazy as _

from clinic.accounts.second_factor import is_required_of


class StaffMFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """The database alone is not enough to make somebody's codes: the key stands in the settings."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "cannot_delete_authenticator": _("Your role requires a second factor: add another one first."),
        "incorrect_code": _("This code is wrong, was used before, or is too old. Wait for the next one."),
    }

    def encrypt(self, text: str) -> str:
        return _fernet().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _fernet().decrypt(encrypted_text.encode()).decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        others = Authenticator.objects.filter(user=authenticator.user).exclude(pk=authenticator.pk)
        has_other = others.exclude(type=Authenticator.Type.RECOVERY_CODES).exists()
        return bool(has_other or not is_required_of(authenticator.user))


def _fernet() -> MultiFernet:
    """Of the present key first; what an earlier key encrypted is still read while it stands in SECRET_KEY_FALLBACKS."""
    return MultiFernet([_key_from(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key_from(secret: str | bytes) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"clinic.second_factor").derive(force_bytes(secret))
    return Fernet(base64.urlsafe_b64encode(derived))
