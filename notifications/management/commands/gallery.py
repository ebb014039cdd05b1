"""How does every message look? All texts, filled for an invented patient, on one page and as pictures."""

import importlib.util
import shutil
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.template.loader import render_to_string

from notifications import lint, sample, texts

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDTHS = (320, 600)
SCHEMES = ("light", "dark")
_LEAST_HEIGHT = 400


@dataclass(frozen=True, slots=True)
class Shown:
    """One text as an email or letter (`page` is its file), or as the plain words of a text message."""

    name: str
    language: str
    subject: str
    text: str
    page: str = ""
    pictures: tuple[str, ...] = ()


class Command(BaseCommand):
    help = "Write every message in every language to DATA_DIR/gallery, with pictures where there is a Chromium."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--without-pictures", action="store_true", help="Only the pages; takes a second.")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = settings.DATA_DIR / "gallery"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        program = None if options["without_pictures"] else _chromium()
        shown = [_written(folder, name, language, program) for language in texts.languages() for name in texts.names()]
        if program:
            taken = _photograph(program, folder, [one for one in shown if one.page])
            self.stdout.write(f"{taken} pictures")
        elif not options["without_pictures"]:
            self.stdout.write("No pictures: they need Chromium on PATH and the package playwright.")
        index = render_to_string("notifications/gallery.html", {"shown": shown, "widths": WIDTHS, "schemes": SCHEMES})
        (folder / "index.html").write_text(index, encoding="utf-8")
        self.stdout.write(f"{len(shown)} texts in {folder / 'index.html'}")


def _written(folder: Path, name: str, language: str, program: str | None) -> Shown:
    text = texts.shipped(name, language)
    if text is None:
        raise LookupError(f"{language}/{name} is missing")
    words = sample.message(name, language, text)
    if not lint.has_subject(name):
        return Shown(name, language, "", words.text)
    page = f"{language}.{name}.html"
    (folder / page).write_text(words.html, encoding="utf-8")
    pictures = tuple(_pictures(page)) if program else ()
    return Shown(name, language, words.subject, words.text, page, pictures)


def _pictures(page: str) -> Iterator[str]:
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
