"""Celery tasks of intake: load uploads in slices of time, and each minute go on with what stands still.

A task is given the number of an upload and nothing of its rows.
"""

from celery import shared_task

from exchange.hl7.awaited_finals import warn_of_missing_finals
from exchange.hl7.outbound.deliver import send_status_messages
from exchange.hl7.outbound.plan import plan_status_messages
from exchange.hl7.processing import process_received
from exchange.hl7.retention import empty_old_bodies
from exchange.uploads import upload_load

HL7_SECONDS = 40.0  # well below the time limit of a task


@shared_task
def load_upload(upload_id: int) -> bool:
    """Whether the file is at its end."""
    return upload_load.load_slice(upload_id)


@shared_task
def sweep_uploads() -> int:
    """Each minute; the number of uploads woken."""
    return upload_load.sweep_uploads()


@shared_task
def apply_hl7_messages() -> dict[str, int]:
    """Each minute: apply what no listener has applied, and warn of final reports that do not come.

    The number of messages by what became of them.
    """
    return {**process_received(HL7_SECONDS), "final_missing": warn_of_missing_finals()}


@shared_task
def empty_hl7_messages() -> int:
    """Each hour; the number of messages whose body was kept for long enough."""
    return empty_old_bodies(HL7_SECONDS)


@shared_task
def send_hl7_status() -> dict[str, int]:
    """Each minute: plan and send what receivers are owed; the number of messages by what became of them."""
    planned = plan_status_messages()
    return {"planned": planned, **send_status_messages(HL7_SECONDS)}
