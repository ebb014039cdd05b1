"""Renders one message of a recall on every channel, as the senders would, and the patient's page beside them."""

from dataclasses import replace

from django.test import Client
from django.urls import reverse

from clinic.actors import SYSTEM
from notifications.models import Notification
from notifications.planning.snapshot import load_snapshot
from notifications.rendering.letter_pdf import build_letter
from notifications.rendering.markdown import render_email
from notifications.rendering.sms import build_sms
from patients import links
from patients.channels import get_patient_channels
from recalls.models import Recall
from tests.portal.conftest import page_text

PLAIN, DETAILED, LETTER, TEXT_MESSAGE = "email", "detailed email", "letter", "text message"
DETAILED_LETTER = "letter to a patient who agreed to detail"


def words_on_every_channel(recall: Recall, kind: str, language: str = "en") -> dict[str, str]:
    """The newest message of that kind by channel, each in one line; every channel may be used."""
    row = Notification.objects.filter(recall=recall, kind=kind).select_related("recall__patient").latest("pk")
    row.language = language
    snapshot = load_snapshot(Recall.objects.select_related("patient", "exam", "site").get(pk=recall.pk))
    snapshot.site.reviewed_translations_only = False  # nobody has reviewed the shipped ones
    channels = replace(get_patient_channels(recall.patient), mobile="+14125550123")
    said = {
        PLAIN: render_email(row, snapshot, detailed=False).text,
        DETAILED: render_email(row, snapshot, detailed=True).text,
        LETTER: build_letter(row, snapshot, channels).text,
        DETAILED_LETTER: build_letter(row, snapshot, replace(channels, health_details_allowed=True)).text,
        TEXT_MESSAGE: build_sms(row, snapshot, channels).text,
    }
    return {channel: " ".join(words.split()) for channel, words in said.items()}


def words_on_the_page(recall: Recall, language: str = "en") -> str:
    """What the patient reads behind the link, in one line."""
    client = Client(headers={"accept-language": language})
    link = reverse("portal:link", args=[links.issue_link(recall.patient, by=SYSTEM)])
    born = recall.patient.birth_date
    client.post(link, {"month": born.month, "day": born.day, "year": born.year})
    client.cookies["django_language"] = language
    return page_text(client.get("/my/"))
