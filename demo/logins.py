"""How does a person sign in to the demo? One random password per installation, kept where only its owner reads it."""

import os
import secrets
from pathlib import Path

from django.conf import settings

from demo.places import STAFF

# Nothing that can be mistaken for something else when read from a screen.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def path() -> Path:
    return Path(settings.DATA_DIR) / "demo-logins.txt"


def new_password() -> str:
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(3))


def keep(password: str) -> str:
    """Write the page of logins and return it; the file is its owner's alone from the first moment."""
    page = _page(password)
    descriptor = os.open(path(), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(page)
    return page


def kept() -> str | None:
    """The page as it was written; None where there is none."""
    return path().read_text(encoding="utf-8") if path().exists() else None


def _page(password: str) -> str:
    rows = [f"  {login.username:<5} {login.role.label:<14} {' and '.join(login.sites)}" for login in STAFF]
    return "\n".join(["Sign in to the demo clinic as", *rows, f"Password for all of them: {password}", ""])
