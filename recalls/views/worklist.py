"""What waits for a radiologist? Outcomes to record, earlier pictures to compare, verdicts and closures to sign."""

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from clinic.roles import Page
from recalls import reading
from recalls.models.querysets import Position
from recalls.presenters.readings import reading_rows, unreleased_rows
from recalls.states import State
from recalls.views.access import DeskView, sites_by_id, staff

# What each pile is called, and what it means when it is empty.
_TITLES: dict[State, tuple[Any, Any]] = {
    State.AWAITING_OUTCOME: (_("Outcome to record"), _("Everybody who came has her outcome.")),
    State.AWAITING_PRIORS: (_("Earlier pictures to compare"), _("No earlier pictures have come in.")),
    State.AWAITING_CONCORDANCE: (_("Concordance to sign"), _("No pathology waits for you.")),
    State.TO_CONTACT: (_("Closures to sign"), _("No contact ladder is complete.")),
}


class Worklist(DeskView):
    """Her piles in the order of a reading day, each oldest first, in a fixed number of queries."""

    page = Page.WORKLIST

    def get(self, request: HttpRequest) -> HttpResponse:
        user, now = staff(request), timezone.now()
        sites, states = sites_by_id(user), _wanted(request.GET.get("pile", ""))
        after = _place(request.GET.get("after", ""))
        piles = [
            {
                "title": _TITLES[pile.state][0],
                "empty": _TITLES[pile.state][1],
                "rows": reading_rows(pile.recalls, sites, now),
                "has_more": pile.has_more,
                "older": _older(pile) if pile.has_more else "",
            }
            for pile in reading.piles(sites, now, states, after)
        ]
        is_whole = len(states) > 1
        pending = unreleased_rows(reading.unreleased_outcomes(user), sites, now) if is_whole else []
        first = next((row for pile in piles for row in pile["rows"]), None)
        context = {"piles": piles, "pending": pending, "first": first, "is_whole": is_whole}
        return render(request, "recalls/worklist.html", context)


def _wanted(pile: str) -> tuple[State, ...]:
    """The pile an address names, else all of them."""
    if not pile:
        return reading.PILES
    if pile not in reading.PILES:
        raise Http404
    return (State(pile),)


def _place(text: str) -> Position | None:
    """The place an address names; the start of the list when it names none that can be read."""
    since, _tilde, pk = text.partition("~")
    try:
        return datetime.fromisoformat(since), int(pk)
    except ValueError:
        return None


def _older(pile: reading.Pile) -> str:
    last = pile.recalls[-1]
    since = last.to_read_at.isoformat() if last.to_read_at else ""
    return f"?{urlencode({'pile': pile.state.value, 'after': f'{since}~{last.pk}'})}"
