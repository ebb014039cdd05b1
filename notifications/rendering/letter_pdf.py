"""Builds letters and typesets them with typst as PDF/UA.

A name or an address goes to typst as data and never as markup. Only the fonts that typst brings are used, so that a
letter looks the same on every machine.
"""

import json
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

import typst
from django.utils import timezone, translation
from markdown_it.token import Token

from clinic.calendar import local_day
from clinic.models import Site
from notifications.content import loader
from notifications.enums import Channel, NotificationKind
from notifications.models import Notification, RenderedMessage
from notifications.planning.snapshot import RecallSnapshot
from notifications.rendering.context import MessageContext, single_line
from notifications.rendering.formatting import format_date
from notifications.rendering.markdown import parse_markdown, tokens_to_text
from patients.channels import PatientChannels
from patients.contact_validation import format_phone
from recalls.models import Recall

TYPST_TEMPLATE_PATH = Path(__file__).resolve().parent.parent / "typst" / "letters.typ"

Block = dict[str, Any]


def build_letter(notification: Notification, snapshot: RecallSnapshot, channels: PatientChannels) -> RenderedMessage:
    """The copy to store: its text, and in `letter` all data of the PDF. Raises as `render_email` does."""
    name = loader.get_text_name(snapshot.recall, notification.kind, Channel.LETTER)
    has_letter_text = name.endswith(".letter")
    text = loader.get_message_text(
        name, notification.language, detailed=has_letter_text and channels.health_details_allowed, site=snapshot.site
    )
    for_patient = notification.kind != NotificationKind.REFERRER_NOTICE
    with translation.override(notification.language):
        values = MessageContext(notification, snapshot)
        body = text.body.template
        if for_patient and not has_letter_text:
            body = strip_unsubscribe_paragraph(body)
        subject = text.subject.substitute(clinic_name=single_line(values.site.sender_name))
        tokens = parse_markdown(Template(body).substitute(values))
        recipient = patient_address_lines(snapshot.recall) if for_patient else referrer_address_lines(snapshot.recall)
        letter = letter_data(subject, tokens, notification.language, values.site, recipient)
    address = ", ".join(recipient)[:254]
    return RenderedMessage(
        notification=notification, address=address, subject=subject, text=tokens_to_text(tokens), html="", letter=letter
    )


def strip_unsubscribe_paragraph(body: str) -> str:
    """The body of an email for paper, without its last paragraph, which is about stopping emails."""
    return body.rstrip().rpartition("\n\n")[0]


def letter_data(title: str, tokens: Sequence[Token], language: str, site: Site, recipient: list[str]) -> dict[str, Any]:
    """The data of one letter of a PDF; its date is that of the site, in the active language."""
    return {
        "language": language,
        "title": title,
        "sender": _sender_address_lines(site),
        "recipient": recipient,
        "day": format_date(local_day(site, timezone.now())),
        "blocks": tokens_to_blocks(tokens),
    }


def render_pdf(letters: Iterable[dict[str, Any]]) -> bytes:
    """One PDF/UA of these letters, each beginning on a new page."""
    pdf: bytes = typst.compile(
        _typst_template(),
        format="pdf",
        sys_inputs=_typst_inputs(letters),
        ignore_system_fonts=True,
        pdf_standards=["ua-1"],
    )
    return pdf


def render_png_pages(letter: dict[str, Any]) -> list[bytes]:
    """The pages of one letter as PNG images of 72 pixels an inch, for previews."""
    pages: Any = typst.compile(
        _typst_template(), format="png", ppi=72.0, sys_inputs=_typst_inputs([letter]), ignore_system_fonts=True
    )
    return list(pages) if isinstance(pages, list) else [pages]


def tokens_to_blocks(tokens: Sequence[Token]) -> list[Block]:
    """Paragraphs, lists and block quotes, each with its runs of plain and bold text."""
    blocks: list[Block] = []
    container = ""
    for token in tokens:
        if token.type in ("blockquote_open", "bullet_list_open"):
            container = "quote" if token.type == "blockquote_open" else "list"
            blocks.append({"kind": container, "parts": []})
        elif token.type in ("blockquote_close", "bullet_list_close"):
            container = ""
        elif token.type == "inline":
            runs = _text_runs(token.children or [])
            if container:
                blocks[-1]["parts"].append(runs)
            else:
                blocks.append({"kind": "paragraph", "parts": [runs]})
    return blocks


def _text_runs(children: Iterable[Token]) -> list[dict[str, Any]]:
    runs, strong = [], False
    for child in children:
        if child.type in ("strong_open", "strong_close"):
            strong = child.type == "strong_open"
        elif child.type in ("softbreak", "hardbreak"):
            runs.append({"text": " ", "strong": strong})
        elif child.content:
            runs.append({"text": child.content, "strong": strong})
    return runs


def _sender_address_lines(site: Site) -> list[str]:
    city = f"{site.city}, {site.state} {site.postal_code}".strip()
    return [site.sender_name, site.address_line, city, format_phone(site.phone, site.country)]


def patient_address_lines(recall: Recall) -> list[str]:
    """The lines of the patient's postal address, with the full name first."""
    patient = recall.patient
    return [patient.full_name, patient.address_line, f"{patient.city}, {patient.state} {patient.postal_code}".strip()]


def referrer_address_lines(recall: Recall) -> list[str]:
    """The lines of the referring doctor's postal address. Raises LookupError for a patient without a referral."""
    referrer = recall.exam.referrer
    if referrer is None:
        raise LookupError("the patient came without a referral")
    return [referrer.name, *(line.strip() for line in referrer.postal_address.splitlines() if line.strip())]


def _typst_inputs(letters: Iterable[dict[str, Any]]) -> dict[str, str]:
    all_letters = list(letters)
    return {"letters": json.dumps({"title": all_letters[0]["title"], "letters": all_letters})}


@cache
def _typst_template() -> bytes:
    return TYPST_TEMPLATE_PATH.read_bytes()
