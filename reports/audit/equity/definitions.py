"""What is compared between groups of patients, once: each is a share of recalls."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from reports.audit.waits.definitions import WAITS

# Whoever was recalled later than so many days ago may still be reached, or may still come.
REACH_DAYS = 30
COMING_DAYS = 90


@dataclass(frozen=True, slots=True)
class ShareDefinition:
    """One share: what is counted, out of what."""

    name: str
    label: Any
    meaning: Any


CALLED = ShareDefinition(
    "called",
    _("Called by the end of the next business day"),
    _("Out of recalls that were called or whose day is over."),
)
IN_TIME = tuple(
    ShareDefinition(
        f"{wait.name}_in_time",
        wait.label,
        _("Within the target, out of those who got there or have waited longer than it."),
    )
    for wait in WAITS
)
LOST = ShareDefinition("lost", _("Lost to follow-up"), _("Closed as lost, out of all recalls."))
NEVER_CAME = ShareDefinition(
    "never_came",
    _("Never came"),
    _("No visit was kept so far, out of recalls whose patient came or was owed a visit for more than 90 days."),
)
NO_MESSAGE = ShareDefinition(
    "no_message_in_language",
    _("No message in the patient's language"),
    _("Messages left and none was in the language that the patient's record names, out of recalls with a message."),
)
NEVER_REACHED = ShareDefinition(
    "never_reached",
    _("Never reached"),
    _("Nobody of the patient's side answered a call and no visit was kept, out of recalls of 30 days ago or earlier."),
)
NEVER_OFFERED = ShareDefinition(
    "never_offered",
    _("Never offered an earlier time"),
    _("Not one offer was made, out of recalls whose patient asked to come earlier than the visit."),
)
SHARES = (CALLED, *IN_TIME, LOST, NEVER_CAME, NO_MESSAGE, NEVER_REACHED, NEVER_OFFERED)
