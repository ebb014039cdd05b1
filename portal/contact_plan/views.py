"""Views of the questions: the same on a tablet and on the patient's own page. A GET changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notifications.delivery.code_text import TextResult
from patients.contact_plan import number_codes
from patients.contact_plan.models import MayAnswer, NumberCheck
from patients.contact_plan.number_codes import CodeRefused, CodeResult
from patients.contact_validation import format_phone
from patients.models import ContactPoint
from portal.contact_plan import answers
from portal.contact_plan.forms import (
    MOBILE,
    NO_PHONE,
    CallsForm,
    NumberForm,
    PeopleForm,
    PlanForm,
    ResultForm,
    TypedCodeForm,
)
from portal.contact_plan.visit import PlanVisit, hand_back


@dataclass(frozen=True, slots=True)
class Question:
    """One page of the plan: `save` writes a valid form and leads on."""

    name: str
    title: Any
    form: type[PlanForm]
    save: Callable[[HttpRequest, PlanVisit, Any], HttpResponse]
    lead: Any = ""


def ask(request: HttpRequest, visit: PlanVisit, step: str) -> HttpResponse:
    """One question with what the record says; a POST saves the answer and leads to the next."""
    if step not in QUESTION_NAMES:
        raise Http404
    question = QUESTIONS[QUESTION_NAMES.index(step)]
    form = question.form(visit.patient, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return question.save(request, visit, form)
    return _show(request, visit, question, form)


def type_code(request: HttpRequest, visit: PlanVisit) -> HttpResponse:
    """The code that was sent; also another code, and going on without one."""
    patient, code = visit.patient, number_codes.waiting_code(visit.patient)
    if code is None or patient.do_not_call:
        return redirect(visit.url("plan", "number"))
    has_agreed = answers.sms_consent(patient) is True
    form = TypedCodeForm(has_agreed=has_agreed)
    if request.method == "POST":
        action = request.POST.get("action")
        if action == "new":
            return _send(request, visit, code.number)
        if action == "without":
            return _go_on_unverified(request, visit, code.number)
        form = TypedCodeForm(request.POST, has_agreed=has_agreed)
        if form.is_valid():
            result = answers.check_code(patient, form.cleaned_data["code"], texts=form.cleaned_data.get("texts", False))
            if result == CodeResult.CORRECT:
                messages.success(request, _("Thank you. Your number works."))
                return redirect(visit.url("plan", "calls"))
            form.add_error("code", _CODE_FAULTS[result])
            form.fields["code"].widget.attrs["aria-describedby"] = "id_code_error"
    shown = format_phone(code.number, patient.site.country)
    may_type = code.ended_at is None and code.expires_at > timezone.now()
    return visit.render(
        request, "portal/contact_plan/code.html", form=form, number=shown, may_type=may_type, position=1,
        total=len(QUESTIONS), back=visit.url("plan", "number"),
    )  # fmt: skip


_CODE_FAULTS = {
    CodeResult.WRONG: gettext_lazy("This is not the code. Please look at the text again."),
    CodeResult.TOO_MANY: gettext_lazy("The code was wrong five times, so it has ended. Please ask for a new one."),
    CodeResult.EXPIRED: gettext_lazy("This code has ended. Please ask for a new one."),
}


def _show(request: HttpRequest, visit: PlanVisit, question: Question, form: PlanForm) -> HttpResponse:
    number = QUESTION_NAMES.index(question.name)
    back = visit.url("plan", QUESTION_NAMES[number - 1]) if number else ""
    return visit.render(
        request, f"portal/contact_plan/{question.name}.html", question=question, form=form, position=number + 1,
        total=len(QUESTIONS), back=back, is_last=number + 1 == len(QUESTIONS),
    )  # fmt: skip


def _save_number(request: HttpRequest, visit: PlanVisit, form: NumberForm) -> HttpResponse:
    patient, told = visit.patient, form.cleaned_data
    answers.save_language(patient, told["language"])
    patient.language = told["language"]
    response = _leave_number(request, visit, form)
    _show_language(response, told["language"])
    return response


def _leave_number(request: HttpRequest, visit: PlanVisit, form: NumberForm) -> HttpResponse:
    """To the code where one can be sent, else on with what is known of the number."""
    patient, number, chosen = visit.patient, form.cleaned_data["phone"], form.cleaned_data.get("phone_kind", MOBILE)
    kind = ContactPoint.Kind.HOME if chosen == ContactPoint.Kind.HOME else MOBILE
    why = answers.why_no_code(patient, kind)
    if chosen == NO_PHONE:
        why = NumberCheck.NO_PHONE
    elif kind == MOBILE and answers.is_verified(patient, number):
        why = NumberCheck.CODE
    if why is None:
        return _send(request, visit, number)
    answers.save_number(patient, kind, number, why)
    return redirect(visit.url("plan", "calls"))


def _send(request: HttpRequest, visit: PlanVisit, number: str) -> HttpResponse:
    """Send a code and ask for it. Where none can leave now, the number is kept as not verified and is called."""
    try:
        result = answers.send_new_code(visit.patient, number, visit.patient.language)
    except CodeRefused as refused:
        if not refused.is_pause:
            return _go_on_unverified(request, visit, number)
        code = number_codes.waiting_code(visit.patient)
        if code is None or code.number != number:
            messages.info(request, _("Please wait half a minute, and then try again."))
            return redirect(visit.url("plan", "number"))
        messages.info(request, _("A text is on its way. Please wait half a minute before you ask for a new one."))
        return redirect(visit.url("plan_code"))
    if result == TextResult.SENT:
        return redirect(visit.url("plan_code"))
    if result == TextResult.REFUSED:
        messages.info(request, _("No text can reach this number. Please check it, or choose “home phone”."))
        return redirect(visit.url("plan", "number"))
    return _go_on_unverified(request, visit, number, result)


def _go_on_unverified(
    request: HttpRequest, visit: PlanVisit, number: str, result: TextResult | None = None
) -> HttpResponse:
    check = NumberCheck.OPTED_OUT if result == TextResult.UNSUBSCRIBED else NumberCheck.NOT_TYPED
    answers.save_number(visit.patient, MOBILE, number, check)
    messages.info(request, _("That is all right. If we need you, we will call this number."))
    return redirect(visit.url("plan", "calls"))


def _show_language(response: HttpResponse, language: str) -> None:
    """The next pages are in the language that was chosen, whatever this browser had before."""
    name, secure = settings.LANGUAGE_COOKIE_NAME, bool(settings.SESSION_COOKIE_SECURE)
    if language in dict(settings.LANGUAGES):
        response.set_cookie(name, language, secure=secure, httponly=True, samesite="Lax")


def _save_calls(request: HttpRequest, visit: PlanVisit, form: CallsForm) -> HttpResponse:
    answers.save_calls(visit.patient, form.best_time, form.cleaned_data["voicemail"])
    return redirect(visit.url("plan", "people"))


def _save_people(request: HttpRequest, visit: PlanVisit, form: PeopleForm) -> HttpResponse:
    told = form.cleaned_data
    answers.save_people(visit.patient, MayAnswer(told["may_answer"]), told["other_name"], told.get("other_phone", ""))
    return redirect(visit.url("plan", "result"))


def _save_result(request: HttpRequest, visit: PlanVisit, form: ResultForm) -> HttpResponse:
    """The last answer: a tablet is to be handed back at once, in the patient's language, and opens nothing more."""
    answers.save_result_wish(visit.patient, form.wish)
    if visit.tablet is None:
        messages.success(request, _("Saved. Thank you."))
        return redirect("portal:page")
    return hand_back(request, visit.tablet)


QUESTIONS = (
    Question("number", gettext_lazy("How do we reach you?"), NumberForm, _save_number),
    Question("calls", gettext_lazy("When we call"), CallsForm, _save_calls),
    Question(
        "people", gettext_lazy("Who may answer"), PeopleForm, _save_people,
        gettext_lazy("Your health is private. You choose who may know that we called."),
    ),
    Question(
        "result", gettext_lazy("If the doctor wants another look"), ResultForm, _save_result,
        gettext_lazy("For most people all is well. Sometimes we need more pictures."),
    ),
)  # fmt: skip
QUESTION_NAMES = tuple(question.name for question in QUESTIONS)
