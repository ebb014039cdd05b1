"""Renders filled Markdown as the plain text and the HTML of an email."""

import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.template.loader import get_template
from django.utils import translation
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from clinic.models import Site
from notifications.content import loader
from notifications.enums import Channel
from notifications.models import Notification
from notifications.planning.snapshot import RecallSnapshot
from notifications.rendering.context import MessageContext, single_line
from notifications.rendering.trial_text import trial_text

_WIDTH = 72
# Mail clients drop style sheets, so each element carries the styles that it needs.
_STYLES = {
    "paragraph_open": "margin:0 0 16px",
    "bullet_list_open": "margin:0 0 16px;padding-{start}:24px",
    "blockquote_open": "margin:0 0 16px;padding:16px 16px 1px;border-{start}:4px solid #1f6f78;"
    "background-color:#eef6f7",
    "heading_open": "margin:24px 0 8px;font-size:20px;line-height:1.3",
    "link_open": "display:inline-block;padding:12px 20px;border-radius:6px;background-color:#1f6f78;color:#ffffff;"
    "font-weight:bold;text-decoration:none",
}
# A phone number in two lines is hard to dial; mail clients break lines at its hyphen.
_PHONE_NUMBER = re.compile(r"[+(]?\d[\d()\u00a0-]{6,}\d")
REPEATED_SPACES = re.compile(r" {2,}")


@dataclass(frozen=True, slots=True)
class RenderedEmail:
    """The subject and both bodies of an email, and the site that it names."""

    subject: str
    text: str
    html: str
    site: Site


def render_email(
    notification: Notification, snapshot: RecallSnapshot, *, detailed: bool, page_token: str = ""
) -> RenderedEmail:
    """The email of a notification in its language, from its detailed text where allowed.

    Raises KeyError, LookupError or ValueError where the text cannot be filled: such a message is never sent.
    """
    name = loader.get_text_name(snapshot.recall, notification.kind, Channel.EMAIL)
    text = trial_text(notification, snapshot, detailed=detailed) or loader.get_message_text(
        name, notification.language, detailed=detailed, site=snapshot.site
    )
    with translation.override(notification.language):
        values = MessageContext(notification, snapshot, page_token)
        subject = text.subject.substitute(clinic_name=single_line(values.site.sender_name))
        return email_from_markdown(subject, text.body.substitute(values), notification.language, values.site)


def email_from_markdown(subject: str, markdown: str, language: str, site: Site) -> RenderedEmail:
    """The plain text and the HTML of filled Markdown."""
    tokens = _markdown_parser().parse(markdown)
    is_left_to_right = not translation.get_language_info(language)["bidi"]
    start = "left" if is_left_to_right else "right"
    context = {
        "subject": subject,
        "language": language,
        "direction": "ltr" if is_left_to_right else "rtl",
        "start": start,
    }
    context["body"] = tokens_to_html(tokens, start)
    html = _email_layout().render(context)
    return RenderedEmail(subject, tokens_to_text(tokens), html, site)


def parse_markdown(markdown: str) -> Sequence[Token]:
    """CommonMark tokens; raw HTML in the source is escaped."""
    return _markdown_parser().parse(markdown)


def markdown_to_text(markdown: str) -> str:
    """Markdown as plain text, wrapped at 72 columns."""
    return tokens_to_text(_markdown_parser().parse(markdown))


def tokens_to_html(tokens: Sequence[Token], start: str = "left") -> str:
    """HTML with inline styles; `start` is the side at which lines begin, "left" or "right". Changes the tokens."""
    promote_bold_to_headings(tokens)
    for token in (inner for outer in tokens for inner in (outer, *(outer.children or []))):
        if token.type in _STYLES:
            token.attrSet("style", _STYLES[token.type].format(start=start))
    html: str = _markdown_parser().renderer.render(tokens, _markdown_parser().options, {})
    return html


def promote_bold_to_headings(tokens: Sequence[Token]) -> None:
    """Turn a paragraph that is all bold into a heading: screen readers navigate by headings."""
    for opened, inline, closed in zip(tokens, tokens[1:], tokens[2:], strict=False):
        children = [child for child in inline.children or [] if child.content or child.type != "text"]
        kinds = [child.type for child in children]
        if opened.type == "paragraph_open" and not opened.level and kinds == ["strong_open", "text", "strong_close"]:
            inline.children = children[1:2]
            opened.type, closed.type = "heading_open", "heading_close"
            opened.tag = closed.tag = "h2"


def tokens_to_text(tokens: Iterable[Token]) -> str:
    """Plain text, wrapped at 72 columns; list items begin with a dash, block quotes are indented."""
    blocks: list[str] = []
    quoted, listed, first = 0, 0, False
    for token in tokens:
        quoted += {"blockquote_open": 1, "blockquote_close": -1}.get(token.type, 0)
        listed += {"bullet_list_open": 1, "bullet_list_close": -1}.get(token.type, 0)
        first = first or token.type == "list_item_open"
        if token.type == "inline":
            indent = "    " * quoted + ("  " * listed if listed else "")
            lead = indent[:-2] + "- " if listed and first else indent
            blocks.append(_wrap(_inline_text(token.children or []), lead, indent))
            first = False
    return "\n\n".join(blocks) + "\n"


def _wrap(words: str, lead: str, indent: str) -> str:
    return textwrap.fill(
        words, _WIDTH, initial_indent=lead, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _inline_text(tokens: Iterable[Token]) -> str:
    """A link is followed by its address, which plain text would not show otherwise."""
    words, href = "", ""
    for token in tokens:
        href = str(token.attrGet("href")) if token.type == "link_open" else href
        words += f": {href}" if token.type == "link_close" else _token_text(token)
    return words


def _token_text(token: Token) -> str:
    """A placeholder that was filled with nothing leaves two spaces."""
    return " " if token.type in ("softbreak", "hardbreak") else REPEATED_SPACES.sub(" ", token.content)


class _EmailHtmlRenderer(RendererHTML):
    def text(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return _PHONE_NUMBER.sub(r'<span style="white-space:nowrap">\g<0></span>', escapeHtml(tokens[idx].content))


@cache
def _markdown_parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}, renderer_cls=_EmailHtmlRenderer)


@cache
def _email_layout() -> Any:
    return get_template("notifications/email.html")
