"""Builds letters and typesets them with typst as PDF/UA.

A name or an address goes to typst as data and never as markup. Only the fonts that typst and the project bring are
used, so that a letter looks the same on every machine.
"""

import json
from collections.abc import Collection, Iterable, Sequence
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
from notifications.models import Letterhead, Notification, RenderedMessage
from notifications.planning.channel_selection import postal_address_lines
from notifications.planning.plan import may_say_details
from notifications.planning.snapshot import RecallSnapshot
from notifications.rendering.context import MessageContext, single_line
from notifications.rendering.formatting import format_date
from notifications.rendering.markdown import REPEATED_SPACES, parse_markdown, promote_bold_to_headings, tokens_to_text
from patients.channels import PatientChannels
from patients.contact_validation import format_phone
from recalls.models import Recall

TYPST_FOLDER = Path(__file__).resolve().parent.parent / "typst"


class LetterNotSettable(ValueError):
    """The letter holds a character that is in no font, so no reader could read it; typst names the first."""


Block = dict[str, Any]


def build_letter(notification: Notification, snapshot: RecallSnapshot, channels: PatientChannels) -> RenderedMessage:
    """The copy to store: its text, and in `letter` all data of the PDF. Raises as `render_email` does."""
    name = loader.get_text_name(snapshot.recall, notification.kind, Channel.LETTER)
    has_letter_text = name.endswith(".letter")
    text = loader.get_message_text(
        name,
        notification.language,
        detailed=has_letter_text and may_say_details(snapshot, notification.kind, channels),
        site=snapshot.site,
    )
    for_patient = notification.kind != NotificationKind.REFERRER_NOTICE
    with translation.override(notification.language):
        values = MessageContext(notification, snapshot)
        body = text.body.template
        if for_patient and not has_letter_text:
            body = strip_unsubscribe_paragraph(body)
        subject = text.subject.substitute(clinic_name=single_line(values.site.sender_name))
        tokens = parse_markdown(Template(body).substitute(values))
        recipient = (
            postal_address_lines(snapshot.recall.patient) if for_patient else referrer_address_lines(snapshot.recall)
        )
        letter = letter_data(subject, tokens, notification.language, values.site, recipient)
    address = ", ".join(recipient)[:254]
    return RenderedMessage(
        notification=notification, address=address, subject=subject, text=tokens_to_text(tokens), html="", letter=letter
    )


def strip_unsubscribe_paragraph(body: str) -> str:
    """The body of an email for paper, without its last paragraph, which is about stopping emails."""
    return body.rstrip().rpartition("\n\n")[0]


def letter_data(
    title: str, tokens: Sequence[Token], language: str, site: Site, recipient: list[str], sender_name: str = ""
) -> dict[str, Any]:
    """The data of one letter of a PDF; its date is that of the site, in the active language.

    Without `sender_name` the letter comes from the neutral name that messages use. Changes the tokens: what is all
    bold becomes a heading.
    """
    promote_bold_to_headings(tokens)
    return {
        "language": language,
        "title": title,
        "sender": _sender_address_lines(site, sender_name or site.sender_name),
        "recipient": recipient,
        "letterhead": str(site.pk),
        "day": format_date(local_day(site, timezone.now())),
        "blocks": tokens_to_blocks(tokens),
    }


def render_pdf(letters: Iterable[dict[str, Any]], heads: str | None = None) -> bytes:
    """One PDF/UA of these letters, each beginning on a new page. Raises LetterNotSettable for all because of one.

    `heads` from `read_letterheads`, where many PDFs have the same.
    """
    pdf: bytes = _compile(letters, heads, format="pdf", pdf_standards=["ua-1"])
    return pdf


def render_letterhead(head: Letterhead) -> bytes:
    """An empty letter with this letterhead, stored or not, as a PNG image; LetterNotSettable, TypstError as a PDF."""
    site = head.site
    recipient = [site.name, site.address_line, site.city]
    letter = letter_data(site.sender_name, [], "en", site, recipient, site.sender_name)
    heads = json.dumps({letter["letterhead"]: letterhead_data(head)})
    _compile([letter], heads, format="pdf", pdf_standards=["ua-1"])  # stricter than a picture
    pages: Any = _compile([letter], heads, format="png", ppi=72.0)
    return bytes(pages[0] if isinstance(pages, list) else pages)


def check_settable(letter: dict[str, Any]) -> None:
    """Set a letter by itself, before it goes into a PDF with others. Raises LetterNotSettable.

    Without its letterhead, which was set when it was stored: a batch reads that once.
    """
    _compile([letter], "{}", format="pdf", pdf_standards=["ua-1"])


def render_png_pages(letter: dict[str, Any]) -> list[bytes]:
    """The pages of one letter as PNG images of 72 pixels an inch, for previews."""
    pages: Any = _compile([letter], format="png", ppi=72.0)
    return list(pages) if isinstance(pages, list) else [pages]


def tokens_to_blocks(tokens: Sequence[Token]) -> list[Block]:
    """Paragraphs, headings, lists and block quotes, each with its runs of plain and bold text."""
    blocks: list[Block] = []
    container, single = "", "paragraph"
    for token in tokens:
        if token.type in ("heading_open", "paragraph_open"):
            single = token.type.removesuffix("_open")
        elif token.type in ("blockquote_open", "bullet_list_open"):
            container = "quote" if token.type == "blockquote_open" else "list"
            blocks.append({"kind": container, "parts": []})
        elif token.type in ("blockquote_close", "bullet_list_close"):
            container = ""
        elif token.type == "inline":
            runs = _text_runs(token.children or [])
            if container:
                blocks[-1]["parts"].append(runs)
            else:
                blocks.append({"kind": single, "parts": [runs]})
    return blocks


def _text_runs(children: Iterable[Token]) -> list[dict[str, Any]]:
    runs, strong = [], False
    for child in children:
        if child.type in ("strong_open", "strong_close"):
            strong = child.type == "strong_open"
        elif child.type in ("softbreak", "hardbreak"):
            runs.append({"text": " ", "strong": strong})
        elif child.content:
            runs.append({"text": REPEATED_SPACES.sub(" ", child.content), "strong": strong})
    return runs


def _sender_address_lines(site: Site, name: str) -> list[str]:
    city = f"{site.city}, {site.state} {site.postal_code}".strip()
    return [name, site.address_line, city, format_phone(site.phone, site.country)]


def referrer_address_lines(recall: Recall) -> list[str]:
    """The lines of the referring doctor's postal address. Raises LookupError for a patient without a referral."""
    referrer = recall.exam.referrer
    if referrer is None:
        raise LookupError("the patient came without a referral")
    return [referrer.name, *(line.strip() for line in referrer.postal_address.splitlines() if line.strip())]


def _compile(letters: Iterable[dict[str, Any]], heads: str | None = None, **options: Any) -> Any:
    """With the stored letterheads where none are given."""
    fonts = [TYPST_FOLDER / "fonts"]
    inputs = _typst_inputs(letters, heads)
    try:
        return typst.compile(
            _typst_template(), sys_inputs=inputs, ignore_system_fonts=True, font_paths=fonts, **options
        )
    except typst.TypstError as error:
        # The words of typst quote the name. They stay out of the chain, since a chain may reach a log.
        if "could not be displayed" in str(error):
            raise LetterNotSettable from None
        raise


def _typst_inputs(letters: Iterable[dict[str, Any]], heads: str | None) -> dict[str, str]:
    all_letters = list(letters)
    if heads is None:
        heads = read_letterheads({int(letter["letterhead"]) for letter in all_letters if letter.get("letterhead")})
    data = {"title": all_letters[0]["title"], "letters": all_letters}
    return {"letters": json.dumps(data), "letterheads": heads}


def read_letterheads(site_ids: Collection[int]) -> str:
    """The head of each of these sites' letters as it is now, as JSON; typst takes a picture as its bytes."""
    heads = Letterhead.objects.filter(site_id__in=site_ids).select_related("site") if site_ids else []
    return json.dumps({str(head.site_id): letterhead_data(head) for head in heads})


def letterhead_data(head: Letterhead) -> dict[str, Any]:
    return {
        "lines": [line.strip() for line in head.lines.splitlines() if line.strip()],
        "logo": list(bytes(head.logo)),
        "kind": head.logo_kind,
        "alt": head.site.sender_name,
        "window": head.window,
    }


@cache
def _typst_template() -> bytes:
    return (TYPST_FOLDER / "letters.typ").read_bytes()
