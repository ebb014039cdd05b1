"""Helper that hands a patient over to treatment."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from clinic import calendar
from clinic.factories import SiteStaff
from recalls import actions
from recalls.models import Recall


def hand_over(recall: Recall, staff: SiteStaff, **changes: Any) -> None:
    visit = calendar.local_day(recall.site, timezone.now()) + timedelta(days=4)
    said: dict[str, Any] = {
        "clinician": "Dr. Sample-Surgeon",
        "facility": "Hillside Sample Hospital",
        "first_visit_on": visit,
        **changes,
    }
    actions.hand_over(recall, by=staff.navigator, **said)
