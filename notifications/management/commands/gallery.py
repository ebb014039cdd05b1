"""How does every message look? All texts, filled for an invented patient, on one page and as pictures."""

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

from notifications import letters, sample, texts
from notifications.checks import every_text
from notifications.kinds import Channel
from notifications.texts import Text
from patients.contact import show_phone

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDTHS = (320, 600)
SCHEMES = ("light", "dark")
STOP_PAGE = ("ask", "stopped", "unknown")
_LEAST_HEIGHT = 400


@dataclass(frozen=True, slots=True)
class Shown:
    """One text by one channel: `page` and `pdf` are its files, `pictures` those made already."""

    name: str
    channel: str
    language: str
    subject: str
    text: str
    page: str = ""
    pdf: str = ""
    pictures: tuple[str, ...] = ()

    @property
    def photographs(self) -> tuple[str, ...]:
        return tuple(_photographs(self.page)) if self.page else ()


class Command(BaseCommand):
    help = "Write every message in every language to DATA_DIR/gallery, with pictures where there is a Chromium."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--without-pictures", action="store_true", help="Only the pages; takes a few seconds.")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = settings.DATA_DIR / "gallery"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        shown = list(_everything(folder))
        program = None if options["without_pictures"] else _chromium()
        if program:
            taken = _photograph(program, folder, [one for one in shown if one.page])
            self.stdout.write(f"{taken} pictures")
        elif not options["without_pictures"]:
            self.stdout.write("No pictures of pages: they need Chromium on PATH and the package playwright.")
        context = {"shown": shown, "photographed": bool(program)}
        (folder / "index.html").write_text(render_to_string("notifications/gallery.html", context), encoding="utf-8")
        self.stdout.write(f"{len(shown)} texts in {folder / 'index.html'}")


def _everything(folder: Path) -> Iterator[Shown]:
    """By language; each message by each of its channels, then the page that stops emails."""
    for language in texts.languages():
        for name, channel in every_text():
            text = texts.shipped(name, language)
            if text is None:
                raise LookupError(f"{language}/{name} is missing")
            if channel == Channel.SMS:
                yield Shown(name, channel, language, "", sample.text_message(name, language, text))
            else:
                yield from (_emails if channel == Channel.EMAIL else _papers)(folder, name, language, text)
        yield from _stop_pages(folder, language)


def _emails(folder: Path, name: str, language: str, text: Text) -> Iterator[Shown]:
    for number, words in enumerate(sample.messages(name, language, text)):
        page = f"{language}.{_numbered(name, number)}.html"
        (folder / page).write_text(words.html, encoding="utf-8")
        yield Shown(_numbered(name, number), Channel.EMAIL, language, words.subject, words.text, page)


def _papers(folder: Path, name: str, language: str, text: Text) -> Iterator[Shown]:
    for number, letter in enumerate(sample.paper(name, language, text)):
        base = f"{language}.{_numbered(name, number)}.paper"
        (folder / f"{base}.pdf").write_bytes(letters.pdf([letter]))
        pictures = []
        for sheet, picture in enumerate(letters.pictures(letter), start=1):
            pictures.append(f"{base}.{sheet}.png")
            (folder / pictures[-1]).write_bytes(picture)
        pdf = f"{base}.pdf"
        title = letter["title"]
        yield Shown(_numbered(name, number), Channel.LETTER, language, title, "", pdf=pdf, pictures=tuple(pictures))


def _stop_pages(folder: Path, language: str) -> Iterator[Shown]:
    """With the collected style sheets beside them, since a file knows no site."""
    call_command("collectstatic", interactive=False, verbosity=0)
    styles, site = f"{Path(settings.STATIC_ROOT).as_uri()}/", sample.sample_site()
    for step in STOP_PAGE:
        context = {"step": step, "clinic": site.sender_name, "phone": show_phone(site.phone, site.country)}
        with translation.override(language):
            rendered = render_to_string("notifications/stop_emails.html", context)
        page = rendered.replace(f'href="{settings.STATIC_URL}', f'href="{styles}')
        name = f"stop_page.{step}"
        (folder / f"{language}.{name}.html").write_text(page, encoding="utf-8")
        yield Shown(name, "", language, "", "", f"{language}.{name}.html")


def _numbered(name: str, number: int) -> str:
    return f"{name}.{number + 1}" if number else name


def _photographs(page: str) -> Iterator[str]:
    for width in WIDTHS:
        for scheme in SCHEMES:
            yield f"{page.removesuffix('.html')}.{width}.{scheme}.png"


def _chromium() -> str | None:
    if importlib.util.find_spec("playwright") is None:
        return None
    return next((path for name in CHROMIUM if (path := shutil.which(name))), None)


def _photograph(program: str, folder: Path, shown: list[Shown]) -> int:
    """Each page at each width, light and dark; the number of pictures. No page may ask for anything from outside."""
    from playwright.sync_api import sync_playwright  # only a developer's machine has it

    taken = 0
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        for width in WIDTHS:
            for scheme in SCHEMES:
                dark: Any = scheme
                page = browser.new_page(viewport={"width": width, "height": _LEAST_HEIGHT}, color_scheme=dark)
                page.route("http*://**", lambda route: route.abort())
                for one in shown:
                    page.goto((folder / one.page).as_uri())
                    name = one.page.removesuffix(".html")
                    page.screenshot(path=folder / f"{name}.{width}.{scheme}.png", full_page=True)
                    taken += 1
                page.close()
        browser.close()
    return taken
