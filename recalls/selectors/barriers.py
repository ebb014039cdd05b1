"""Chooses the help of a site against barriers that may be said or shown, in the patient's language."""

from collections.abc import Iterable

from recalls.enums.barriers import BarrierKind
from recalls.models import BarrierResource, Recall

_FALLBACK_LANGUAGE = "en"


def resources_for(recall: Recall) -> list[BarrierResource]:
    """The reviewed help of the site in the patient's language; in English for a kind that has none. No query with the
    recall's page read by `get_recall_detail`.
    """
    return in_language(getattr(recall, "resources_of_site", ()), recall.patient.language)


def in_language(resources: Iterable[BarrierResource], language: str) -> list[BarrierResource]:
    wanted, reviewed = language.partition("-")[0], [one for one in resources if one.is_reviewed]
    found: list[BarrierResource] = []
    for kind in BarrierKind:
        of_kind = [one for one in reviewed if one.kind == kind]
        own = [one for one in of_kind if one.language == wanted]
        found += own or [one for one in of_kind if one.language == _FALLBACK_LANGUAGE]
    return found
