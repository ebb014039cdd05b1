"""Tests that all letters of a site are made as one job, leave as files that expire, and get their tracking numbers."""

import csv
import io
import zipfile
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pypdf import PageObject, PdfReader

from clinic import calendar
from clinic.models import AccessLog, Site, User
from notifications.delivery.worker import send_due
from notifications.enums import NotificationState
from notifications.letter_batches import files, jobs
from notifications.models import BatchLetter, LetterBatch, Letterhead, Notification, RenderedMessage
from patients.factories import PatientFactory
from recalls import actions
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import Clock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def letter_folder(settings: Any, tmp_path: Path) -> Path:
    settings.LETTER_DIR = tmp_path / "letters"
    return tmp_path / "letters"


@pytest.fixture
def batch(clock: Clock, shadyside: Site, scheduler_ana: User) -> LetterBatch:
    """Of three letters; one name asks for harm in a spreadsheet, one is in a script that no font here can set."""
    for name in ("Sample-Oak", "=Sample-Elm", "\U00013000"):
        patient = PatientFactory.create(site=shadyside, no_email=True, family_name=name)
        RecallFactory.create(patient=patient)
    send_due(5)
    made = jobs.queue_batch(scheduler_ana, shadyside)
    assert made is not None
    return made


class KilledError(BaseException):
    """Nothing catches it, as nothing catches kill -9."""


def die_at_save(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """The worker dies as it is about to write down the place of the so many-th letter."""
    saves = 0
    save = BatchLetter.save

    def save_or_die(letter: BatchLetter, **kwargs: Any) -> None:
        nonlocal saves
        saves += 1
        if saves == number:
            raise KilledError
        save(letter, **kwargs)

    monkeypatch.setattr(BatchLetter, "save", save_or_die)


def get_states(batch: LetterBatch) -> list[str]:
    return [letter.state for letter in batch.letters.all()]


def pages_of(batch: LetterBatch) -> list[PageObject]:
    """The pages of the pile that are not the blank back of a sheet."""
    pile = PdfReader(files.folder_of(batch) / files.PILE)
    return [page for page in pile.pages if page.extract_text().strip()]


def test_a_letter_that_cannot_be_set_is_set_aside_and_the_batch_goes_on(batch: LetterBatch) -> None:
    assert jobs.work_on_batch(batch.pk)
    batch.refresh_from_db()
    assert batch.state == LetterBatch.State.READY
    assert sorted(get_states(batch)) == ["failed", "ready", "ready"]
    failed = batch.letters.get(state=BatchLetter.State.FAILED).notification
    assert failed.recall.work_items.filter(done_at=None).exists()


def test_the_pile_is_tagged_embeds_its_fonts_and_says_word_for_word_what_the_messages_say(batch: LetterBatch) -> None:
    jobs.work_on_batch(batch.pk)
    pile = PdfReader(files.folder_of(batch) / files.PILE)
    catalogue: Any = pile.trailer["/Root"]
    assert catalogue["/MarkInfo"]["/Marked"]
    assert catalogue["/StructTreeRoot"]["/K"]
    assert catalogue["/Lang"]
    pages: list[Any] = pages_of(batch)
    fonts = [font.get_object() for page in pages for font in page["/Resources"]["/Font"].values()]
    for font in fonts:
        descendant = font["/DescendantFonts"][0].get_object()
        assert {"/FontFile2", "/FontFile3"} & set(descendant["/FontDescriptor"])
    words = ["".join(page.extract_text().split()) for page in pages]
    ready = [letter.notification_id for letter in batch.letters.filter(state=BatchLetter.State.READY)]
    assert len(words) == len(ready) == 2
    for number, page in zip(ready, words, strict=True):
        assert "".join(RenderedMessage.objects.get(notification=number).text.split()) in page


def test_the_address_stands_in_the_window_of_the_envelope(batch: LetterBatch) -> None:
    jobs.work_on_batch(batch.pk)
    places: list[tuple[float, float]] = []

    def visit(text: str, sheet: list[float], line: list[float], _font: Any, _size: Any) -> None:
        if "Sample-Oak" in text and not places:
            places.append((sheet[4] + sheet[0] * line[4], sheet[5] + sheet[3] * line[5]))

    pages_of(batch)[0].extract_text(visitor_text=visit)
    # 2.2 to 3.1 inches from the top, an inch from the left, in points of 1/72 inch.
    (x, y), *_none = places
    assert x == pytest.approx(72, abs=4)
    assert 792 - 3.1 * 72 < y < 792 - 2.2 * 72


def test_the_mail_house_gets_each_letter_and_an_address_list_without_formulas(batch: LetterBatch) -> None:
    jobs.work_on_batch(batch.pk)
    with zipfile.ZipFile(files.folder_of(batch) / files.MAIL_HOUSE) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("letters.csv").decode("utf-8-sig"))))
        assert [row["file"] for row in rows] == archive.namelist()[1:]
        page = PdfReader(BytesIO(archive.read(rows[0]["file"]))).pages[0].extract_text()
    assert "Testa Sample-Oak" in page
    assert not any(cell.startswith("=") for row in rows for cell in row.values())


def test_a_killed_worker_leaves_a_batch_that_the_next_one_finishes(batch: LetterBatch, clock: Clock) -> None:
    assert not jobs.work_on_batch(batch.pk, seconds=-1)
    LetterBatch.objects.filter(pk=batch.pk).update(state="working", seen_at=timezone.now() - timedelta(minutes=5))
    assert jobs.sweep_batches() == 1
    assert jobs.work_on_batch(batch.pk)
    assert get_states(batch).count("ready") == 2


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_worker_that_dies_between_a_letter_and_its_place_in_the_batch_leaves_that_letter_to_the_next(
    batch: LetterBatch, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """It dies at the first, second or third letter, after the letter was set or set aside."""
    die_at_save(monkeypatch, number)
    with pytest.raises(KilledError):
        jobs.work_on_batch(batch.pk)
    monkeypatch.undo()
    LetterBatch.objects.filter(pk=batch.pk).update(seen_at=timezone.now() - timedelta(minutes=5))
    assert jobs.work_on_batch(batch.pk)
    assert sorted(get_states(batch)) == ["failed", "ready", "ready"]
    assert len(pages_of(batch)) == 2


@pytest.mark.parametrize(("number", "end"), [(1, "failed"), (2, "ready")])
def test_a_batch_is_given_up_that_breaks_off_at_one_letter_and_none_that_gets_on_between_two_kills(
    batch: LetterBatch, monkeypatch: pytest.MonkeyPatch, number: int, end: str
) -> None:
    """Its worker died for the second time, and dies once more: at the first letter that is left, or at a later one."""
    long_ago = timezone.now() - timedelta(minutes=5)
    LetterBatch.objects.filter(pk=batch.pk).update(state="working", attempts=1, seen_at=long_ago)
    die_at_save(monkeypatch, number)
    with pytest.raises(KilledError):
        jobs.work_on_batch(batch.pk)
    monkeypatch.undo()
    LetterBatch.objects.filter(pk=batch.pk).update(seen_at=long_ago)
    jobs.work_on_batch(batch.pk)
    batch.refresh_from_db()
    assert batch.state == end


@pytest.mark.parametrize("number", [1, 2])
def test_a_worker_that_dies_while_letters_are_noted_as_posted_notes_none_twice(
    batch: LetterBatch, scheduler_ana: User, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    jobs.work_on_batch(batch.pk)
    jobs.queue_posted(batch, by=scheduler_ana)
    die_at_save(monkeypatch, number)
    with pytest.raises(KilledError):
        jobs.work_on_batch(batch.pk)
    monkeypatch.undo()
    assert jobs.work_on_batch(batch.pk)
    assert sorted(get_states(batch)) == ["failed", "posted", "posted"]
    posted = batch.letters.filter(state=BatchLetter.State.POSTED)
    assert [letter.notification.attempts.filter(result="accepted").count() for letter in posted] == [1, 1]


def test_a_letter_that_somebody_noted_as_printed_is_posted_and_not_called_untrue(
    batch: LetterBatch, client: Client, scheduler_ana: User
) -> None:
    jobs.work_on_batch(batch.pk)
    letter = batch.letters.filter(state=BatchLetter.State.READY).first()
    assert letter is not None
    client.force_login(scheduler_ana)
    client.post(reverse("letters_printed"), {"letter": [letter.notification_id]})
    client.post(reverse("letter_batch_posted", args=[batch.pk]))
    jobs.work_on_batch(batch.pk)
    assert sorted(get_states(batch)) == ["failed", "posted", "posted"]


def test_a_letter_of_a_batch_in_the_making_is_offered_to_nobody_else(
    batch: LetterBatch, client: Client, scheduler_ana: User
) -> None:
    numbers = [letter.notification_id for letter in batch.letters.all()]
    client.force_login(scheduler_ana)
    assert "No letter waits." in client.get(reverse("letters")).content.decode()
    assert client.post(reverse("letters_pdf"), {"letter": numbers}).status_code == 302
    assert not Notification.objects.filter(pdf_made_at__isnull=False).exists()


def test_a_letter_that_went_into_a_pdf_by_hand_meanwhile_is_not_in_the_pile(batch: LetterBatch) -> None:
    jobs.work_on_batch(batch.pk, seconds=-1)
    by_hand = batch.letters.filter(state=BatchLetter.State.READY).first()
    assert by_hand is not None
    Notification.objects.filter(pk=by_hand.notification_id).update(pdf_made_at=timezone.now())
    jobs.work_on_batch(batch.pk)
    assert sorted(get_states(batch)) == ["failed", "left_out", "ready"]
    assert len(pages_of(batch)) == 1


def test_a_letter_whose_recall_ended_while_the_batch_was_made_is_not_in_the_pile(
    batch: LetterBatch, scheduler_ana: User
) -> None:
    jobs.work_on_batch(batch.pk, seconds=-1)
    gone = batch.letters.filter(state=BatchLetter.State.READY).first()
    assert gone is not None
    recall = gone.notification.recall
    actions.mark_deceased(recall, by=scheduler_ana, died_on=calendar.today(recall.site), note="told by phone")
    jobs.work_on_batch(batch.pk)
    assert sorted(get_states(batch)) == ["failed", "left_out", "ready"]


def test_texts_and_letterhead_are_read_once_for_many_letters(
    batch: LetterBatch, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(200) as seen:
        jobs.work_on_batch(batch.pk, seconds=-1)
    tables = ("notifications_messagetext", "notifications_letterhead")
    reads = {table: sum(f'FROM "{table}"' in query["sql"] for query in seen.captured_queries) for table in tables}
    assert reads == dict.fromkeys(tables, 1)


def test_what_was_posted_counts_as_sent_unless_it_is_not_true_any_more(
    batch: LetterBatch, client: Client, scheduler_ana: User
) -> None:
    jobs.work_on_batch(batch.pk)
    first, second = (letter.notification for letter in batch.letters.filter(state=BatchLetter.State.READY))
    actions.mark_deceased(
        second.recall, by=scheduler_ana, died_on=calendar.today(second.recall.site), note="told by phone"
    )
    client.force_login(scheduler_ana)
    client.post(reverse("letter_batch_posted", args=[batch.pk]))
    assert jobs.work_on_batch(batch.pk)
    first.refresh_from_db()
    assert first.state == NotificationState.ACCEPTED
    assert sorted(get_states(batch)) == ["failed", "left_out", "posted"]


def test_a_file_opens_at_ones_own_site_is_logged_for_each_patient_and_goes_after_a_week(
    batch: LetterBatch, client: Client, scheduler_ana: User, other_site_scheduler: User
) -> None:
    jobs.work_on_batch(batch.pk)
    address = reverse("letter_batch_pdf", args=[batch.pk])
    client.force_login(other_site_scheduler)
    assert client.get(address).status_code == 404
    client.force_login(scheduler_ana)
    before = AccessLog.objects.count()
    response = client.get(address)
    assert b"".join(response.streaming_content).startswith(b"%PDF")  # type: ignore[attr-defined]
    assert AccessLog.objects.count() == before + 2
    LetterBatch.objects.update(made_at=timezone.now() - timedelta(days=8))
    jobs.sweep_batches()
    assert client.get(address).status_code == 404
    assert not list(files.folder_of(batch).iterdir())


def test_pressing_twice_makes_one_batch(batch: LetterBatch, client: Client, scheduler_ana: User) -> None:
    client.force_login(scheduler_ana)
    client.post(reverse("letter_batch_start"), {"site": batch.site_id})
    assert LetterBatch.objects.count() == 1
    assert client.get(reverse("letter_batch", args=[batch.pk])).status_code == 200


def test_the_letterhead_is_on_every_letter_of_the_site(batch: LetterBatch) -> None:
    Letterhead.objects.create(site=batch.site, lines="Accredited by nobody\nwww.example.org")
    jobs.work_on_batch(batch.pk)
    for page in pages_of(batch):
        assert "www.example.org" in page.extract_text()
    assert Notification.objects.filter(pdf_made_at__isnull=False).count() == 2
