"""A patient's contact plan in words, for whoever calls and for the page from which it is opened."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from clinic import calendar
from desk.datetime_display import format_day
from patients.contact_plan.models import ContactPlan, MayAnswer, NumberCheck
from patients.models import Patient


@dataclass(frozen=True, slots=True)
class ContactPlanText:
    """`said_on` is empty while the plan is not finished; `lines` are label and value, in the order of a call."""

    said_on: str
    lines: list[tuple[Any, str]]
    may_answer: str
    # Nobody but the patient may hear that the clinic called.
    only_patient: bool


def describe_contact_plan(patient: Patient, now: datetime) -> ContactPlanText | None:
    """None where the patient was never asked. No query where plan, preference and wish were read."""
    plan: ContactPlan | None = getattr(patient, "contact_plan", None)
    if plan is None:
        return None
    preference, wish = getattr(patient, "call_preference", None), getattr(patient, "result_wish", None)
    lines: list[tuple[Any, str]] = [
        (_("Number"), str(NumberCheck(plan.number_check).label) if plan.number_check else ""),
        (_("Best reached"), str(preference) if preference else _("no matter when") if plan.calls_at else ""),
        (_("Voicemail"), str(patient.get_voicemail_display())),
        (_("Who else may answer"), describe_may_answer(plan)),
        (_("Wants to hear results"), str(wish or "")),
    ]
    return ContactPlanText(
        said_on=_format_finished(plan, patient, now),
        lines=[(label, words) for label, words in lines if words],
        may_answer=describe_may_answer(plan),
        only_patient=plan.may_answer == MayAnswer.ONLY_ME,
    )


def describe_may_answer(plan: ContactPlan) -> str:
    """ "Sam Sample: may take a message: please call back"; empty where nobody asked, or where it was taken back."""
    may_answer = plan.holding_may_answer
    if not may_answer:
        return ""
    return ": ".join(filter(None, (plan.other_name, str(MayAnswer(may_answer).label))))


def _format_finished(plan: ContactPlan, patient: Patient, now: datetime) -> str:
    if plan.finished_at is None:
        return ""
    site = patient.site
    return format_day(calendar.local_day(site, plan.finished_at), calendar.local_day(site, now))
