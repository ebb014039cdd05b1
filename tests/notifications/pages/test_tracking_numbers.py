"""Tests that the carrier's numbers are read back without a wrong one, and shown wherever the letter is."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from clinic.models import AccessLog, Site, User
from notifications.delivery.worker import send_due
from notifications.letter_batches import jobs
from notifications.models import BatchLetter, LetterBatch
from notifications.tracking_numbers import find_fault
from patients.factories import PatientFactory
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import Clock

pytestmark = pytest.mark.django_db


def label(serial: int) -> str:
    """A number as the US Postal Service prints it for certified mail, with its check digit."""
    body = f"9407100000000{serial:08}"
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return f"{body}{-total % 10}"


@pytest.fixture(autouse=True)
def letter_folder(settings: Any, tmp_path: Path) -> None:
    settings.LETTER_DIR = tmp_path / "letters"


@pytest.fixture
def letters(clock: Clock, shadyside: Site, scheduler_ana: User, client: Client) -> list[BatchLetter]:
    """Four letters of one batch, posted by Ana, who is signed in."""
    client.force_login(scheduler_ana)
    return list(make_batch(shadyside, scheduler_ana, 4).letters.all())


def make_batch(site: Site, user: User, count: int) -> LetterBatch:
    for _number in range(count):
        RecallFactory.create(patient=PatientFactory.create(site=site, no_email=True))
    send_due(5)
    batch = jobs.queue_batch(user, site)
    assert batch is not None
    jobs.work_on_batch(batch.pk)
    jobs.queue_posted(batch, by=user)
    jobs.work_on_batch(batch.pk)
    return batch


def upload(client: Client, batch: LetterBatch, *lines: str) -> str:
    file = SimpleUploadedFile("t.csv", "\n".join(["Letter;Tracking", *lines]).encode("utf-8-sig"))
    return client.post(reverse("letter_batch_tracking", args=[batch.pk]), {"file": file}).content.decode()


def numbers(batch: LetterBatch) -> list[str]:
    return list(batch.letters.values_list("tracking_number", flat=True))


def grouped(number: str) -> str:
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))


def test_good_lines_are_taken_and_each_bad_one_is_named_with_its_line_and_what_to_do(
    client: Client, letters: list[BatchLetter]
) -> None:
    first, second, third, fourth = letters
    page = upload(
        client,
        first.batch,
        f"{first.notification_id};{grouped(label(1))}",  # line 2, good
        "",
        f"{second.notification_id};?",  # line 4
        f"999999;{label(4)}",
        f"{third.notification_id};9.40711E+21",
        f"00004-{fourth.notification_id}.pdf;{label(7)[:-1]}{(int(label(7)[-1]) + 1) % 10}",
        f"{second.notification_id};",
    )
    assert numbers(first.batch) == [label(1), "", "", ""]
    assert "1 letter has its number." in page
    for words in (
        "Line 4: “?” is no tracking number",
        "Line 5: no letter of this batch is “999999”. Compare it with the first column",
        "Line 6: a spreadsheet has rounded the number. Make the column text",
        "is mistyped: its check digit does not fit. Compare it with the receipt.",
        "Line 8: the tracking number is missing. Add it, or take the row out.",
    ):
        assert words in page


def test_a_letter_with_two_numbers_in_the_file_gets_neither_and_a_repeated_line_counts_once(
    client: Client, letters: list[BatchLetter]
) -> None:
    first, second, *_others = letters
    page = upload(
        client,
        first.batch,
        f"{first.notification_id};{label(1)}",
        f"{first.notification_id};{label(2)}",
        f"{second.notification_id};{label(3)}",
        f"{second.notification_id};{grouped(label(3))}",
    )
    assert numbers(first.batch) == ["", label(3), "", ""]
    assert f"Line 2: letter {first.notification_id} stands in lines 2, 3 with different numbers." in page
    assert "Line 5: the same as line 4, which was taken. Nothing to do." in page


def test_one_number_for_two_letters_of_a_file_goes_to_neither(client: Client, letters: list[BatchLetter]) -> None:
    first, second, third, _fourth = letters
    page = upload(
        client,
        first.batch,
        f"{first.notification_id};{label(1)}",
        f"{second.notification_id};{label(1)}",
        f"{third.notification_id};{label(2)}",
    )
    assert numbers(first.batch) == ["", "", label(2), ""]
    assert "lines 2, 3 give the same number to different letters. Keep it at the right one only." in page


def test_a_number_that_another_letter_has_is_refused_also_that_of_another_batch(
    client: Client, letters: list[BatchLetter], shadyside: Site, scheduler_ana: User
) -> None:
    first, second, *_others = letters
    upload(client, first.batch, f"{first.notification_id};{label(1)}")
    other = make_batch(shadyside, scheduler_ana, 1)
    stranger = other.letters.get()
    words = f"letter {first.notification_id} has this number already"
    assert words in upload(client, first.batch, f"{second.notification_id};{label(1)}")
    assert words in upload(client, other, f"{stranger.notification_id};{label(1)}")
    assert numbers(first.batch)[1] == ""
    assert numbers(other) == [""]


def test_the_same_file_may_be_read_again_and_a_corrected_one_replaces_and_says_so(
    client: Client, letters: list[BatchLetter]
) -> None:
    first, second, *_others = letters
    lines = (f"{first.notification_id};{label(1)}", f"{second.notification_id};{label(2)}")
    upload(client, first.batch, *lines)
    assert "had another number" not in upload(client, first.batch, *lines)
    swapped = (f"{first.notification_id};{label(2)}", f"{second.notification_id};{label(1)}")
    assert "2 of them had another number before." in upload(client, first.batch, *swapped)
    assert numbers(first.batch)[:2] == [label(2), label(1)]


def test_a_letter_that_was_not_in_the_pile_gets_no_number(client: Client, letters: list[BatchLetter]) -> None:
    BatchLetter.objects.filter(pk=letters[0].pk).update(state=BatchLetter.State.LEFT_OUT)
    page = upload(client, letters[0].batch, f"{letters[0].notification_id};{label(1)}")
    assert f"letter {letters[0].notification_id} was not in the pile. Take the row out" in page


def test_the_number_stands_on_the_recall_its_messages_the_letter_the_list_and_the_record(
    client: Client, letters: list[BatchLetter]
) -> None:
    letter = letters[0]
    upload(client, letter.batch, f"{letter.notification_id};{label(1)}")
    recall = letter.notification.recall
    for address in (
        reverse("recall", args=[recall.pk]),
        reverse("messages", args=[recall.pk]),
        reverse("message", args=[letter.notification_id]),
        reverse("letters"),
        reverse("patient", args=[recall.patient_id]),
    ):
        assert grouped(label(1)) in client.get(address).content.decode(), address


def test_a_letter_is_found_by_its_tracking_number_or_its_own_however_it_is_typed(
    client: Client, letters: list[BatchLetter], other_site_scheduler: User
) -> None:
    letter = letters[0]
    upload(client, letter.batch, f"{letter.notification_id};{label(1)}")
    for typed in (label(1), grouped(label(1)), str(letter.notification_id)):
        before = AccessLog.objects.filter(patient_id=letter.notification.patient_id).count()
        answer = client.post(reverse("letters"), {"q": typed})
        assert answer.status_code == 302
        assert typed not in answer.headers["Location"]
        page = client.get(reverse("letters")).content.decode()
        found = page[page.index("Letters found") : page.index("To be printed")]
        assert reverse("message", args=[letter.notification_id]) in found
        assert AccessLog.objects.filter(patient_id=letter.notification.patient_id).count() > before
    client.force_login(other_site_scheduler)
    client.post(reverse("letters"), {"q": label(1)})
    assert "No letter of your sites has this number." in client.get(reverse("letters")).content.decode()


@pytest.mark.parametrize(
    ("number", "is_good"),
    [
        (label(12345), True),
        (f"{label(12345)[:-2]}00", label(12345).endswith("00")),
        ("RR473124829GB", True),
        ("RR473124820GB", False),
        ("1ZTESTNUMBER", True),
        ("12345", False),
    ],
)
def test_a_slip_of_the_pen_is_found_where_the_number_bears_a_check_digit(number: str, is_good: bool) -> None:
    assert (find_fault(number) == "") == is_good
