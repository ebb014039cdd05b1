"""Measures a batch of letters against setting the same letters as one PDF and nothing else.

Prints the seconds of the whole job (asked again whether each is true, set one by one, stored, the pile and the mail
house's file) and of the bare setting; ends with status 1 above the goal. LETTERS changes the number.
"""

import os
import sys
import time
from contextlib import ExitStack

from bench._test_installation import CountingMailServer, create_site_that_is_always_open, fresh_installation

LETTERS = int(os.environ.get("LETTERS", "1000"))
MAX_SECONDS = 120.0


def main() -> int:
    with ExitStack() as stack:
        mail = stack.enter_context(CountingMailServer())
        stack.enter_context(fresh_installation(mail.port))
        spent, bare, made = time_batch()
    each = spent / made * 1000
    print(f"{made} letters: {spent:.1f} s as a batch, {bare:.1f} s set and nothing else, {each:.0f} ms each")
    return 0 if each <= MAX_SECONDS else 1  # seconds for 1,000


def time_batch() -> tuple[float, float, int]:
    """Seconds of the job, seconds of the bare setting, letters."""
    from clinic.factories import get_site_staff
    from notifications.delivery.worker import send_due
    from notifications.letter_batches import jobs
    from notifications.models import RenderedMessage
    from notifications.rendering import letter_pdf
    from patients.factories import PatientFactory
    from recalls.testing.factories import RecallFactory

    site = create_site_that_is_always_open()
    for _number in range(LETTERS):
        RecallFactory.create(patient=PatientFactory.create(site=site, no_email=True))
    send_due(600)
    batch = jobs.queue_batch(get_site_staff(site).scheduler, site)
    assert batch is not None
    started = time.monotonic()
    jobs.work_on_batch(batch.pk, seconds=600)
    spent = time.monotonic() - started
    copies = list(RenderedMessage.objects.exclude(letter={}))
    started = time.monotonic()
    letter_pdf.render_pdf(copy.letter for copy in copies)
    return spent, time.monotonic() - started, len(copies)


if __name__ == "__main__":
    sys.exit(main())
