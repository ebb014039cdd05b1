"""Holds that what a sign-in hangs on is changed by nobody who only found an open screen, and cannot be guessed."""

import time
from datetime import timedelta

import pytest
import time_machine
from allauth.mfa import app_settings
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic.accounts import passwords
from clinic.models import User
from config.env import PROJECT_ROOT
from tests.accounts.conftest import PASSWORD, SignIn
from tests.support.production_environment import run_in_production

pytestmark = pytest.mark.django_db
AGAIN = "/sign-in/again/"


def test_ten_minutes_after_signing_in_sessions_are_ended_only_after_another_proof(
    sign_in: SignIn, scheduler_ana: User
) -> None:
    here, elsewhere = sign_in(scheduler_ana), sign_in(scheduler_ana)
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        assert here.get(reverse("sessions")).status_code == 200
        assert here.post(reverse("sessions")).headers["Location"].startswith(AGAIN)
        assert elsewhere.get(reverse("queue")).status_code == 200


@pytest.mark.usefixtures("half_minute")
def test_ten_minutes_after_signing_in_factors_are_changed_only_after_another_proof(scheduler_ana: User) -> None:
    secret, browser = generate_totp_secret(), Client()
    TOTP.activate(scheduler_ana, secret)
    browser.post("/sign-in/", {"username": "ana", "password": PASSWORD})
    code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    assert browser.post(reverse("mfa_authenticate"), {"code": code}).status_code == 302
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        for name in ("mfa_deactivate_totp", "mfa_generate_recovery_codes", "mfa_add_webauthn"):
            for answer in (browser.get(reverse(name)), browser.post(reverse(name))):
                assert answer.headers["Location"].startswith((AGAIN, "/second-factor/reauthenticate/")), name


def test_seeds_are_160_random_bits_and_recovery_codes_eight_digits(scheduler_ana: User) -> None:
    seeds = {generate_totp_secret() for _ in range(20)}
    assert len(seeds) == 20
    assert {len(seed) for seed in seeds} == {32}  # of 32 letters: 5 bits each
    codes = RecoveryCodes.activate(scheduler_ana).get_unused_codes()
    assert len(set(codes)) == len(codes) == app_settings.RECOVERY_CODE_COUNT
    assert {len(code) for code in codes} == {8}  # 26 bits


def test_in_production_everybody_needs_a_second_factor_unless_the_operator_says_otherwise() -> None:
    command = "from django.conf import settings; print(sorted(settings.SECOND_FACTOR_ROLES))"
    assert "['all']" in run_in_production(["manage.py", "shell", "--no-imports", "--command", command]).stdout


def test_every_word_that_no_password_may_be_made_of_is_documented() -> None:
    page = " ".join((PROJECT_ROOT / "docs" / "security-rules.md").read_text(encoding="utf-8").split())
    assert f"*{', '.join(passwords._WORDS)}*" in page
