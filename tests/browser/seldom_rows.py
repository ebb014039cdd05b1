"""Rows for the pages that most clinics seldom open, so that the walk sees them with something on them."""

from datetime import timedelta

from django.contrib.auth.tokens import default_token_generator
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from clinic import calendar
from clinic.actors import INTAKE
from clinic.factories import UserFactory, get_site_staff
from clinic.models import Site, User
from clinic.roles import Role
from exchange.hl7.processing import process_received
from exchange.hl7.store import store_arrivals
from exchange.models import Hl7Sender
from notifications.letter_batches import jobs
from patients.factories import PatientFactory
from recalls import actions
from recalls.actions import Slot
from recalls.actions.reminder_calls.refit import refit
from recalls.actions.same_day.upkeep import tend_lanes
from recalls.actions.supplemental import advise_supplemental
from recalls.actions.visit_day.room_entry import enter_room
from recalls.enums import SupplementalTest
from recalls.models import LanePolicy, ReminderCallPolicy
from recalls.testing.factories import ExamFactory, RecallFactory
from reports.trials.definition import draft_trial
from tests.hl7.sample_messages import arrive, make_oru
from tests.trials.conftest import make_draft


def fill_seldom_pages(site: Site) -> None:
    """A batch of letters, a test beside mammography, a message of another system that waits, two records that are one,
    a patient who is in the room, a same-day lane, a fit of missed visits, a trial,
    and a colleague who has not come in yet."""
    staff = get_site_staff(site)
    batch = jobs.queue_batch(staff.scheduler, site)
    assert batch is not None
    jobs.work_on_batch(batch.pk)
    dense = ExamFactory.create(patient=PatientFactory.create(site=site), negative=True, density="c")
    advise_supplemental(dense, SupplementalTest.ULTRASOUND, by=INTAKE)
    Hl7Sender.objects.create(name="RIS North", application="RIS", facility="NORTH", site=site)
    store_arrivals([arrive(make_oru(text="The words of this report tell no category."))])
    process_received(5)
    goes, stays = (PatientFactory.create(site=site) for _ in range(2))
    actions.merge_patients(goes, stays, by=staff.manager, note="Same insurance card.")
    came = RecallFactory.create(site=site)
    actions.walk_in(came, Slot(site, timezone.now(), reason="Came by."), by=staff.scheduler)
    enter_room(came.appointments.get().pk, by=staff.scheduler)
    LanePolicy.objects.create(site=site, is_on=True)
    tend_lanes()
    refit(ReminderCallPolicy.objects.create(site=site, is_on=True))
    draft_trial(site, make_draft(ends_on=calendar.today(site) + timedelta(days=90)), by=staff.manager)
    UserFactory.create(username="invited", sites=[site], role=Role.SCHEDULER)


def invitation_words() -> list[str]:
    """What stands in the address on which a new colleague chooses a password."""
    colleague = User.objects.get(username="invited")
    return [urlsafe_base64_encode(force_bytes(colleague.pk)), default_token_generator.make_token(colleague)]
