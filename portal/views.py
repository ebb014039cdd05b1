"""What can a patient do once identified? See where they are, confirm, ask, choose, keep the date, and leave."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from patients.channels import channels_of
from portal import ics, requests, session
from portal.doors import for_patient
from portal.forms import ChoicesForm, WordsForm
from portal.requests import Ask
from portal.session import Visitor
from portal.story import Story, story_of


@for_patient
@require_safe
def page(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    return _show(request, "portal/page.html", story_of(visitor.patient, timezone.now()))


@for_patient
@require_POST
def confirm(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """ "I will be there", about the visit as the page showed it: one that was moved since is shown anew."""
    story = story_of(visitor.patient, timezone.now())
    seen, visit = (request.POST.get("visit"), request.POST.get("moved")), story.visit
    is_the_same = visit is not None and seen == (str(visit.row.pk), str(visit.row.sequence))
    if is_the_same and visit and visit.confirmed:
        return redirect("portal:page")
    if not (is_the_same and visit and visit.may_confirm and story.recall and requests.confirm(story.recall)):
        messages.info(request, _("Your visit has changed. Please look at the day and time again."))
    return redirect("portal:page")


@for_patient
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, visitor: Visitor, what: str) -> HttpResponse:
    """A request with a few words, if the patient likes; it lands with the schedulers at once, and the booking stays."""
    if what not in Ask.values:
        raise Http404
    story = story_of(visitor.patient, timezone.now())
    asked = Ask(what)
    if asked != Ask.CALL_ME and story.visit is None:
        return redirect("portal:page")
    form = WordsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        requests.ask(visitor.patient, asked, form.cleaned_data["words"])
        messages.success(request, _("Thank you. Our team has your message."))
        return redirect("portal:page")
    return _show(request, "portal/ask.html", story, form=form, asked=asked, about_visit=asked != Ask.CALL_ME)


@for_patient
@require_http_methods(["GET", "HEAD", "POST"])
def choices(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    patient = visitor.patient
    form = ChoicesForm(patient, channels_of(patient), request.POST or None)
    if request.method == "POST" and form.is_valid():
        requests.choose(patient, form.cleaned_data["language"], form.changed_consents())
        messages.success(request, _("Saved. Thank you."))
        return redirect("portal:page")
    return _show(
        request,
        "portal/choices.html",
        story_of(patient, timezone.now()),
        form=form,
        ways=form.ways(),
        no_email="email" not in form.fields,
    )


@for_patient
@require_http_methods(["GET", "HEAD", "POST"])
def not_me(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    story = story_of(visitor.patient, timezone.now())
    if request.method != "POST":
        return _show(request, "portal/not_me.html", story)
    requests.wrong_person(visitor.link)
    response = _show(request, "portal/stopped.html", story)
    session.end(response)
    return response


@for_patient
@require_safe
def calendar_file(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    story = story_of(visitor.patient, timezone.now())
    if story.visit is None:
        return redirect("portal:page")
    response = HttpResponse(ics.of_visit(story.visit.row), content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="visit.ics"'
    return response


@for_patient
@require_POST
def leave(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    response = _show(request, "portal/left.html", story_of(visitor.patient, timezone.now()))
    session.end(response)
    return response


def _show(request: HttpRequest, template: str, story: Story, **more: Any) -> HttpResponse:
    common = {"story": story, "site": story.site, "phone": story.phone, "hours": story.hours}
    return render(request, template, common | more)
