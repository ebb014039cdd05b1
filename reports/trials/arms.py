"""Says in a few words what each arm of a trial does."""

from django.utils.translation import gettext as _

from notifications.models import MessageText
from notifications.rendering.trial_text import SHIPPED
from recalls.enums import PartOfDay
from recalls.models import Trial


def describe_arm(trial: Trial, arm: str) -> str:
    """What the arm does, in a few words."""
    what = trial.arms[arm]
    if trial.subject == Trial.Subject.CALL_TIME:
        return str(PartOfDay(what).label)
    if trial.subject == Trial.Subject.OFFER_SIZE:
        return _("to %(count)s at once") % {"count": what}
    if what == SHIPPED:
        return _("the shipped text")
    row = MessageText.objects.get(pk=what)
    return _("version %(version)s, reviewed by %(name)s") % {"version": row.version, "name": row.reviewer}
