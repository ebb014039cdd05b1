"""Command that makes the roles of PostgreSQL: owner, web, worker and audit."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils.translation import gettext as _

from history.database_roles import ROLES, create_roles


class Command(BaseCommand):
    help = (
        "Make the roles of owner, web, worker and audit on PostgreSQL, give every table to the owner and each role the "
        "least rights. Run it once as a superuser; from then on `migrate` runs as the owner and keeps the rights."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError(_("Only PostgreSQL has roles."))
        create_roles(connection)
        self.stdout.write(", ".join(ROLES))
