"""Every step can be taken from its page with its form."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from clinic.models import Site, User
from clinic.roles import STAFF_ROLES, Role
from patients.factories import PatientFactory, ReferringProviderFactory
from recalls.enums import Assessment, ClosureReason, State
from recalls.forms import STEP_FORMS
from recalls.models import Recall, ScreeningExam
from recalls.testing.factories import RecallFactory
from recalls.workflow import STEPS, next_steps
from tests.desk.conftest import ClientFor, StepFormClient, page_text

TUESDAY_MORNING = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_tuesday_morning")]


@pytest.fixture
def _tuesday_morning() -> object:
    with time_machine.travel(TUESDAY_MORNING, tick=False):
        yield


SLOT = {"day": "2026-12-02", "time": "09:30", "length_minutes": "60"}
VISIT = {**SLOT, "kind": "diagnostic"}
CALL = {"channel": "phone", "point": "mobile", "result": "no_answer"}
OUTCOME = {"assessment": "2", "telling": "now"}
CONCORDANT = {"verdict": "concordant_benign"}
TOLD = {"method": "phone", "understood": "Asked when.", "next_step": "Biopsy on Friday."}
REFERRED = {"clinician": "Dr. Sample-Surgeon", "facility": "Hillside Hospital", "first_visit_on": "2026-12-01"}
OUTSIDE = {
    "kind": "imaging", "facility": "Hillside Clinic", "performed_on": "2026-11-24", "source": "fax",
    "assessment": "2", "told_there": "Dr. Sample-Ash",
}  # fmt: skip
AMENDED = {"assessment": "4B", "reason": "Seen again with the earlier pictures."}
ADDENDUM = {"result": "invasive", "reason": "Addendum of the laboratory."}
CONSENT = {"subject": "sms", "granted": "yes", "source": "phone", "words": "Yes, you may text me."}
NOTE = {"note": "Said on the phone."}
# Each step: the story before it, who takes it, what they type, the state afterwards.
STEP_CASES: list[tuple[str, str, Role, dict[str, str], State]] = [
    ("request_priors", "awaiting_priors", Role.SCHEDULER, NOTE, State.AWAITING_PRIORS),
    ("receive_priors", "priors_requested", Role.SCHEDULER, NOTE, State.AWAITING_PRIORS),
    ("resolve_by_priors", "priors_received", Role.RADIOLOGIST, OUTCOME, State.CLOSED),
    ("need_imaging", "priors_received", Role.RADIOLOGIST, {}, State.TO_CONTACT),
    ("log_contact", "to_contact", Role.NAVIGATOR, CALL, State.TO_CONTACT),
    ("book_appointment", "to_contact", Role.SCHEDULER, VISIT, State.SCHEDULED),
    ("walk_in", "to_contact", Role.SCHEDULER, {}, State.AWAITING_OUTCOME),
    ("reschedule", "booked_ahead", Role.SCHEDULER, VISIT, State.SCHEDULED),
    ("ask_earlier", "booked_ahead", Role.SCHEDULER, {"when": "morning"}, State.SCHEDULED),
    ("confirm", "booked_ahead", Role.SCHEDULER, {}, State.SCHEDULED),
    ("cancel_appointment", "booked_ahead", Role.SCHEDULER, {}, State.TO_CONTACT),
    ("mark_attended", "booked", Role.SCHEDULER, {"came_early": "on"}, State.AWAITING_OUTCOME),
    ("advise_biopsy", "suspicious_screen", Role.RADIOLOGIST, {}, State.RESULT_TO_TELL),
    ("record_outcome", "attended", Role.RADIOLOGIST, OUTCOME, State.CLOSED),
    ("amend_outcome", "closed_normal", Role.RADIOLOGIST, AMENDED, State.RESULT_TO_TELL),
    ("release_outcome", "benign_to_tell", Role.RADIOLOGIST, {}, State.CLOSED),
    ("result_told", "suspicious_to_tell", Role.NAVIGATOR, TOLD, State.BIOPSY_TO_BOOK),
    ("hand_over", "to_hand_over", Role.NAVIGATOR, REFERRED, State.CLOSED),
    ("seen_in_error", "cancer_in_treatment", Role.SCHEDULER, NOTE, State.CLOSED),
    ("not_seen_there", "cancer", Role.SCHEDULER, NOTE, State.TO_HAND_OVER),
    ("record_outside", "transferred", Role.NAVIGATOR, OUTSIDE, State.CLOSED),
    ("ask_report", "transferred", Role.SCHEDULER, NOTE, State.CLOSED),
    ("close_report_request", "transferred", Role.MANAGER, NOTE, State.CLOSED),
    ("take_back", "transferred", Role.SCHEDULER, {}, State.TO_CONTACT),
    ("record_wishes", "to_contact", Role.SCHEDULER, {"channel": "phone"}, State.TO_CONTACT),
    ("record_consent", "to_contact", Role.NAVIGATOR, CONSENT, State.TO_CONTACT),
    ("symptom_reported", "probably_benign", Role.NAVIGATOR, NOTE, State.TO_CONTACT),
    ("book_biopsy", "biopsy_to_book", Role.SCHEDULER, SLOT, State.BIOPSY_BOOKED),
    ("cancel_biopsy", "biopsy_booked", Role.NAVIGATOR, {}, State.BIOPSY_TO_BOOK),
    ("record_pathology", "awaiting_pathology", Role.RADIOLOGIST, {"result": "benign"}, State.AWAITING_CONCORDANCE),
    ("amend_pathology", "benign_concordant", Role.RADIOLOGIST, ADDENDUM, State.AWAITING_CONCORDANCE),
    ("told_in_error", "benign_concordant", Role.NAVIGATOR, NOTE, State.RESULT_TO_TELL),
    ("sign_concordance", "awaiting_concordance", Role.RADIOLOGIST, CONCORDANT, State.RESULT_TO_TELL),
    ("hold", "to_contact", Role.SCHEDULER, {**NOTE, "until": "2026-12-15"}, State.ON_HOLD),
    ("resume", "on_hold", Role.SCHEDULER, {}, State.TO_CONTACT),
    ("decline", "to_contact", Role.SCHEDULER, {"reason": "cost"}, State.CLOSED),
    ("transfer", "to_contact", Role.MANAGER, {**NOTE, "facility": "Hillside Clinic"}, State.CLOSED),
    ("mark_deceased", "to_contact", Role.NAVIGATOR, {**NOTE, "died_on": "2026-11-24"}, State.CLOSED),
    ("void", "to_contact", Role.MANAGER, NOTE, State.CLOSED),
    ("take_on", "to_contact", Role.SCHEDULER, {}, State.TO_CONTACT),
    ("assign", "to_contact", Role.MANAGER, {"assignee": "everybody"}, State.TO_CONTACT),
    ("ask_doctor", "to_contact", Role.SCHEDULER, NOTE, State.TO_CONTACT),
    ("state_barrier", "to_contact", Role.SCHEDULER, {"kinds": "ride"}, State.TO_CONTACT),
    ("help_with_barrier", "barrier", Role.SCHEDULER, {"outcome": "solved"}, State.TO_CONTACT),
    ("take_case", "barrier", Role.NAVIGATOR, {}, State.TO_CONTACT),
    ("log_case_minutes", "navigator_case", Role.NAVIGATOR, {"usual": "10"}, State.TO_CONTACT),
    ("end_case", "navigator_case", Role.MANAGER, {"minutes": "7"}, State.TO_CONTACT),
    ("add_note", "to_contact", Role.MANAGER, NOTE, State.TO_CONTACT),
    ("ask_letter", "to_contact", Role.SCHEDULER, {}, State.TO_CONTACT),
    ("ask_please_call", "to_contact", Role.SCHEDULER, {}, State.TO_CONTACT),
    ("close_lost", "ladder_complete", Role.RADIOLOGIST, NOTE, State.CLOSED),
    ("reopen", "closed_benign", Role.MANAGER, {**NOTE, "place": "to_contact"}, State.TO_CONTACT),
    ("correct_result", "to_contact", Role.RADIOLOGIST, {"assessment": "2", "comment": "Addendum."}, State.CLOSED),
]  # fmt: skip
# Taken in tests of their own below.
STEPS_TESTED_ELSEWHERE = {
    "arrived_late", "mark_missed", "biopsy_missed", "merge_records", "unmerge_records", "refuse_sign_off", "move_exam",
    "not_deceased", "ask_referrer_to_tell", "biopsy_done", "amend_surgery", "surgery_in_error",
}  # fmt: skip
STAFF: dict[Role, str] = {
    Role.SCHEDULER: "scheduler_ana",
    Role.NAVIGATOR: "navigator_nia",
    Role.RADIOLOGIST: "radiologist_rao",
    Role.MANAGER: "manager_mo",
}


def test_every_step_that_staff_take_on_a_recall_has_a_form_and_a_label() -> None:
    by_hand = {step.name for step in STEPS if step.roles & (STAFF_ROLES - {Role.INTEGRATION}) and step.from_states}
    # Undo is one button beside "Saved" with nothing to fill in; the forms for messages stand beside the message; the
    # form of a step asks for the second signature itself; the lane's answer is a choice of buttons.
    assert set(STEP_FORMS) == by_hand - {"undo", "message_by_hand", "ask_sign_off", "decline_lane"}
    assert all(str(step.label) and str(step.rule) for step in STEPS)


def test_every_form_is_sent_in_these_tests() -> None:
    assert {taken[0] for taken in STEP_CASES} | STEPS_TESTED_ELSEWHERE == set(STEP_FORMS)


@pytest.mark.parametrize(
    ("step", "story", "role", "typed", "state"), STEP_CASES, ids=[taken[0] for taken in STEP_CASES]
)
def test_a_step_is_taken_from_its_page(
    step: str,
    story: str,
    role: Role,
    typed: dict[str, str],
    state: State,
    client_for: ClientFor,
    shadyside: Site,
    request: pytest.FixtureRequest,
) -> None:
    recall = RecallFactory.create(site=shadyside, **{story: True})
    user = request.getfixturevalue(STAFF[role])
    answer = StepFormClient(client_for(user), recall, step).send(**typed)
    assert answer.status_code == 302, page_text(answer)
    recall.refresh_from_db()
    assert (recall.state, recall.events.latest("pk").step) == (
        state,
        "void" if step == "correct_result" else step,
    )


@pytest.mark.parametrize(
    ("step", "story", "state", "sentence"),
    [
        ("mark_missed", "booked", State.TO_CONTACT, "The appointment has not begun yet."),
        ("biopsy_missed", "biopsy_booked", State.BIOPSY_TO_BOOK, "No booked biopsy has begun yet."),
    ],
)
def test_a_visit_can_be_called_missed_only_once_it_has_begun(
    step: str, story: str, state: State, sentence: str, client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, **{story: True})
    visit = recall.appointments.get(status="booked")
    with time_machine.travel(visit.starts_at - timedelta(minutes=1), tick=False):
        early = StepFormClient(client_for(scheduler_ana), recall, step).send()
        assert (early.status_code, sentence in page_text(early)) == (409, True)
    with time_machine.travel(visit.starts_at + timedelta(minutes=30), tick=False):
        assert StepFormClient(client_for(scheduler_ana), recall, step).send().status_code == 302
    recall.refresh_from_db()
    assert recall.state == state


def test_a_biopsy_is_noted_as_done_on_its_day_with_how_it_was_taken(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, biopsy_booked=True)
    visit = recall.appointments.get(status="booked")
    early = StepFormClient(client_for(scheduler_ana), recall, "biopsy_done").send()
    assert (early.status_code, "No biopsy is booked for today or earlier." in page_text(early)) == (409, True)
    with time_machine.travel(visit.starts_at, tick=False):
        StepFormClient(client_for(scheduler_ana), recall, "biopsy_done").send(device="core", clip="coil")
    recall.refresh_from_db()
    biopsy = recall.biopsies.get()
    assert (recall.state, biopsy.device, biopsy.clip) == (State.AWAITING_PATHOLOGY, "core", "coil")


def test_a_second_person_may_refuse_to_sign_and_the_recall_stays_open(
    client_for: ClientFor, navigator_nia: User, manager_mo: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, biopsy_to_book=True)
    typed = {"facility": "Hillside Clinic", **NOTE}
    browser = client_for(navigator_nia)
    answer = StepFormClient(browser, recall, "transfer").send(**typed)
    page = page_text(browser.get(answer.headers["Location"]))
    assert "“Transfer” waits for a second signature" in page
    StepFormClient(client_for(manager_mo), recall, "refuse_sign_off").send(note="Call them first.")
    recall.refresh_from_db()
    assert (recall.state, recall.sign_off_requests.get().granted) == (State.BIOPSY_TO_BOOK, False)


def test_the_referring_doctor_is_asked_to_tell_only_where_one_is_known(
    client_for: ClientFor, radiologist_rao: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, suspicious_to_tell=True)
    answer = StepFormClient(client_for(radiologist_rao), recall, "ask_referrer_to_tell").send()
    assert "No referring doctor is known: tell the result yourself." in page_text(answer)
    ScreeningExam.objects.filter(pk=recall.exam_id).update(referrer=ReferringProviderFactory.create())
    assert StepFormClient(client_for(radiologist_rao), recall, "ask_referrer_to_tell").send().status_code == 302
    recall.refresh_from_db()
    assert recall.state == State.RESULT_TO_TELL


def test_an_exam_moves_to_the_patient_it_belongs_to_and_a_death_in_error_is_taken_back(
    client_for: ClientFor, manager_mo: User, navigator_nia: User, shadyside: Site
) -> None:
    right = PatientFactory.create(site=shadyside, mrn="T-1", birth_date=date(1970, 3, 1))
    recall = RecallFactory.create(site=shadyside)
    StepFormClient(client_for(manager_mo), recall, "move_exam").send(mrn="T-1", birth_date="1970-03-01", **NOTE)
    moved = Recall.objects.get(patient=right)
    assert moved.state == State.TO_CONTACT
    StepFormClient(client_for(navigator_nia), moved, "mark_deceased").send(died_on="2026-11-24", **NOTE)
    StepFormClient(client_for(manager_mo), moved, "not_deceased").send(note="The other patient of that name.")
    moved.refresh_from_db()
    assert moved.state == State.TO_CONTACT


def test_times_are_typed_and_shown_on_the_sites_clock(
    client_for: ClientFor, scheduler_ana: User, foothills: Site
) -> None:
    scheduler_ana.sites.set([foothills])
    recall = RecallFactory.create(site=foothills)
    StepFormClient(client_for(scheduler_ana), recall, "book_appointment").send(**VISIT)
    assert recall.appointments.get().starts_at == datetime(2026, 12, 2, 16, 30, tzinfo=UTC)
    shown = StepFormClient(client_for(scheduler_ana), recall, "reschedule").initial
    assert (shown["day"], shown["time"].strftime("%H:%M")) == (date(2026, 12, 2), "09:30")


def test_a_patient_ready_to_book_leads_to_the_booking_page(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    answer = StepFormClient(client_for(scheduler_ana), recall, "log_contact").send(
        **{**CALL, "result": "reached_will_book"}
    )
    assert answer.headers["Location"] == reverse("step", args=[recall.pk, "book_appointment"])


def test_after_a_call_the_user_is_back_at_the_list_and_reads_when_the_patient_returns(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    browser = client_for(scheduler_ana)
    answer = StepFormClient(browser, recall, "log_contact").send(**CALL, next_day="2026-11-25", next_time="17:30")
    assert answer.headers["Location"] == reverse("queue_state", args=["to_contact"])
    page = page_text(browser.get(answer.headers["Location"]))
    assert "next action by Wed 25 Nov, 5:30 pm" in page
    assert f"{recall.patient.full_name}:</strong> Phone call: No answer." in page
    assert str(recall.patient) not in "".join(cookie.value for cookie in browser.cookies.values())


@pytest.mark.parametrize(
    ("step", "typed", "sentence"),
    [
        ("log_contact", {"channel": "phone"}, "Result"),
        ("log_contact", {**CALL, "result": "sent"}, "Choose a result that fits how you tried."),
        ("log_contact", {**CALL, "next_day": "2026-11-20"}, "The next try must lie in the future."),
        ("log_contact", {**CALL, "next_day": "", "next_time": "10:00"}, "Say on which day."),
        ("book_appointment", {**VISIT, "day": "2026-11-20"}, "This time is past."),
        ("book_appointment", {**VISIT, "day": "2026-11-28"}, "is shut on that day"),
        ("hold", {"until": "2026-11-24", "note": "x"}, "Choose a day after today."),
        ("decline", {"note": "no"}, "The patient's reason"),
        ("mark_deceased", {"died_on": "2027-01-01", "note": "x"}, "between the birth date and today"),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_on_top_and_no_word_is_lost(
    step: str, typed: dict[str, str], sentence: str, client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    note = {"note": typed.get("note", "Keep these words.")}
    answer = StepFormClient(client_for(scheduler_ana), recall, step).send(**{**typed, **note})
    page = page_text(answer)
    assert answer.status_code == 200
    assert sentence in page.partition('class="error-summary"')[2].partition("</div>")[0]
    assert page.count(sentence) >= 2
    assert "invalid-feedback" in page
    assert "book" in step or note["note"] in page
    assert recall.events.count() == 1


def test_a_probably_benign_outcome_dates_the_next_visit_by_the_usual_months(
    client_for: ClientFor, radiologist_rao: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, attended=True)
    form = StepFormClient(client_for(radiologist_rao), recall, "record_outcome")
    assert form.initial["follow_up_months"] == 6
    form.send(assessment="3", telling="at_visit")
    recall.refresh_from_db()
    assert (recall.state, recall.follow_up_on) == (State.FOLLOW_UP, date(2027, 5, 24))


def test_an_outcome_the_patient_will_read_must_say_when(
    client_for: ClientFor, radiologist_rao: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, attended=True)
    form = StepFormClient(client_for(radiologist_rao), recall, "record_outcome")
    assert "Say how the patient is told." in page_text(form.send(assessment="1"))
    assert "Say from which day on the patient may be told." in page_text(form.send(assessment="1", telling="later"))
    form.send(assessment="1", telling="later", release_day="2026-11-25", release_time="08:00")
    released = recall.outcomes.get().release.release_at
    assert released == datetime(2026, 11, 25, 13, 0, tzinfo=UTC)


def test_a_suspicious_outcome_is_released_to_no_letter_box(
    client_for: ClientFor, radiologist_rao: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, attended=True)
    StepFormClient(client_for(radiologist_rao), recall, "record_outcome").send(assessment="4C")
    assert not hasattr(recall.outcomes.get(), "release")


def test_sides_are_kept_where_they_differ(client_for: ClientFor, radiologist_rao: User, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, attended=True)
    typed = {"assessment": "4A", "assessment_left": "4A", "assessment_right": "1"}
    StepFormClient(client_for(radiologist_rao), recall, "record_outcome").send(**typed)
    outcome = recall.outcomes.get()
    assert (outcome.assessment_left, outcome.assessment_right) == (Assessment.SUSPICIOUS_A, Assessment.NEGATIVE)


def test_a_decline_keeps_the_chosen_reason_and_the_patients_own_words(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    StepFormClient(client_for(scheduler_ana), recall, "decline").send(reason="cost", words="Lost the insurance.")
    recall.refresh_from_db()
    assert recall.closure_reason == ClosureReason.DECLINED
    assert recall.closure_note == "The cost. Lost the insurance."


def test_signing_a_recall_off_as_lost_shows_what_was_tried(
    client_for: ClientFor, radiologist_rao: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, three_attempts=True)
    page = page_text(client_for(radiologist_rao).get(reverse("step", args=[recall.pk, "close_lost"])))
    assert page.count("(done)") == 3
    assert page.count("(open)") == 6
    assert "60 days given to the patient, until" in page
    assert "Left message, " in page
    assert "The contact ladder is not complete" in page


def test_two_records_become_one_only_with_number_and_birth_date(
    client_for: ClientFor, manager_mo: User, shadyside: Site
) -> None:
    stays = PatientFactory.create(site=shadyside, mrn="T-1", birth_date=date(1970, 3, 1))
    recall: Recall = RecallFactory.create(site=shadyside)
    goes = recall.patient
    wrong = StepFormClient(client_for(manager_mo), recall, "merge_records").send(
        mrn="T-1", birth_date="1970-03-02", **NOTE
    )
    assert "No record at your sites has this number and birth date." in page_text(wrong)
    StepFormClient(client_for(manager_mo), recall, "merge_records").send(mrn="T-1", birth_date="1970-03-01", **NOTE)
    recall.refresh_from_db()
    assert recall.patient == stays
    StepFormClient(client_for(manager_mo), recall, "unmerge_records").send(loser=str(goes.pk), **NOTE)
    recall.refresh_from_db()
    assert recall.patient == goes


def test_a_role_that_may_not_take_a_step_is_told_so_and_nothing_happens(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, attended=True)
    answer = StepFormClient(client_for(scheduler_ana), recall, "record_outcome").send(**OUTCOME)
    recall.refresh_from_db()
    assert (answer.status_code, recall.state) == (403, State.AWAITING_OUTCOME)
    assert "Your role may not do this." in page_text(answer)


def test_every_state_offers_somebody_a_next_step() -> None:
    names_by_state = {state: {step.name for step in next_steps(state)} for state in State}
    assert all(names and names <= set(STEP_FORMS) for names in names_by_state.values())
