"""Encrypts what a session holds, so that a name typed into a search stands in no table in clear."""

from base64 import urlsafe_b64encode
from functools import cache
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.signing import JSONSerializer
from django.utils.crypto import salted_hmac


class EncryptedSerializer:
    """Django's own form of a session, encrypted with a key that SECRET_KEY gives and the database does not hold.

    What cannot be decrypted is an empty session: its person signs in again.
    """

    def dumps(self, values: Any) -> bytes:
        return _cipher(settings.SECRET_KEY).encrypt(JSONSerializer().dumps(values))

    def loads(self, data: bytes) -> Any:
        return JSONSerializer().loads(_cipher(settings.SECRET_KEY).decrypt(data))


@cache
def _cipher(secret_key: str) -> Fernet:
    key = salted_hmac("desk.encrypted_sessions", "", secret=secret_key, algorithm="sha256").digest()
    return Fernet(urlsafe_b64encode(key))
