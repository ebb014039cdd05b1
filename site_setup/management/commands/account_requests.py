"""`manage.py account_requests`: lists what waits for a second administrator; the operator may stand in for one."""

import getpass
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clinic.accounts import requests
from clinic.accounts.models import AccountRequest
from clinic.accounts.one_time_links import make_link
from site_setup.account_news import announce, describe, needs_link


class Command(BaseCommand):
    help = "List what waits for a second administrator; --confirm NUMBER lets the operator of the server confirm it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--confirm", type=int, metavar="NUMBER", help="confirm this request")
        parser.add_argument("--operator", default=getpass.getuser(), help="who confirms; it is kept (default: you)")

    def handle(self, *_args: Any, confirm: int | None, operator: str, **_options: Any) -> None:
        waiting = AccountRequest.objects.filter(decision="").select_related("account", "asked_by")
        if confirm is None:
            for one in waiting:
                self.stdout.write(f"{one.pk}  {one.account.username}: {describe(one)}. Asked by {one.asked_by}.")
            return
        asked = waiting.filter(pk=confirm).first()
        if asked is None:
            raise CommandError("No such request waits. Without --confirm this command lists what waits.")
        requests.confirm_on_server(asked, operator)
        asked.refresh_from_db()
        announce(asked)
        self.stdout.write(f"Confirmed: {asked.account.username}: {describe(asked)}.")
        if needs_link(asked):
            self.stdout.write(f"One-time link for {asked.account.username} alone: {make_link(asked.account)}")
