"""Writes every text, filled for an invented patient, to one HTML page with screenshots."""

import importlib.util
import shutil
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.template.loader import render_to_string
from django.utils import translation

from notifications.checks import list_text_variants
from notifications.content import loader
from notifications.content.loader import TextTemplate
from notifications.enums import Channel
from notifications.rendering import letter_pdf, sample_data
from patients.contact_validation import format_phone

CHROMIUM_COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SCREENSHOT_WIDTHS = (320, 600)
COLOR_SCHEMES = ("light", "dark")
UNSUBSCRIBE_PAGE_STEPS = ("ask", "stopped", "unknown")
_MIN_HEIGHT = 400
EXPLAINER = "explainer"


@dataclass(frozen=True, slots=True)
class GalleryItem:
    """One text on one channel, or one explainer: `page` and `pdf` name its files, `letter_images` a letter's pages."""

    name: str
    channel: str
    language: str
    subject: str
    text: str
    page: str = ""
    pdf: str = ""
    letter_images: tuple[str, ...] = ()

    @property
    def screenshots(self) -> tuple[str, ...]:
        return tuple(_screenshot_names(self.page)) if self.page else ()


class Command(BaseCommand):
    help = "Write every message in every language to DATA_DIR/gallery, with pictures where there is a Chromium."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--without-pictures", action="store_true", help="Only the pages; takes a few seconds.")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = settings.DATA_DIR / "gallery"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        items = list(_iter_gallery_items(folder))
        program = None if options["without_pictures"] else _find_chromium()
        if program:
            taken = _take_screenshots(program, folder, [item for item in items if item.page])
            self.stdout.write(f"{taken} pictures")
        elif not options["without_pictures"]:
            self.stdout.write("No pictures of pages: they need Chromium on PATH and the package playwright.")
        context = {"items": items, "has_screenshots": bool(program)}
        (folder / "index.html").write_text(
            render_to_string("notifications/message_gallery.html", context), encoding="utf-8"
        )
        self.stdout.write(f"{len(items)} texts in {folder / 'index.html'}")


def _iter_gallery_items(folder: Path) -> Iterator[GalleryItem]:
    """For each language each message on each of its channels, each explainer, then the unsubscribe pages."""
    for language in loader.list_languages():
        for name, channel in list_text_variants():
            text = loader.get_shipped_text(name, language)
            if text is None:
                raise LookupError(f"{language}/{name} is missing")
            if channel == Channel.SMS:
                yield GalleryItem(name, channel, language, "", sample_data.sample_sms(name, language, text))
            else:
                yield from (_write_emails if channel == Channel.EMAIL else _write_letters)(folder, name, language, text)
        yield from explainer_items(language)
        yield from _write_unsubscribe_pages(folder, language)


def explainer_items(language: str) -> Iterator[GalleryItem]:
    """Each whole, as the patient's page shows it; messages take the first paragraph."""
    for name in loader.list_explainer_names():
        text = loader.get_shipped_text(name, language)
        if text is None:
            raise LookupError(f"{language}/{name} is missing")
        words = next(sample_data.sample_emails(name, language, text)).text
        yield GalleryItem(name, EXPLAINER, language, text.heading, words)


def _write_emails(folder: Path, name: str, language: str, text: TextTemplate) -> Iterator[GalleryItem]:
    for number, words in enumerate(sample_data.sample_emails(name, language, text)):
        page = f"{language}.{_numbered_name(name, number)}.html"
        (folder / page).write_text(words.html, encoding="utf-8")
        yield GalleryItem(_numbered_name(name, number), Channel.EMAIL, language, words.subject, words.text, page)


def _write_letters(folder: Path, name: str, language: str, text: TextTemplate) -> Iterator[GalleryItem]:
    for number, letter in enumerate(sample_data.sample_letters(name, language, text)):
        base = f"{language}.{_numbered_name(name, number)}.paper"
        (folder / f"{base}.pdf").write_bytes(letter_pdf.render_pdf([letter]))
        pictures = []
        for sheet, picture in enumerate(letter_pdf.render_png_pages(letter), start=1):
            pictures.append(f"{base}.{sheet}.png")
            (folder / pictures[-1]).write_bytes(picture)
        pdf = f"{base}.pdf"
        title = letter["title"]
        yield GalleryItem(
            _numbered_name(name, number), Channel.LETTER, language, title, "", pdf=pdf, letter_images=tuple(pictures)
        )


def _write_unsubscribe_pages(folder: Path, language: str) -> Iterator[GalleryItem]:
    """Their style sheets are collected and linked as files, since the gallery is opened without a server."""
    call_command("collectstatic", interactive=False, verbosity=0)
    styles, site = f"{Path(settings.STATIC_ROOT).as_uri()}/", sample_data.sample_site()
    for step in UNSUBSCRIBE_PAGE_STEPS:
        context = {"step": step, "clinic": site.sender_name, "phone": format_phone(site.phone, site.country)}
        with translation.override(language):
            rendered = render_to_string("notifications/unsubscribe.html", context)
        page = rendered.replace(f'href="{settings.STATIC_URL}', f'href="{styles}')
        name = f"stop_page.{step}"
        (folder / f"{language}.{name}.html").write_text(page, encoding="utf-8")
        yield GalleryItem(name, "", language, "", "", f"{language}.{name}.html")


def _numbered_name(name: str, number: int) -> str:
    return f"{name}.{number + 1}" if number else name


def _screenshot_names(page: str) -> Iterator[str]:
    for width in SCREENSHOT_WIDTHS:
        for scheme in COLOR_SCHEMES:
            yield f"{page.removesuffix('.html')}.{width}.{scheme}.png"


def _find_chromium() -> str | None:
    if importlib.util.find_spec("playwright") is None:
        return None
    return next((path for name in CHROMIUM_COMMANDS if (path := shutil.which(name))), None)


def _take_screenshots(program: str, folder: Path, items: list[GalleryItem]) -> int:
    """Screenshots of each page at each width, light and dark, without network; returns their number."""
    from playwright.sync_api import sync_playwright  # installed only for development

    taken = 0
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        for width in SCREENSHOT_WIDTHS:
            for scheme in COLOR_SCHEMES:
                dark: Any = scheme
                page = browser.new_page(viewport={"width": width, "height": _MIN_HEIGHT}, color_scheme=dark)
                page.route("http*://**", lambda route: route.abort())
                for item in items:
                    page.goto((folder / item.page).as_uri())
                    name = item.page.removesuffix(".html")
                    page.screenshot(path=folder / f"{name}.{width}.{scheme}.png", full_page=True)
                    taken += 1
                page.close()
        browser.close()
    return taken
