"""Keeps the settings of a sender as they stood after each change."""

from typing import Any

from django.db import transaction
from django.db.models import Max
from django.forms.models import model_to_dict

from clinic.models import User
from exchange.models import Hl7Sender, Hl7SenderVersion


@transaction.atomic
def record_version(sender: Hl7Sender, by: User | None) -> None:
    """Write down what holds from now on; nothing where nothing has changed."""
    values: dict[str, Any] = model_to_dict(sender, exclude=["id"])
    newest = sender.versions.order_by("-number").first()
    if newest is not None and newest.values == values:
        return
    number = (sender.versions.aggregate(Max("number"))["number__max"] or 0) + 1
    Hl7SenderVersion.objects.create(sender=sender, number=number, values=values, changed_by=by)
