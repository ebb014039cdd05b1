"""The sentences that tell a patient where they are and what comes next, one pair for each stage.

The first sentence is the head of the page, the second says what happens next and who does it. None of them holds a
result, a finding or a category: those come from the reviewed explainers.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from clinic import calendar
from clinic.models import Site
from notifications.content.situation import still_needs_doctor
from portal.formatting import format_full_date, format_local_day_and_time, format_month_year
from portal.stages import Stage, get_last_appointment
from recalls.enums import AppointmentStatus
from recalls.models import Appointment, Recall


@dataclass(frozen=True, slots=True)
class StageText:
    """The head and the sentence after it; `by` is added when its date lies ahead."""

    heading: Any
    next_step: Any
    due_sentence: Any = ""


STAGE_TEXTS: dict[Stage, StageText] = {
    Stage.AWAITING_PRIORS: StageText(
        _("We are waiting for your earlier pictures."),
        _("You do not need to come in now. When they are here, our doctor will look at them next to your new ones."),
        _("You will hear from us by %(day)s."),
    ),
    Stage.TO_BOOK: StageText(
        _("We would like to see you for another visit."),
        _("Please call us to choose a day and time that suit you. If we do not hear from you, we will call you."),
        _("It is best to come by %(day)s."),
    ),
    Stage.FOLLOW_UP_DUE: StageText(
        _("It is time to plan your next visit."),
        _("We look again, as we agreed with you. Please call us to choose a day, or we will call you."),
        _("The visit is due around %(day)s."),
    ),
    Stage.BOOKED: StageText(
        _("Your visit is booked."),
        _("Please come at this time. If it does not suit you, tell us, and we will find another one."),
    ),
    Stage.VISIT_PASSED: StageText(
        _("Your visit was planned for %(day)s at %(time)s."),
        _("If you came, thank you: you will hear from us. If you could not come, that is all right. Please call us."),
    ),
    Stage.AWAITING_RESULT: StageText(
        _("Your visit is done. Thank you for coming."),
        _("Our doctor looks at your pictures with care. Then we write to you or call you. We do this for everyone."),
        _("If you have not heard from us by %(day)s, please call us."),
    ),
    Stage.RESULT: StageText(
        _("Your result is here, and it is good news."),
        _("You do not need to do anything now. You can go back to your usual mammograms."),
    ),
    Stage.FOLLOW_UP: StageText(
        _("Your result is here. We would like to look again in some months."),
        _("If you have no date yet, please call us to book it now. We also remind you before the day."),
        _("Your next visit is due in %(month)s."),
    ),
    Stage.BIOPSY_ADVISED: StageText(
        _("We would like to find a day with you for the next step."),
        _("Please call us to choose a time. If we do not hear from you, we will call you."),
    ),
    Stage.TO_BOOK_UNRELEASED: StageText(
        _("We would like to talk with you about your next visit."),
        _("Please call us. If we do not hear from you, we will call you. You can ask us anything."),
    ),
    Stage.RESULT_BY_PHONE: StageText(
        _("Thank you for coming. We give the answer by phone or in person."),
        _(
            "You will not find it on this page, so that you can ask your questions right away. "
            "If you wonder what comes next, please call us."
        ),
        _("If you have not heard from us by %(day)s, please call us."),
    ),
    Stage.ON_HOLD: StageText(
        _("Your next step is on hold for now."),
        _("You can call us at any time if you would like to come earlier."),
        _("We will be in touch again around %(day)s."),
    ),
    Stage.NO_VISIT_NEEDED: StageText(
        _("Good news: you do not need to come back now."),
        _("Your earlier pictures answered our question. You can go back to your usual mammograms."),
    ),
    Stage.RESULT_WITHDRAWN: StageText(
        _("We looked again. You do not need to come back."),
        _("We are sorry for the worry. You can go back to your usual mammograms."),
    ),
    Stage.DECLINED: StageText(
        _("You told us that you do not want this visit."),
        _("That is your choice. If you change your mind, call us at any time, and we will find a day for you."),
    ),
    Stage.TRANSFERRED: StageText(
        _("Another clinic is taking care of your next step."),
        _("If you are not sure which one, or have not heard from them, please call us. We will help."),
    ),
    Stage.NOT_REACHED: StageText(
        _("We have tried to reach you."),
        _("It is not too late to come. Please call us, and we will find a day that suits you."),
    ),
    Stage.NOTHING_OPEN: StageText(
        _("There is nothing you need to do for us now."),
        _("If you have a question, please call us. If you notice a change, do not wait. Call your doctor or call us."),
    ),
}
_SEE_YOUR_DOCTOR = _(
    "Please see your doctor about the change that led to this check, even now. "
    "If you do not know which doctor to see, call us."
)
# Where normal pictures leave something for the patient's own doctor.
_SYMPTOM_TEXTS: dict[Stage, StageText] = {
    Stage.RESULT: StageText(
        _("Your result is here, and there is one more step."),
        _SEE_YOUR_DOCTOR,
    ),
    Stage.NO_VISIT_NEEDED: StageText(
        _("You do not need to come back to us for more pictures now."),
        _SEE_YOUR_DOCTOR,
    ),
}
_REBOOK_TEXT = StageText(
    _("We would like to find a new time for your visit."),
    _("The last one did not work out, and that happens. Please call us, or we will call you."),
    _("It is best to come by %(day)s."),
)


def get_stage_text(recall: Recall, stage: Stage) -> StageText:
    """The words of the stage; after a visit that did not take place, they do not start from scratch."""
    if stage in _SYMPTOM_TEXTS and still_needs_doctor(recall):
        return _SYMPTOM_TEXTS[stage]
    newest = max(recall.appointments.all(), key=lambda visit: visit.pk, default=None)
    fell_through = newest is not None and newest.status in (AppointmentStatus.MISSED, AppointmentStatus.CANCELLED)
    return _REBOOK_TEXT if stage in (Stage.TO_BOOK, Stage.TO_BOOK_UNRELEASED) and fell_through else STAGE_TEXTS[stage]


def format_heading(line: StageText, visit: Appointment | None) -> str:
    """The head with the visit's day and hour, where it names them."""
    day, hour = format_local_day_and_time(visit.site, visit.starts_at) if visit else ("", "")
    return str(line.heading) % {"day": day, "time": hour}


def format_due_sentence(recall: Recall, stage: Stage, line: StageText, now: datetime) -> str:
    """The sentence with the next date; empty when there is none or it has passed."""
    day = _due_date(recall, stage)
    if not line.due_sentence or day is None or day < calendar.local_day(recall.site, now):
        return ""
    return str(line.due_sentence) % {"day": format_full_date(day), "month": format_month_year(day)}


def _due_date(recall: Recall, stage: Stage) -> date | None:
    site = recall.site
    match stage:
        case Stage.AWAITING_PRIORS | Stage.TO_BOOK:
            return calendar.local_day(site, recall.target_at) if recall.target_at else None
        case Stage.FOLLOW_UP_DUE | Stage.FOLLOW_UP:
            return recall.follow_up_on
        case Stage.AWAITING_RESULT:
            return _business_days_after_visit(recall, site, site.policy.outcome + site.policy.result_told)
        case Stage.RESULT_BY_PHONE:
            return _business_days_after_visit(recall, site, site.policy.pathology + site.policy.result_told)
        case Stage.ON_HOLD:
            return recall.hold_until
    return None


def _business_days_after_visit(recall: Recall, site: Site, business_days: int) -> date | None:
    visit = get_last_appointment(recall, AppointmentStatus.ATTENDED)
    return calendar.local_day(site, calendar.add_business_days(site, visit.starts_at, business_days)) if visit else None
