"""Plays a patient's course in a test: people take steps while the workers work."""

from clinic.contact_ladder import RungSpec
from clinic.models import User
from notifications.delivery import print_queue
from recalls import actions
from recalls.actions import ContactAttemptInput, DisclosureInput, OutcomeInput, PathologyInput, Slot
from recalls.enums import (
    Assessment,
    ConcordanceVerdict,
    ContactChannel,
    ContactResult,
    DisclosureMethod,
    PathologyClass,
    VisitKind,
)
from recalls.models import Recall
from tests.notifications.clock import Clock, at, sent_messages, waiting_messages


class PatientJourney:
    """One patient's way, told by the people who take the steps; `arrives` lets time pass with the workers at work."""

    def __init__(self, clock: Clock, recall: Recall, scheduler: User, radiologist: User) -> None:
        self.clock, self.recall, self.scheduler, self.radiologist = clock, recall, scheduler, radiologist

    def advance_to(self, day: str, hour: str = "09:00") -> None:
        self.clock.run_until(day, hour)

    def book_appointment(self, day: str, hour: str) -> None:
        actions.book_appointment(self.recall, Slot(self.recall.site, at(day, hour)), by=self.scheduler)

    def reschedule(self, day: str, hour: str) -> None:
        actions.reschedule(self.recall, Slot(self.recall.site, at(day, hour)), by=self.scheduler)

    def book_biopsy(self, day: str, hour: str) -> None:
        slot = Slot(self.recall.site, at(day, hour), VisitKind.BIOPSY)
        actions.book_biopsy(self.recall, slot, by=self.scheduler)

    def attend(self) -> None:
        actions.mark_attended(self.recall, by=self.scheduler)

    def miss(self) -> None:
        actions.mark_missed(self.recall, by=self.scheduler)

    def record_outcome(self, assessment: Assessment, release: tuple[str, str] | None = None) -> None:
        """To be told by a person, or in writing from `release` on."""
        release_at = at(*release) if release else None
        actions.record_outcome(self.recall, OutcomeInput(assessment, release_at=release_at), by=self.radiologist)

    def tell_result(self) -> None:
        actions.result_told(self.recall, DisclosureInput(DisclosureMethod.PHONE), by=self.radiologist)

    def log_contacts(self, *rungs: RungSpec, by: User) -> None:
        for rung in rungs:
            result = (
                ContactResult.NO_ANSWER
                if rung.channel == ContactChannel.PHONE
                else actions.RESULTS_BY_CHANNEL[rung.channel][0]
            )
            actions.log_contact(self.recall, ContactAttemptInput(rung.channel, result), by=by)

    def print_letters(self) -> None:
        numbers = [row.pk for row in print_queue.get_letters_to_print(self.scheduler)]
        print_queue.make_pdf(self.scheduler, numbers)
        print_queue.mark_printed(self.scheduler, numbers)

    def complete_biopsy(self) -> None:
        actions.biopsy_done(self.recall, by=self.scheduler)

    def record_pathology(self, result: PathologyClass) -> None:
        actions.record_pathology(self.recall, PathologyInput(result), by=self.radiologist)

    def sign_concordance(self, verdict: ConcordanceVerdict) -> None:
        actions.sign_concordance(self.recall, verdict, by=self.radiologist)

    def get_sent_messages(self) -> list[str]:
        assert waiting_messages(self.recall) == [], "something is still to come"
        return sent_messages(self.recall)
