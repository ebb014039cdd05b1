"""The help of the clinic that the patient's page shows where something is in the way of a visit."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import get_language

from clinic.models import Site
from patients.contact_validation import format_phone
from recalls.models import Barrier, BarrierResource, Recall
from recalls.selectors.barriers import in_language


@dataclass(frozen=True, slots=True)
class HelpText:
    """A reviewed text in the language of the page, with phone and link where the clinic names them."""

    language: str
    text: str
    phone: str
    phone_href: str
    link: str


def find_help(recalls: Iterable[Recall], site: Site) -> list[HelpText]:
    """For what still stands in the way of the patient's open recalls. One query; none without an open recall."""
    still_open = [recall.pk for recall in recalls if recall.is_open]
    if not still_open:
        return []
    kinds = Barrier.objects.unsettled().filter(recall__in=still_open).values("kind")
    rows = BarrierResource.objects.filter(site=site, in_use=True, reviewed_on__isnull=False, kind__in=kinds)
    return [
        HelpText(
            language=one.language,
            text=one.text,
            phone=format_phone(one.phone, site.country) if one.phone else "",
            phone_href=f"tel:{one.phone}" if one.phone else "",
            link=one.link,
        )
        for one in in_language(rows, get_language() or "en")
    ]
