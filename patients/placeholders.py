"""Tells the numbers and addresses that stand for “none given” from those that reach somebody."""

import re

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_SAYS_NONE = _("This stands for “none given”. Ask the patient for a right one.")
_NOBODY_READS = _("Nobody reads this address. Ask the patient for their own.")
_NO_PERSON = _("This is the number of directory assistance. Ask the patient for their own.")
_MADE_UP = _("This looks made up to fill the field. Ask the patient for a right one.")

# The national number, digits alone.
_PHONES: tuple[tuple[re.Pattern[str], Promise], ...] = (
    (re.compile(r"(\d)\1+"), _MADE_UP),  # 000-000-0000
    (re.compile(r"0?12345678(90?)?|9?876543210?"), _MADE_UP),
    (re.compile(r"\d{3}(0{7}|9{7})"), _MADE_UP),  # an area code, and then nothing
    (re.compile(r"\d{3}5551212"), _NO_PERSON),  # directory assistance
)
_NO_EMAIL = r"(?:has[._-]?)?no[._-]?e?-?mail(?:[._-]?address)?|do(?:es)?[._-]?not[._-]?(?:have[._-]?)?(?:e?-?mail)?"
_DECLINED = r"(?:pt|patient)?[._-]?(?:declined|declines|refused|refuses)(?:[._-]?to[._-]?(?:give|provide))?"
_NONE = (
    rf"none(?:[._-]?(?:given|provided))?|{_NO_EMAIL}|no[._-]?address|not?[._-]?given|not[._-]?(?:provided|available)|"
    rf"unavailable|{_DECLINED}|unknown|ningun[oa]|no[._-]?tiene|(?:sin|no)[._-]?correo"
)
_FILLER = (
    rf"{_NONE}|n\.?a|no|no[._-]?one|nowhere|fake|bad(?:[._-]?e?mail)?|test(?:ing)?|asdf|qwerty|abc|xyz|123|e?mail|name|"
    r"user|a+|x+|[a-z0-9]"
)
# The whole address in small letters.
_EMAILS: tuple[tuple[re.Pattern[str], Promise], ...] = (
    (re.compile(rf"({_NONE})\d*@.*"), _SAYS_NONE),  # noemail@gmail.com
    (re.compile(rf".*@({_NONE}|na)\.[a-z.]+"), _SAYS_NONE),  # testa@none.com
    (re.compile(r"(no|do[._-]?not)[._-]?reply@.*"), _NOBODY_READS),
    # The same kind of word before and behind: “test@test.com”; “test@gmail.com” may be somebody.
    (re.compile(rf"({_FILLER})@({_FILLER})\.[a-z.]+"), _MADE_UP),
    (re.compile(r".*(?:\.invalid|@localhost)"), _MADE_UP),  # RFC 2606: no such address exists
)


def phone_placeholder_reason(national_digits: str) -> str:
    """What is wrong with a number that only fills the field, empty for any other."""
    return _first_reason(_PHONES, national_digits)


def email_placeholder_reason(address: str) -> str:
    return _first_reason(_EMAILS, address.lower())


def _first_reason(table: tuple[tuple[re.Pattern[str], Promise], ...], text: str) -> str:
    return next((str(reason) for pattern, reason in table if pattern.fullmatch(text)), "")
