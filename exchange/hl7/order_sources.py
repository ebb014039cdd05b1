"""Tells which applied HL7 messages concern a recall, for the panel of its imaging order."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from exchange.models import Hl7Message
from recalls.models import Recall
from recalls.timeline_registry import OrderSource

MAX_SHOWN = 5


def find_order_sources(recall: Recall) -> Iterator[OrderSource]:
    """The newest reports that were applied to it, with type and sending application. One query."""
    rows = Hl7Message.objects.filter(recall=recall, state=Hl7Message.State.APPLIED, message_type__startswith="ORU")
    shown = rows.only("received_at", "message_type", "application", "recall").order_by("-pk")[:MAX_SHOWN]
    for row in shown:
        words = _("HL7 message %(number)s, %(type)s") % {"number": row.pk, "type": row.message_type}
        if row.application:
            words = _("%(message)s from %(sender)s") % {"message": words, "sender": row.application}
        yield OrderSource(row.received_at, words, reverse("hl7_message", args=[row.pk]))
