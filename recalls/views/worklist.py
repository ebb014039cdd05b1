"""Page of the radiologist's worklist."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from clinic.roles import Page
from desk.keyset import format_cursor, parse_cursor
from desk.views import DeskView, current_user, sites_by_id
from recalls.enums import State
from recalls.presenters.worklist_rows import build_signature_rows, build_task_rows, build_worklist_rows
from recalls.selectors import reading_worklist
from recalls.selectors.reading_worklist import WorklistCursor
from recalls.signals import worklist_warnings_wanted

# What each pile is called, and what it means when it is empty.
_SECTION_TEXTS: dict[State, tuple[Any, Any]] = {
    State.AWAITING_OUTCOME: (_("Outcome to record"), _("Everybody who came has an outcome.")),
    State.AWAITING_PRIORS: (_("Prior images to compare"), _("No prior images have come in.")),
    State.AWAITING_CONCORDANCE: (_("Concordance to sign"), _("No pathology waits for you.")),
    State.RESULT_TO_TELL: (_("Results to tell"), _("Every result has been told.")),
    State.TO_CONTACT: (_("Closures to sign"), _("No contact ladder is complete.")),
    State.BIOPSY_TO_BOOK: (_("Closures to sign, biopsy not booked"), _("No contact ladder is complete.")),
}


class WorklistView(DeskView):
    """The reader's piles in the order of a reading day, each oldest first, in a fixed number of queries."""

    page = Page.WORKLIST

    def get(self, request: HttpRequest) -> HttpResponse:
        user, now = current_user(request), timezone.now()
        sites, states = sites_by_id(user), _requested_states(request.GET.get("pile", ""))
        after = parse_cursor(WorklistCursor, request.GET.get("after", ""))
        piles = [
            {
                "title": _SECTION_TEXTS[pile.state][0],
                "empty": _SECTION_TEXTS[pile.state][1],
                "rows": build_worklist_rows(pile.recalls, sites, now),
                "has_more": pile.has_more,
                "next_page_url": _next_page_url(pile) if pile.has_more else "",
            }
            for pile in reading_worklist.get_worklist_sections(sites, now, states, after)
        ]
        is_whole = len(states) > 1
        first = next((row for pile in piles for row in pile["rows"]), None)
        context = {"sections": piles, "first_row": first, "shows_all_sections": is_whole}
        if is_whole:
            requests, tasks = reading_worklist.pending_signatures(sites), reading_worklist.radiologist_tasks(sites)
            context["signatures"] = build_signature_rows(requests, sites, now)
            context["tasks"] = build_task_rows(tasks, sites, now)
            answers = worklist_warnings_wanted.send(sender=WorklistView, sites=list(sites))
            context["warnings"] = [sentence for _receiver, sentences in answers for sentence in sentences or ()]
        return render(request, "recalls/worklist.html", context)


def _requested_states(pile: str) -> tuple[State, ...]:
    """The pile an address names, else all of them."""
    if not pile:
        return reading_worklist.SECTION_STATES
    if pile not in reading_worklist.SECTION_STATES:
        raise Http404
    return (State(pile),)


def _next_page_url(pile: reading_worklist.WorklistSection) -> str:
    after = format_cursor(reading_worklist.worklist_position(pile.recalls[-1]))
    return f"?{urlencode({'pile': pile.state.value, 'after': after})}"
