"""Page of the navigator's list: their own cases, and for whom a navigator was shown to make a difference."""

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.access import page_views
from clinic.models import User
from clinic.roles import Page, Role, get_roles
from desk.keyset import format_cursor, parse_cursor
from desk.saved_note import store_saved_note
from desk.views import DeskView, current_user, sites_by_id
from recalls import actions
from recalls.enums.barriers import CaseEnd, CaseReason
from recalls.forms.barriers.case_forms import USUAL_MINUTES
from recalls.models import MOST_MINUTES, Recall
from recalls.permissions import StepRefused
from recalls.presenters.barriers.navigator_rows import build_case_rows
from recalls.selectors.navigator_list import NavigatorCursor, get_open_cases, get_waiting, limits_by_site

_MAX_DIGITS = 9


class NavigatorListView(DeskView):
    """The own cases first; below them one reason at a time. Looking takes nothing."""

    page = Page.NAVIGATION

    def get(self, request: HttpRequest) -> HttpResponse:
        user, now = current_user(request), timezone.now()
        why = _reason(request.GET.get("why", ""))
        sites = sites_by_id(user)
        own = get_open_cases(user, sites.values())
        waiting, following = get_waiting(
            sites.values(), why, now, parse_cursor(NavigatorCursor, request.GET.get("after", ""))
        )
        page_views.record(user, "navigator's list", dict.fromkeys(row.patient_id for row in [*own.recalls, *waiting]))
        context: dict[str, Any] = {
            "own": build_case_rows(own.recalls, sites, now, user, own.cases, own.minutes),
            "waiting": build_case_rows(waiting, sites, now, user),
            "tabs": [(reason, f"?why={reason.value}", reason == why) for reason in CaseReason],
            "why": why.value,
            "limits": [(sites[pk].name, most) for pk, most in limits_by_site(sites.values()).items()],
            "is_navigator": Role.NAVIGATOR in get_roles(user),
            "usual_minutes": USUAL_MINUTES,
            "most_minutes": MOST_MINUTES,
            "next_page_url": f"?why={why.value}&after={format_cursor(following)}" if following else "",
            "key": str(uuid4()),
        }
        return render(request, "recalls/navigator_list.html", context)


class NavigatorCaseView(DeskView):
    """Takes a case, adds minutes, ends it or gives it back, by one button of the list; the same form acts once."""

    page = Page.NAVIGATION

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = current_user(request)
        recall = Recall.objects.for_user(user).filter(pk=pk).select_related("site", "patient", "exam").first()
        if recall is None:
            raise Http404
        try:
            said = _act(request, recall, user)
        except StepRefused as refusal:
            messages.error(request, str(refusal))
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            messages.success(request, said, extra_tags=store_saved_note(request, recall.patient_id))
        return redirect(f"{reverse('navigator_list')}?why={_reason(request.POST.get('why', '')).value}")


def _act(request: HttpRequest, recall: Recall, user: User) -> str:
    wanted, typed = request.POST.get("do", ""), request.POST.get("other", "").strip() or request.POST.get("minutes", "")
    # All buttons of a page share its key: on a page that was gone back to, another button is another step.
    key = f"{wanted[:10]}{typed[:_MAX_DIGITS]}-{request.POST['key']}"[:36] if request.POST.get("key") else None
    kwargs = actions.ActionKwargs(by=user, key=key)
    if wanted == "take":
        actions.take_case(recall, **kwargs)
        return _("The case is yours.")
    if wanted == "minutes":
        minutes = int(typed) if typed.isdecimal() and len(typed) <= _MAX_DIGITS else 0
        actions.log_case_minutes(recall, minutes, **kwargs)
        return _("%(count)d minutes are noted.") % {"count": minutes}
    if wanted in CaseEnd.values:
        actions.end_case(recall, CaseEnd(wanted), **kwargs)
        return _("The case is done.") if wanted == CaseEnd.DONE else _("The case is given back.")
    raise Http404


def _reason(text: str) -> CaseReason:
    """404 for an unknown one."""
    if not text:
        return CaseReason.BARRIER
    if text not in CaseReason.values:
        raise Http404
    return CaseReason(text)
