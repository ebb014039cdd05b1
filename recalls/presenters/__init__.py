"""How is a recall put into words? Sentences and plain values for pages, the admin and commands; no queries hidden."""

from recalls.presenters.moments import Left, Moment, left_until, moment
from recalls.presenters.page import head_of, ladder_of, reason_of, standing_of
from recalls.presenters.rows import Row, empty_words, language_name, rows_of
from recalls.presenters.steps import Button, Offer, button_of, offer_of
from recalls.presenters.story import Line, story_of
from recalls.presenters.why import Facts, facts_of, why_today

__all__ = [
    "Button",
    "Facts",
    "Left",
    "Line",
    "Moment",
    "Offer",
    "Row",
    "button_of",
    "empty_words",
    "facts_of",
    "head_of",
    "ladder_of",
    "language_name",
    "left_until",
    "moment",
    "offer_of",
    "reason_of",
    "rows_of",
    "standing_of",
    "story_of",
    "why_today",
]
