"""Where did my recalls go? A reader's own recalls by period, with outcome, biopsy result, concordance and figures."""

from datetime import date, datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode

from clinic import calendar
from clinic.models import User
from clinic.roles import Page, Role, may_open, roles_of
from recalls import mine
from recalls.mine import Fate, Period, Position, Reader
from recalls.models import Recall
from recalls.presenters.mine import measures_of, went_rows
from recalls.views.access import DeskView, sites_by_id, staff


class MyRecalls(DeskView):
    """Her own; another reader's only for those whose role may look at every reader's."""

    page = Page.OWN_RECALLS

    def get(self, request: HttpRequest) -> HttpResponse:
        user, now = staff(request), timezone.now()
        sees_all = may_open(user, Page.EVERY_READER)
        readers = mine.readers_at(user.site_ids) if sees_all else []
        who = _chosen_reader(user, readers, request.GET.get("reader", ""))
        asked = {"period": request.GET.get("period", Period.YEAR), "show": request.GET.get("show", Fate.ALL)}
        if asked["period"] not in Period or asked["show"] not in Fate:
            raise Http404
        if sees_all and who is not None:
            asked["reader"] = str(who.pk)
        context: dict[str, Any] = {"readers": readers, "who": who, "is_hers": who == user, "is_asked": who is not None}
        if who is not None:
            context |= _went(user, who, asked, now, _place(request.GET.get("after", "")))
        return render(request, "recalls/my_recalls.html", context)


def _chosen_reader(user: User, readers: list[User], wanted: str) -> User | None:
    """Herself unless she asks for another; nobody yet for a person who reads nothing herself."""
    if wanted and wanted != str(user.pk):
        found = next((reader for reader in readers if str(reader.pk) == wanted), None)
        if found is None:
            raise Http404
        return found
    return user if Role.RADIOLOGIST in roles_of(user) else None


def _went(user: User, who: User, asked: dict[str, str], now: datetime, after: Position | None) -> dict[str, Any]:
    sites, period, fate = sites_by_id(user), Period(asked["period"]), Fate(asked["show"])
    today = calendar.local_day(next(iter(sites.values())), now) if sites else now.date()
    since, until = period.days(today)
    reader = Reader(who, user.site_ids, since, until)
    figures = mine.figures_of(reader, today)
    found = mine.page_of(reader, fate, after)
    shown = found[: mine.PAGE_SIZE]
    return {
        "since": since,
        "until": until,
        "figures": figures,
        "measures": measures_of(figures),
        "periods": [_link(choice.label, asked | {"period": choice.value}, choice == period) for choice in Period],
        "fates": [
            _link(choice.label, asked | {"show": choice.value}, choice == fate) | {"count": figures.fates[choice]}
            for choice in Fate
        ],
        "fate": fate,
        "rows": went_rows(shown, sites, now),
        "older": _link("", asked | {"after": _position(shown[-1])}, False)["url"] if len(found) > len(shown) else "",
    }


def _link(label: Any, asked: dict[str, str], is_current: bool) -> dict[str, Any]:
    return {"label": label, "url": f"?{urlencode(asked)}", "is_current": is_current}


def _position(recall: Recall) -> str:
    return f"{recall.exam.exam_date.isoformat()}~{recall.pk}"


def _place(text: str) -> Position | None:
    """The place an address names; the start of the list when it names none that can be read."""
    day, _tilde, pk = text.partition("~")
    try:
        return date.fromisoformat(day), int(pk)
    except ValueError:
        return None
