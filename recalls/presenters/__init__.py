"""How is a recall put into words? Sentences and plain values for pages, the admin and commands; no queries hidden."""

from recalls.presenters.moments import Left, Moment, left_until, moment
from recalls.presenters.why import Facts, facts_of, why_today

__all__ = ["Facts", "Left", "Moment", "facts_of", "left_until", "moment", "why_today"]
