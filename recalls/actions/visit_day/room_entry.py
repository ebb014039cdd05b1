"""Writes down that a patient who arrived is in the room, and takes it back; the recall itself stays where it is."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.actors import actor_for
from recalls.actions.transition import UserOrActor
from recalls.enums import AppointmentStatus, State
from recalls.models import Appointment
from recalls.permissions import StepUnavailable, check_actor_permitted
from recalls.workflow import STEPS_BY_NAME


def is_arrived(visit: Appointment) -> bool:
    """Whether the patient has come and the visit has no outcome yet."""
    return visit.status == AppointmentStatus.ATTENDED and visit.recall.state == State.AWAITING_OUTCOME


@transaction.atomic
def enter_room(visit_id: int, *, by: UserOrActor, inside: bool = True) -> None:
    """Note when and by whom the patient was taken in, or take that back; asked twice, the first time stands.

    Who may note that a patient came may note this. It is no step of the recall: a radiologist who has the case open is
    not interrupted by it. Raises NotPermitted, and StepUnavailable for a patient who has not arrived.
    """
    visit = Appointment.objects.select_for_update(of=("self",)).select_related("recall").get(pk=visit_id)
    actor = actor_for(by)
    check_actor_permitted(visit.recall, STEPS_BY_NAME["mark_attended"], actor)
    if not is_arrived(visit):
        raise StepUnavailable(_("The patient has not arrived, or the visit is over."))
    if inside == (visit.in_room_at is not None):
        return
    visit.in_room_at, visit.in_room_by = (timezone.now(), actor.name) if inside else (None, "")
    visit.save(update_fields=["in_room_at", "in_room_by"])
