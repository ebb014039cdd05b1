"""Passwords are hard to guess for who knows the clinic, and guessing is slowed without locking an office out."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic.accounts.models import SecurityEvent
from clinic.accounts.security_log import name_key
from clinic.accounts.throttles import MAX_FAILURES_OF_A_NAME, MAX_NAMES_AT_AN_ADDRESS
from clinic.models import Site, User
from tests.accounts.conftest import PASSWORD

pytestmark = pytest.mark.django_db
OFFICE, ELSEWHERE = "192.0.2.10", "203.0.113.66"


@pytest.mark.parametrize(
    "password",
    [
        "recalldesk2026", "Mammogram2026!", "shadyside2026", "Shadyside-Imaging-26", "navigator-nis", "nisnisnisnis",
        "password1234", "Passw0rd1234!", "qwertyuiop12", "iloveyou2026", "ana-example-ana",
    ],
)  # fmt: skip
def test_words_of_the_clinic_known_passwords_and_patterns_are_refused(
    password: str, scheduler_ana: User, shadyside: Site
) -> None:
    with pytest.raises(ValidationError):
        validate_password(password, scheduler_ana)


@pytest.mark.parametrize(
    "password", ["eleven slow rivers", "nine quiet harbours", "x" * 20 + "Vq7 pelican tuba 55" * 9]
)
def test_unrelated_words_and_long_ones_are_taken(password: str, scheduler_ana: User) -> None:
    validate_password(password, scheduler_ana)


def _try(name: str, password: str, address: str) -> int:
    return Client().post("/sign-in/", {"username": name, "password": password}, REMOTE_ADDR=address).status_code


def _failures(count: int, address: str = ELSEWHERE) -> None:
    """As many failed names from there within the hour."""
    SecurityEvent.objects.bulk_create(
        SecurityEvent(kind=SecurityEvent.Kind.SIGN_IN_FAILED, address=address, name_key=name_key(f"name{number}"))
        for number in range(count)
    )


def test_one_name_guessed_from_many_addresses_is_slowed(scheduler_ana: User) -> None:
    tries = [_try("ana", f"wrong {number}", f"198.51.100.{number}") for number in range(MAX_FAILURES_OF_A_NAME + 1)]
    assert set(tries[:-1]) == {200}
    assert tries[-1] == 429
    assert _try("ana", PASSWORD, ELSEWHERE) == 429
    assert SecurityEvent.objects.filter(kind=SecurityEvent.Kind.LOCKED_OUT, user=scheduler_ana).count() == 2
    with time_machine.travel(timezone.now() + timedelta(minutes=61), tick=False):
        assert _try("ana", PASSWORD, ELSEWHERE) == 302


def test_whoever_is_attacked_from_elsewhere_signs_in_at_the_usual_desk(scheduler_ana: User) -> None:
    assert _try("ana", PASSWORD, OFFICE) == 302
    for number in range(MAX_FAILURES_OF_A_NAME):
        _try("ana", "wrong", f"198.51.100.{number}")
    assert _try("ana", PASSWORD, ELSEWHERE) == 429
    assert _try("ana", PASSWORD, OFFICE) == 302


def test_many_names_tried_from_one_address_are_slowed_and_known_colleagues_there_are_not(
    scheduler_ana: User, scheduler_bea: User
) -> None:
    assert _try("ana", PASSWORD, OFFICE) == 302
    _failures(MAX_NAMES_AT_AN_ADDRESS, OFFICE)
    assert _try("bea", "anything", OFFICE) == 429
    assert _try("ana", PASSWORD, OFFICE) == 302
    assert _try("bea", "anything", ELSEWHERE) == 200


def test_the_limit_does_not_tell_who_has_an_account(scheduler_ana: User) -> None:
    _failures(MAX_NAMES_AT_AN_ADDRESS)
    pages = [
        Client().post("/sign-in/", {"username": name, "password": "x"}, REMOTE_ADDR=ELSEWHERE).text
        for name in ("ana", "nobody-at-all")
    ]
    assert pages[0] == pages[1]


def test_a_weak_password_is_not_chosen_on_the_page(client: Client, scheduler_ana: User, shadyside: Site) -> None:
    client.post("/sign-in/", {"username": "ana", "password": PASSWORD})
    typed = {"old_password": PASSWORD, "new_password1": "shadyside2026", "new_password2": "shadyside2026"}
    assert "quickly guessed" in client.post(reverse("password_change"), typed).text
    assert User.objects.get(pk=scheduler_ana.pk).check_password(PASSWORD)
