"""A visit at another site of the clinic: messages and calendar entries name that place and its clock."""

from datetime import date, time

import pytest
from django.urls import reverse

from clinic import calendar
from clinic.models import Site, User
from notifications.models import Notification
from notifications.planning.snapshot import load_snapshot
from notifications.rendering.calendar_invite import build_calendar_invite
from notifications.rendering.context import MessageContext
from recalls import actions
from recalls.actions import Slot
from recalls.models import Recall
from recalls.testing.factories import RecallFactory, RoomFactory
from tests.desk.conftest import ClientFor, StepFormClient, client_for, page_text

__all__ = ["client_for"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_at_tuesday_morning")]


def _booked_there(here: Site, there: Site, by: User) -> Recall:
    there.address_line = "700 Sample Avenue"
    there.save()
    recall = RecallFactory.create(site=here)
    room = RoomFactory.create(site=there, name="Denver 1")
    starts_at = calendar.instant(there, date(2026, 11, 30), time(9))
    actions.book_appointment(recall, Slot(there, starts_at, room=room), by=by)
    return recall


def test_the_confirmation_names_the_other_sites_place_and_its_clock(
    scheduler_ana: User, shadyside: Site, foothills: Site
) -> None:
    recall = _booked_there(shadyside, foothills, scheduler_ana)
    message = Notification.objects.get(recall=recall, kind="appointment_confirmation")
    words = MessageContext(message, load_snapshot(recall))
    place = words["visit_place"].replace("\\", "")
    assert foothills.address_line in place
    assert shadyside.address_line not in place
    assert words["visit_time"].replace("\\", "").replace("\N{NO-BREAK SPACE}", " ").startswith("9:00")
    _method, invite = build_calendar_invite(message, recall.appointments.get(), "testa@example.org")
    assert "DTSTART;TZID=America/Denver:20261130T090000" in invite
    assert foothills.address_line in invite.replace("\r\n ", "").replace("\\", "")


def test_a_walk_in_at_the_other_site_is_written_down_there(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, foothills: Site
) -> None:
    scheduler_ana.sites.add(foothills)
    RoomFactory.create(site=shadyside, name="Mammo 1")
    there = RoomFactory.create(site=foothills, name="Denver 1")
    recall = RecallFactory.create(site=shadyside)
    page = client_for(scheduler_ana).get(reverse("step", args=[recall.pk, "walk_in"]))
    labels = [label for _value, label in page.context["form"].fields["place"].choices]
    assert [label.partition(",")[0] for label in labels] == [shadyside.name, foothills.name]
    form = StepFormClient(client_for(scheduler_ana), recall, "walk_in")
    answer = form.send(place=f"{foothills.pk}:{there.pk}")
    assert answer.status_code == 302, page_text(answer)
    assert recall.appointments.get().site == foothills


def test_a_walk_in_is_not_written_down_at_a_site_of_somebody_else(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, foothills: Site
) -> None:
    there = RoomFactory.create(site=foothills, name="Denver 1")
    recall = RecallFactory.create(site=shadyside)
    answer = StepFormClient(client_for(scheduler_ana), recall, "walk_in").send(place=f"{foothills.pk}:{there.pk}")
    assert answer.status_code == 200
    assert not recall.appointments.exists()
