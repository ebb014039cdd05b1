"""Page of a reader's own recalls by period, with their outcomes."""

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode

from clinic import calendar
from clinic.models import User
from clinic.roles import Page, Role, can_open_page, get_roles
from desk.keyset import format_cursor, parse_cursor
from desk.views import DeskView, current_user, sites_by_id
from recalls.models import Recall
from recalls.presenters.reader_outcomes import build_reader_outcome_rows
from recalls.selectors import reader_outcomes
from recalls.selectors.reader_outcomes import FollowUpResult, ReaderOutcomeCursor, ReaderScope, ReviewPeriod


class MyRecallsView(DeskView):
    """The user's own; another reader's only for those whose role may look at every reader's."""

    page = Page.MY_RECALLS

    def get(self, request: HttpRequest) -> HttpResponse:
        user, now = current_user(request), timezone.now()
        sees_all = can_open_page(user, Page.ALL_READERS)
        readers = reader_outcomes.readers_at(user.site_ids) if sees_all else []
        who = _selected_reader(user, readers, request.GET.get("reader", ""))
        asked = {
            "period": request.GET.get("period", ReviewPeriod.YEAR),
            "show": request.GET.get("show", FollowUpResult.ALL),
        }
        if asked["period"] not in ReviewPeriod or asked["show"] not in FollowUpResult:
            raise Http404
        if sees_all and who is not None:
            asked["reader"] = str(who.pk)
        context: dict[str, Any] = {
            "readers": readers,
            "selected_reader": who,
            "is_own": who == user,
            "has_reader": who is not None,
        }
        if who is not None:
            context |= _reader_outcome_context(
                user, who, asked, now, parse_cursor(ReaderOutcomeCursor, request.GET.get("after", ""))
            )
        return render(request, "recalls/my_recalls.html", context)


def _selected_reader(user: User, readers: list[User], wanted: str) -> User | None:
    """The user unless they ask for another; nobody yet for a person who reads nothing."""
    if wanted and wanted != str(user.pk):
        found = next((reader for reader in readers if str(reader.pk) == wanted), None)
        if found is None:
            raise Http404
        return found
    return user if Role.RADIOLOGIST in get_roles(user) else None


def _reader_outcome_context(
    user: User, who: User, asked: dict[str, str], now: datetime, after: ReaderOutcomeCursor | None
) -> dict[str, Any]:
    sites, period, fate = sites_by_id(user), ReviewPeriod(asked["period"]), FollowUpResult(asked["show"])
    today = calendar.local_day(next(iter(sites.values())), now) if sites else calendar.earliest_today()
    since, until = period.date_range(today)
    reader = ReaderScope(who, user.site_ids, since, until)
    figures = reader_outcomes.compute_reader_figures(reader)
    found = reader_outcomes.list_reader_recalls(reader, fate, after)
    shown = found[: reader_outcomes.PAGE_SIZE]
    return {
        "since": since,
        "until": until,
        "figures": figures,
        "periods": [
            _choice_link(choice.label, asked | {"period": choice.value}, choice == period) for choice in ReviewPeriod
        ],
        "result_links": [
            _choice_link(choice.label, asked | {"show": choice.value}, choice == fate)
            | {"count": figures.results[choice]}
            for choice in FollowUpResult
        ],
        "selected_result": fate,
        "rows": build_reader_outcome_rows(shown, sites, now),
        "next_page_url": _next_page_url(shown[-1], asked) if len(found) > len(shown) else "",
    }


def _choice_link(label: Any, asked: dict[str, str], is_current: bool) -> dict[str, Any]:
    return {"label": label, "url": f"?{urlencode(asked)}", "is_current": is_current}


def _next_page_url(last: Recall, asked: dict[str, str]) -> str:
    after = format_cursor(ReaderOutcomeCursor(last.exam.exam_date, last.pk))
    return f"?{urlencode(asked | {'after': after})}"
