"""Issues a fresh link for a patient on the phone: `manage.py patient_link MRN`."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from clinic.actors import SYSTEM
from patients import links
from patients.models import Patient


class Command(BaseCommand):
    help = "Print a fresh link to a patient's own page. It is shown this once and stored only as a hash."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("mrn", help="the patient's record number")
        parser.add_argument("--authority", help="who gave out the number, where two sites use the same one")
        parser.add_argument(
            "--revoke-others", action="store_true", help="end the patient's earlier links, as after a lost phone"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        found = Patient.objects.filter(mrn=options["mrn"], merged_into=None)
        if options["authority"]:
            found = found.filter(assigning_authority=options["authority"])
        patients = list(found[:2])
        if not patients:
            raise CommandError("No patient in use has this record number.")
        if len(patients) > 1:
            raise CommandError("Several patients have this record number. Name the --authority that gave it out.")
        token = links.issue_link(patients[0], by=SYSTEM, revoke_others=options["revoke_others"])
        self.stdout.write(settings.PUBLIC_URL + reverse("portal:link", args=[token]))
