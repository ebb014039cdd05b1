"""Celery tasks of the FHIR interface; a task is given the number of a job and nothing of its rows."""

from celery import shared_task
from django.utils import timezone

from exchange.fhir.access.cleanup import delete_outdated
from exchange.fhir.export import bulk
from exchange.fhir.webhooks.delivery import deliver_due

WEBHOOK_SECONDS = 40.0


@shared_task
def run_export(job_id: int) -> bool:
    """Whether the export is at its end."""
    return bulk.write_slice(job_id)


@shared_task
def deliver_webhooks() -> int:
    """Send the webhook messages that are due; how many tries were made."""
    return deliver_due(WEBHOOK_SECONDS)


@shared_task
def sweep() -> dict[str, int]:
    """Each minute: delete what is outdated, go on with exports that stand still, send what webhooks are due."""
    delete_outdated(timezone.now())
    return {"exports": bulk.sweep(timezone.now()), "webhooks": deliver_due(WEBHOOK_SECONDS)}
