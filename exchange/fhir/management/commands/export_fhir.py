"""Prints everything about one patient as FHIR R4."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clinic.models import User
from exchange.fhir.export.patient_export import export_patient
from recalls.selectors.patients import patients_of


class Command(BaseCommand):
    """One patient by record number, for an account that may see them."""

    help = "Prints a Bundle of everything about one patient; the access log says for whom."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--patient", required=True, metavar="MRN")
        parser.add_argument("--by", required=True, metavar="USERNAME", help="whose sites count, and who is logged")
        parser.add_argument("--authority", metavar="NAME", help="who gave out the number, where two did")

    def handle(self, *args: Any, **options: Any) -> None:
        account = User.objects.filter(username=options["by"], is_active=True).first()
        if account is None:
            raise CommandError("No active account has this user name.")
        found = patients_of(account).filter(mrn=options["patient"])
        if options["authority"]:
            found = found.filter(assigning_authority=options["authority"])
        patients = list(found[:2])
        if len(patients) != 1:
            message = "Two patients have it: add --authority." if patients else "No patient at their sites has it."
            raise CommandError(message)
        patient = patients[0].merged_into or patients[0]
        self.stdout.write(json.dumps(export_patient(patient, account), ensure_ascii=False, indent=1))
