"""Fits the estimate of missed visits of each site that uses it anew, and prints what it rests on."""

from typing import Any

from django.core.management.base import BaseCommand

from recalls.actions.reminder_calls.refit import refit
from recalls.models import ReminderCallPolicy


class Command(BaseCommand):
    help = "Fits the estimate of missed visits anew, also where this week's is there."

    def handle(self, *args: Any, **options: Any) -> None:
        policies = ReminderCallPolicy.objects.filter(is_on=True).select_related("site").order_by("pk")
        for policy in policies:
            fit = refit(policy)
            used = "fitted" if fit.coefficients else "too few for an estimate"
            self.stdout.write(f"{policy.site.code}: {fit.visits} visits, {fit.missed} missed, {used}")
        if not policies:
            self.stdout.write("No site uses the estimate.")
