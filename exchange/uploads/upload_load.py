"""Loads an uploaded file in slices of time, each of which begins where the last one ended.

The upload's row says how far it is, so a lost wake-up, a killed worker or an emptied broker stops nothing: the minute's
sweep goes on. A part that was stored and not noted is loaded again and changes nothing.
"""

from contextlib import closing
from datetime import timedelta

import structlog
from celery import current_app
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError

from clinic.actors import actor_for
from clinic.models import Site, User
from exchange.errors import UnusableFile
from exchange.loader import CHUNK_SIZE, Loader, get_sites_by_code
from exchange.models import ResultFile, ResultUpload
from exchange.uploads.upload_reader import open_mapped_upload
from exchange.uploads.upload_store import delete_expired, delete_file
from notifications.delivery.work_time import WorkTime

LOAD_TASK = "exchange.tasks.load_upload"
SLICE_SECONDS = 40.0  # well below the time limit of a task
MAX_ATTEMPTS = 3  # times that a load may break off at the same place
_STALLED_AFTER = timedelta(minutes=2)  # without a sign of life somebody else goes on

log = structlog.get_logger(__name__)


def queue_upload(upload: ResultUpload, *, by: User) -> None:
    """Let a worker load the file; pressing the button twice loads it once."""
    queued = ResultUpload.objects.filter(pk=upload.pk, state=ResultUpload.State.DRAFT).update(
        state=ResultUpload.State.QUEUED, loaded_by=by, seen_at=timezone.now()
    )
    if queued:
        transaction.on_commit(lambda: _wake(upload.pk))


def sweep_uploads() -> int:
    """Go on with what stands still, and delete what expired; the number of uploads woken."""
    now = timezone.now()
    delete_expired(now)
    waiting = (ResultUpload.State.QUEUED, ResultUpload.State.LOADING)
    stalled = ResultUpload.objects.filter(state__in=waiting, seen_at__lt=now - _STALLED_AFTER)
    ids = list(stalled.values_list("pk", flat=True))
    for pk in ids:
        _wake(pk)
    return len(ids)


def load_slice(upload_id: int, seconds: float = SLICE_SECONDS) -> bool:
    """Load on for so many seconds; whether the file is at its end. A load that another worker has is left to it."""
    upload = _claim(upload_id)
    if upload is None:
        return True
    try:
        is_done = _load(upload, WorkTime(seconds))
    except UnusableFile as unusable:
        _finish(upload, ResultUpload.State.FAILED, str(unusable))
        return True
    if is_done:
        _finish(upload, ResultUpload.State.DONE)
    else:
        ResultUpload.objects.filter(pk=upload.pk).update(state=ResultUpload.State.QUEUED)
        _wake(upload.pk)
    return is_done


def sites_of_loader(user: User) -> dict[str, Site]:
    """The sites whose rows the person may load: their own."""
    return {code: site for code, site in get_sites_by_code().items() if site.pk in user.site_ids}


@transaction.atomic
def _claim(upload_id: int) -> ResultUpload | None:
    now = timezone.now()
    upload = ResultUpload.objects.select_for_update().filter(pk=upload_id).first()
    if upload is None or upload.state not in (ResultUpload.State.QUEUED, ResultUpload.State.LOADING):
        return None
    if upload.state == ResultUpload.State.LOADING:
        if upload.seen_at is not None and upload.seen_at > now - _STALLED_AFTER:
            return None
        upload.attempts += 1
    if upload.attempts >= MAX_ATTEMPTS:
        _finish(upload, ResultUpload.State.FAILED, _("The load broke off several times. Ask your administrator."))
        return None
    if upload.file is None and upload.loaded_by is not None:
        name = actor_for(upload.loaded_by).name
        upload.file = ResultFile.objects.create(name=upload.name, site=upload.site, by=name)
    upload.state, upload.seen_at = ResultUpload.State.LOADING, now
    upload.save(update_fields=["state", "seen_at", "attempts", "file"])
    return upload


def _load(upload: ResultUpload, work_time: WorkTime) -> bool:
    """Whether the end was reached before the time was up."""
    if upload.file is None or upload.loaded_by is None:
        raise UnusableFile(_("Nobody is known who started this load. Upload the file again."))
    loader = Loader(upload.file, sites_of_loader(upload.loaded_by), upload.site)
    with open_mapped_upload(upload) as source, closing(source.records()) as records:
        rest = (record for record in records if record.line > upload.lines_done)
        for count, outcome in enumerate(loader.load(rest), start=1):
            if count % CHUNK_SIZE == 0:
                upload.lines_done = outcome.line
                ResultUpload.objects.filter(pk=upload.pk).update(
                    lines_done=outcome.line, seen_at=timezone.now(), attempts=0
                )
                if work_time.is_over():
                    return False
    return True


def _finish(upload: ResultUpload, state: ResultUpload.State, error: str = "") -> None:
    """The file is deleted whatever came of it: rows that were parked are kept in the database."""
    ResultUpload.objects.filter(pk=upload.pk).update(state=state, error=error, finished_at=timezone.now())
    delete_file(upload)
    counts = upload.file.counts if upload.file else {}
    log.info("upload_finished", upload=upload.pk, state=state.value, **counts)


def _wake(upload_id: int) -> None:
    try:
        current_app.send_task(LOAD_TASK, args=[upload_id])
    except (OperationalError, OSError) as error:
        log.warning("no_worker_could_be_woken", error=type(error).__name__)
