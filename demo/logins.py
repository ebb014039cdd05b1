"""Makes one random demo password per installation and keeps it where only its owner can read it."""

import os
import secrets
from pathlib import Path

from django.conf import settings

from demo.seed_sites import DEMO_USERS

# Nothing that can be mistaken for something else when read from a screen.
_PASSWORD_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # noqa: S105  (an alphabet, no password)


def logins_path() -> Path:
    return Path(settings.DATA_DIR) / "demo-logins.txt"


def generate_password() -> str:
    return "-".join("".join(secrets.choice(_PASSWORD_LETTERS) for _ in range(5)) for _ in range(3))


def write_logins(password: str) -> str:
    """Write the page of logins and return it; the file is its owner's alone from the first moment."""
    page = _format_logins(password)
    descriptor = os.open(logins_path(), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(page)
    return page


def read_logins() -> str | None:
    """The page as it was written; None where there is none."""
    return logins_path().read_text(encoding="utf-8") if logins_path().exists() else None


def _format_logins(password: str) -> str:
    rows = [f"  {login.username:<5} {login.role.label:<14} {' and '.join(login.sites)}" for login in DEMO_USERS]
    return "\n".join(["Sign in to the demo clinic as", *rows, f"Password for all of them: {password}", ""])
