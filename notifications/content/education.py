"""The texts of the series about breast health, in the order in which they are sent; each is an explainer."""

from typing import Final

from clinic.models import Site
from notifications.content import loader

LESSONS: Final = ("your_normal", "call_backs", "dense_tissue", "get_ready", "earlier_pictures", "good_care")


def lesson_number(occasion: str) -> int:
    """The number of the text, from 1 on, that a message carries; the first for a message that names none."""
    last = occasion.rpartition("-")[2]
    return int(last) if last.isdecimal() and 1 <= int(last) <= len(LESSONS) else 1


def lesson_markdown(number: int, language: str, site: Site) -> str:
    """Its title in bold and its whole text. Raises NotReviewed where the site may not send it."""
    if not may_send_lesson(number, language, site):
        raise loader.NotReviewed(f"{_explainer_name(number)} in {language}")
    return draft_lesson(number, language, site)


def draft_lesson(number: int, language: str, site: Site) -> str:
    """The same whether or not anybody has reviewed it, for previews."""
    return loader.whole_explainer(_explainer_name(number), language, site)


def may_send_lesson(number: int, language: str, site: Site) -> bool:
    """Unlike an explainer within another message it is not covered by the message's review: it needs its own."""
    return loader.may_send_explainer(_explainer_name(number), language, site)


def _explainer_name(number: int) -> str:
    return f"education/{LESSONS[number - 1]}"
