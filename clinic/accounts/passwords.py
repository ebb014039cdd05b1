"""A password must be hard to guess for somebody who knows the clinic: judged offline by zxcvbn.

Its lists hold passwords of past breaches, names and words; the names of the sites, of the product and of the person are
given to it as words that a guesser tries first.
"""

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from zxcvbn import zxcvbn

from clinic.models import Site, User

LEAST_SCORE = 3  # of 4: "safely unguessable", 10^8 guesses and more
_MAX_JUDGED = 72  # characters; zxcvbn refuses longer ones, and so many are enough
_WORDS = (
    "recall", "desk", "recalldesk", "mammo", "mammogram", "mammography", "breast", "screening", "biopsy", "radiology",
    "radiologist", "scheduler", "navigator", "manager", "administrator", "clinic", "hospital", "imaging", "patient",
    "birads", "tomo", "women", "health", "center", "medical",
)  # fmt: skip


class GuessedPasswordValidator:
    """One of AUTH_PASSWORD_VALIDATORS."""

    def validate(self, password: str, user: Any = None) -> None:
        result = zxcvbn(password[:_MAX_JUDGED], user_inputs=_words_of_the_clinic(user))
        if result["score"] < LEAST_SCORE or _is_mostly_known(password, user):
            raise ValidationError(
                _(
                    "This is quickly guessed: it is a known password, or made of names and words of this clinic, a "
                    "year or a pattern. Take four words that have nothing to do with each other."
                ),
                code="password_guessed",
            )

    def get_help_text(self) -> str:
        return _("No names or words of this clinic, no known password: four unrelated words are good.")


def _words_of_the_clinic(user: Any) -> list[str]:
    told = " ".join(" ".join(pair) for pair in Site.objects.values_list("name", "code"))
    own = f"{user.username} {user.first_name} {user.last_name} {user.email}" if isinstance(user, User) else ""
    words = re.findall(r"[^\W\d_]{3,}", f"{told} {own}".lower())
    return [*_WORDS, *words]


def _is_mostly_known(password: str, user: Any) -> bool:
    """Whether fewer than eight letters are left without those words: zxcvbn knows them, but counts their order."""
    left = re.sub(r"[\W\d_]+", "", password.lower())
    if not left:
        return False
    for word in sorted(set(_words_of_the_clinic(user)), key=len, reverse=True):
        left = left.replace(word, "")
    return len(left) < 8 and len(left) < len(re.sub(r"[\W\d_]+", "", password))
