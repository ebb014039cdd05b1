"""Tests that the email's HTML works in common mail programs and does not track its reader.

The table says what the programs do with each property that the layout uses, as known from caniemail.com in 2026:
"outlook" is Outlook for Windows with Word's engine, "gmail" the web and phone programs, "apple" Apple Mail and iOS
Mail, "outlook.com" the web and phone programs of Outlook, "yahoo" Yahoo and AOL. What a program drops must not be
missed.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final

import pytest

from notifications.content import loader
from notifications.rendering import patient_link, sample_data
from notifications.rendering.markdown import email_from_markdown
from notifications.rendering.sample_data import sample_site
from notifications.rendering.template_validation import has_subject

ALL: Final = frozenset({"outlook", "gmail", "apple", "outlook.com", "yahoo"})
SUPPORT: Final = {
    "background-color": ALL,
    "border-left": ALL,
    "border-right": ALL,
    "border-radius": ALL - {"outlook"},
    "color": ALL,
    "display": ALL - {"outlook"},
    "font-family": ALL,
    "font-size": ALL,
    "font-weight": ALL,
    "line-height": ALL,
    "margin": ALL,
    "max-width": ALL - {"outlook"},
    "padding": ALL,
    "padding-left": ALL,
    "padding-right": ALL,
    "text-decoration": ALL,
    "white-space": ALL - {"outlook"},
    "word-break": ALL - {"gmail"},
}
OPTIONAL_PROPERTIES: Final = {
    "border-radius": "corners are square",
    "display": "Outlook shows the button as a bold link on its colour, with less room around",
    "max-width": "Outlook gets a table of 600 pixels instead, in a comment that only it reads",
    "white-space": "a phone number may break at its hyphen",
    "word-break": "only a word longer than the screen would need it",
}
ALLOWED_MEDIA_FEATURES: Final = {"prefers-color-scheme", "max-width"}
"""What @media asks; where it is dropped (Gmail), the light colours of the elements stand, which can be read."""


class EmailHtmlParser(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    @property
    def properties(self) -> Iterator[str]:
        for _tag, attributes in self.tags:
            for declaration in filter(None, attributes.get("style", "").split(";")):
                yield declaration.split(":", 1)[0].strip()


def render_patient_page_link() -> str:
    return patient_link.patient_link_url(patient_link.MASKED_TOKEN)


def pages() -> Iterator[tuple[str, str]]:
    for language in loader.list_languages():
        for name in filter(has_subject, loader.list_message_names()):
            text = loader.get_shipped_text(name, language)
            assert text is not None
            yield f"{language}/{name}", sample_data.sample_email(name, language, text).html


PAGES: Final = dict(pages())
each = pytest.mark.parametrize("html", PAGES.values(), ids=PAGES.keys())


@each
def test_each_style_is_known_to_every_program_or_is_not_missed_where_it_is_not(html: str) -> None:
    for name in EmailHtmlParser(html).properties:
        assert name in SUPPORT
        assert SUPPORT[name] == ALL or name in OPTIONAL_PROPERTIES


@each
def test_nothing_is_fetched_and_nobody_is_watched(html: str) -> None:
    """The only address is that of the patient's page, or of the answer to the series, behind a button."""
    link = render_patient_page_link()
    html = re.sub(r"http://127\.0\.0\.1:8000/texts/(confirm|stop)/[\w.=-]+/", link, html)
    for tag, attributes in EmailHtmlParser(html).tags:
        assert tag not in {"img", "link", "script", "iframe", "object", "video", "audio"}
        assert not {"src", "background"} & attributes.keys()
        assert "href" not in attributes or (tag, attributes["href"]) == ("a", link)
    assert not re.search(r"url\(|@import|https?:", html.replace(link, ""))


@each
def test_tables_only_hold_the_layout_and_say_so_to_screen_readers(html: str) -> None:
    tables = [attributes for tag, attributes in EmailHtmlParser(html).tags if tag == "table"]
    assert tables
    assert all(attributes["role"] == "presentation" for attributes in tables)


def test_outlook_gets_a_fixed_width_that_no_other_program_reads() -> None:
    html = PAGES["en/recall_notice"]
    opened, closed = html.index("<!--[if mso]><table"), html.index("<!--[if mso]></td>")
    assert 'width="600"' in html[opened : html.index("<![endif]-->", opened)]
    assert opened < html.index('class="sheet"') < closed


def test_the_style_sheet_asks_only_for_dark_colours_and_small_screens() -> None:
    html = PAGES["en/recall_notice"]
    assert set(re.findall(r"@media \(([\w-]+)", html)) == ALLOWED_MEDIA_FEATURES
    dark = html[html.index("prefers-color-scheme") : html.index("</style>")]
    assert {"body", ".sheet", "blockquote"} <= set(re.findall(r"[.\w]+(?=[ ,{])", dark))


@pytest.mark.parametrize(("language", "direction", "start"), [("es", "ltr", "left"), ("ar", "rtl", "right")])
def test_lines_begin_on_the_side_where_the_language_begins(language: str, direction: str, start: str) -> None:
    html = email_from_markdown("A subject", "> **555**\n\n- one", language, sample_site()).html
    assert EmailHtmlParser(html).tags[0] == ("html", {"lang": language, "dir": direction})
    assert f"border-{start}:4px" in html
    assert f"padding-{start}:24px" in html
    assert f'align="{start}"' in html


def test_what_stands_over_others_is_a_real_heading_and_the_date_of_a_visit_is_none() -> None:
    page = PAGES["en/appointment_confirmation"]
    assert re.findall(r"<h2[^>]*>(.*?)</h2>", page) == ["What happens", "What to bring", "Before you come"]
    assert "<strong>Thursday, November 26, 2026</strong>" in page


def test_a_phone_number_stays_in_one_line() -> None:
    assert '<span style="white-space:nowrap">(412)\u00a0555-0100</span>' in PAGES["es/recall_notice"]


def test_the_patient_link_is_a_button_and_in_the_text_part_its_address() -> None:
    text = loader.get_shipped_text("please_call", "en")
    assert text is not None
    words = sample_data.sample_email("please_call", "en", text)
    assert "Open my page: http" in words.text
    assert re.search(rf'<a href="{re.escape(render_patient_page_link())}" style="[^"]*font-weight:bold', words.html)
