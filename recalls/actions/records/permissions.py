"""Checks role and sites of actions about records, since a record without recalls takes no step that would."""

from django.utils.translation import gettext as _

from clinic.actors import actor_for
from patients.models import Patient
from recalls.actions.transition import ActionKwargs
from recalls.permissions import NotPermitted
from recalls.workflow import STEPS_BY_NAME


def check_records_permitted(kwargs: ActionKwargs, step: str, *patients: Patient) -> None:
    """Raise NotPermitted where the role may not take the step, or a record belongs to a site of others."""
    actor = actor_for(kwargs["by"])
    if not actor.roles & STEPS_BY_NAME[step].roles:
        raise NotPermitted(_("Your role may not do this. %(rule)s") % {"rule": STEPS_BY_NAME[step].rule})
    if not all(actor.can_access_site(patient.site_id) for patient in patients):
        raise NotPermitted(_("One of these records belongs to a site you do not work at."))
