"""`manage.py setup_clinic`: the administrator's daily account and a superuser for repairs, each by a one-time link."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from clinic.accounts.one_time_links import make_link
from clinic.models import User
from clinic.roles import Role
from site_setup.access_code import end_code, is_installation_empty

MAINTENANCE = "maintenance"


class Command(BaseCommand):
    help = "Make the first administrator of an empty installation, and a superuser that is nobody's daily account."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username", required=True, help="with which the administrator signs in")
        parser.add_argument("--email", required=True, help="the administrator's address")

    @transaction.atomic
    def handle(self, *_args: Any, username: str, email: str, **_options: Any) -> None:
        if not is_installation_empty():
            raise CommandError("There are accounts already. Sign in, or ask an administrator for an account.")
        if username == MAINTENANCE:
            raise CommandError(f"“{MAINTENANCE}” is the name of the superuser: choose another one for yourself.")
        administrator = User.objects.create_user(username, email, is_staff=True)
        administrator.groups.set(Group.objects.filter(name=Role.ADMINISTRATOR))
        superuser = User.objects.create_superuser(MAINTENANCE)
        end_code()
        self.stdout.write(f"Administrator {username}, for every day: {make_link(administrator)}")
        self.stdout.write(f"Superuser {MAINTENANCE}, for repairs alone: {make_link(superuser)}")
