"""Periodic tasks of the accounts."""

from celery import shared_task

from clinic.accounts.forgotten_password import mail_due_links


@shared_task
def mail_password_links() -> int:
    """Once a minute: who forgot the password waits for it."""
    return mail_due_links()
