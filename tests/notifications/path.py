"""How does one tell a patient's way through a test? By the people who take the steps, while the workers work."""

from clinic.contact_ladder import Rung
from clinic.models import User
from notifications import print_queue
from recalls import actions
from recalls.actions import Contact, Reading, Slot
from recalls.models import Recall
from recalls.states import (
    Assessment,
    ConcordanceVerdict,
    ContactChannel,
    ContactResult,
    PathologyClass,
    VisitKind,
)
from tests.notifications.timeline import Clock, at, letters, planned


class Path:
    """One patient's way, told by the people who take the steps; `arrives` lets time pass with the workers at work."""

    def __init__(self, clock: Clock, recall: Recall, scheduler: User, radiologist: User) -> None:
        self.clock, self.recall, self.scheduler, self.radiologist = clock, recall, scheduler, radiologist

    def arrives(self, day: str, hour: str = "09:00") -> None:
        self.clock.run(day, hour)

    def books(self, day: str, hour: str) -> None:
        actions.book_appointment(self.recall, Slot(self.recall.site, at(day, hour)), by=self.scheduler)

    def moves(self, day: str, hour: str) -> None:
        actions.reschedule(self.recall, Slot(self.recall.site, at(day, hour)), by=self.scheduler)

    def books_biopsy(self, day: str, hour: str) -> None:
        slot = Slot(self.recall.site, at(day, hour), VisitKind.BIOPSY)
        actions.book_biopsy(self.recall, slot, by=self.scheduler)

    def comes(self) -> None:
        actions.mark_attended(self.recall, by=self.scheduler)

    def does_not_come(self) -> None:
        actions.mark_missed(self.recall, by=self.scheduler)

    def is_read(self, assessment: Assessment, release: tuple[str, str]) -> None:
        actions.record_outcome(self.recall, Reading(assessment, release_at=at(*release)), by=self.radiologist)

    def tries(self, *rungs: Rung, by: User) -> None:
        for rung in rungs:
            result = (
                ContactResult.NO_ANSWER if rung.channel == ContactChannel.PHONE else actions.RESULTS_OF[rung.channel][0]
            )
            actions.log_contact(self.recall, Contact(rung.channel, result), by=by)

    def prints(self) -> None:
        numbers = [row.pk for row in print_queue.waiting(self.scheduler)]
        print_queue.make_pdf(self.scheduler, numbers)
        print_queue.mark_printed(self.scheduler, numbers)

    def has_biopsy(self) -> None:
        actions.biopsy_done(self.recall, by=self.scheduler)

    def pathology(self, result: PathologyClass) -> None:
        actions.record_pathology(self.recall, result, by=self.radiologist)

    def is_signed(self, verdict: ConcordanceVerdict) -> None:
        actions.sign_concordance(self.recall, verdict, by=self.radiologist)

    def heard(self) -> list[str]:
        assert planned(self.recall) == [], "something is still to come"
        return letters(self.recall)
