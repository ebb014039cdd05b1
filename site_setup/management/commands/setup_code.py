"""`manage.py setup_code`: prints the code with which the first account is made in the browser."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from site_setup.access_code import create_code, is_installation_empty


class Command(BaseCommand):
    help = "Print a new code that makes the first account of an empty installation in the browser."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="say nothing where there are accounts already")

    def handle(self, *_args: Any, if_empty: bool, **_options: Any) -> None:
        if is_installation_empty():
            address = f"{settings.PUBLIC_URL}{reverse('first_account')}"
            self.stdout.write(f"\nSet up this clinic in the browser: {address}\nSet-up code: {create_code()}\n")
        elif not if_empty:
            raise CommandError("There are accounts already. Sign in, or ask an administrator for an account.")
