"""What waits for a radiologist? Outcomes to record, earlier pictures to compare, verdicts and closures to sign."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic.roles import Page
from recalls import queues
from recalls.ladder import open_rungs
from recalls.models import Recall
from recalls.permissions import attempts_of_this_ladder
from recalls.presenters.readings import reading_rows, unreleased_rows
from recalls.states import State
from recalls.views.access import DeskView, sites_by_id, staff

# Each pile with the state it comes from, the step it waits for, and what it means when it is empty.
_PILES: tuple[tuple[Any, State, str, Any], ...] = (
    (_("Outcome to record"), State.AWAITING_OUTCOME, "record_outcome", _("Everybody who came has her outcome.")),
    (_("Earlier pictures to compare"), State.AWAITING_PRIORS, "need_imaging", _("No earlier pictures have come in.")),
    (_("Concordance to sign"), State.AWAITING_CONCORDANCE, "sign_concordance", _("No pathology waits for you.")),
    (_("Closures to sign"), State.TO_CONTACT, "close_lost", _("No contact ladder is complete.")),
)


class Worklist(DeskView):
    """Her piles in the order of a reading day, each oldest first, in a fixed number of queries."""

    page = Page.WORKLIST

    def get(self, request: HttpRequest) -> HttpResponse:
        user, now = staff(request), timezone.now()
        sites = sites_by_id(user)
        waiting = [row for row in queues.reading_worklist(user, now) if _is_ready(row)]
        piles = [
            {
                "title": title,
                "empty": empty,
                "rows": reading_rows([row for row in waiting if row.state == state], step, sites, now),
            }
            for title, state, step, empty in _PILES
        ]
        pending = unreleased_rows(queues.unreleased_outcomes(user), sites, now)
        return render(request, "recalls/worklist.html", {"piles": piles, "pending": pending})


def _is_ready(recall: Recall) -> bool:
    """A recall still to be contacted is here only when every rung of its ladder was tried."""
    if recall.state != State.TO_CONTACT:
        return True
    return not open_rungs(attempts_of_this_ladder(recall))
