"""What the form of a contact asks for on each channel: the results that fit, and what its note must say."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from recalls.enums import ContactChannel


@dataclass(frozen=True, slots=True)
class ChannelForm:
    """`title` names the form; a note that `is_note_required` says what was done, where a result alone would not."""

    title: Any
    note_label: Any
    is_note_required: bool = False
    note_help: Any = ""


_CALL = ChannelForm(_("Log a contact"), _("Note"))
CHANNEL_FORMS: dict[ContactChannel, ChannelForm] = {
    ContactChannel.PHONE: _CALL,
    ContactChannel.IN_PERSON: _CALL,
    ContactChannel.SMS: ChannelForm(_("Log a text message"), _("What was sent")),
    ContactChannel.EMAIL: ChannelForm(_("Log an email"), _("What was sent")),
    ContactChannel.LETTER: ChannelForm(
        _("Log a letter that was posted"),
        _("Which letter was sent, and when"),
        is_note_required=True,
        note_help=_("A letter printed under “Letters” is logged by itself and needs nothing here."),
    ),
    ContactChannel.CERTIFIED_LETTER: ChannelForm(
        _("Log a certified letter"),
        _("Which letter was sent, and its number at the post office"),
        is_note_required=True,
        note_help=_("The number is on the receipt."),
    ),
    ContactChannel.REFERRER: ChannelForm(
        _("Log the message to the referring provider"), _("Who was told, how, and what they answered"), True
    ),
    ContactChannel.ADDRESS_CHECK: ChannelForm(
        _("Log the check of address and contacts"), _("What was checked, and what was found"), True
    ),
    ContactChannel.NAVIGATOR: ChannelForm(_("Log the navigator's review"), _("What was decided"), True),
}
LETTER_CHANNELS = frozenset({ContactChannel.LETTER, ContactChannel.CERTIFIED_LETTER})
