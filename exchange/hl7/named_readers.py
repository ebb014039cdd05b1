"""Says who read a diagnostic exam whose report waits for the radiologist's outcome, for the form of that outcome."""

from clinic.models import User
from exchange.hl7.applying.report_row import name_reader
from exchange.hl7.reading.reader import read_message
from exchange.lookup_cache import staff_by_name
from exchange.models import Hl7Message
from exchange.parsing.value_parsers import normalize_text
from recalls.models import Recall


def find_named_reader(recall: Recall) -> User | None:
    """The account that the newest waiting report of the recall names as reader. One query where none waits."""
    waiting = Hl7Message.objects.filter(recall=recall, state=Hl7Message.State.PARKED, field="OBR-4")
    message = waiting.select_related("sender").order_by("-pk").first()
    if message is None:
        return None
    sender = message.sender
    is_certain = bool(sender and sender.encoding_overrides)
    read = read_message(message.body, sender.encoding if sender else "", is_certain=is_certain)
    name = next((found for report in read.reports if (found := name_reader(report))), "")
    return staff_by_name(recall.site).get(normalize_text(name)) if name else None
