"""Makes and checks the code with which the first visitor of an empty installation makes the first account."""

import secrets

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction

from clinic.models import User
from site_setup.models import SetupCode

MAX_WRONG_TRIES = 10
# Nothing that can be mistaken for something else when read from a screen.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def is_installation_empty() -> bool:
    """Whether nobody can sign in yet."""
    return not User.objects.exists()


def create_code() -> str:
    """A new code; earlier ones end."""
    code = "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(3))
    with transaction.atomic():
        SetupCode.objects.all().delete()
        SetupCode.objects.create(code_hash=make_password(code))
    return code


def is_code_right(typed: str) -> bool:
    """Whether this is the code; a wrong one is counted, and after ten of them the code is worth nothing."""
    stored = SetupCode.objects.select_for_update().filter(wrong_tries__lt=MAX_WRONG_TRIES).first()
    if stored is None:
        return False
    if check_password("".join(typed.lower().split()), stored.code_hash):
        return True
    stored.wrong_tries += 1
    stored.save(update_fields=["wrong_tries"])
    return False


def end_code() -> None:
    SetupCode.objects.all().delete()
