"""`manage.py demo`: makes the demo clinic in an empty installation, or shows its logins again."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.utils import timezone

from clinic.models import Site, User
from demo import logins, seed_history
from demo.earlier_offers import create_offers
from demo.intake import load_parked_rows
from demo.seed_sites import create_sites, extend_hours
from demo.today import create_today


class Command(BaseCommand):
    help = "Make a demo clinic: two sites, staff in each role, 200 invented patients with a past. Never in production."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="do nothing where there is a clinic already")
        parser.add_argument("--show-logins", action="store_true", help="print the logins of the demo that is there")

    def handle(self, *_args: Any, if_empty: bool, show_logins: bool, **_options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The production profile holds real patients: it gets no demo clinic.")
        if show_logins:
            self._show_logins()
        elif not Site.objects.exists() and not User.objects.exists():
            self._create_demo()
        elif not if_empty:
            raise CommandError("There is a clinic already. The demo is made only in an empty installation.")
        elif logins.read_logins():
            self.stdout.write(f"The demo clinic is as you left it. Its logins: {logins.logins_path()}")

    def _show_logins(self) -> None:
        page = logins.read_logins()
        if page is None:
            raise CommandError(f"There is no {logins.logins_path()}: this installation has no demo clinic.")
        self.stdout.write(page)

    def _create_demo(self) -> None:
        self.stdout.write("Making the demo clinic, with months of past for 200 patients (half a minute) ...")
        self.stdout.flush()
        password = logins.generate_password()
        page = logins.write_logins(password)
        with transaction.atomic():
            places = create_sites(password)
            seed_history.create_history(places, timezone.now())
            create_today(places[0])
            create_offers(places[0])
            load_parked_rows()
            extend_hours(places[0].site)
            connection.run_on_commit.clear()  # what was due is sent: nobody need be woken, and nobody runs yet
        self.stdout.write(f"\n{page}")
