"""Command that writes a page of the documentation from the program's own tables, or checks that it is current."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation


class GeneratedPageCommand(BaseCommand):
    """`page_path` from the project's root, and `command`, its own name; `build_page` gives the page as Markdown."""

    page_path: Path
    command: str

    def build_page(self) -> str:
        raise NotImplementedError

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing, exit 1 on a difference")

    def handle(self, *_args: Any, check: bool, **_options: Any) -> None:
        path: Path = settings.BASE_DIR / self.page_path
        with translation.override("en"):
            wanted = self.build_page()
        if not check:
            path.write_text(wanted, encoding="utf-8")
            self.stdout.write(f"{self.page_path} is written.")
        elif not path.exists() or path.read_text(encoding="utf-8") != wanted:
            raise CommandError(f"{self.page_path} is out of date: run python manage.py {self.command} and commit it.")
        else:
            self.stdout.write(f"{self.page_path} is current.")
