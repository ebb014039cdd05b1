"""Holds that nobody asks without end, that all processes share the count, and that Redis may be away."""

import os
import subprocess
import sys

import pytest
from django.conf import LazySettings
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from django.test import Client
from django.urls import reverse
from redis.exceptions import ConnectionError as RedisConnectionError

from clinic.models import Site, User
from config.env import PROJECT_ROOT
from recalls.testing.factories import RecallFactory

pytestmark = pytest.mark.django_db
PAGE = "/keys/"


@pytest.fixture(autouse=True)
def limits(settings: LazySettings) -> None:
    caches["shared"].clear()
    caches["default"].clear()
    settings.USER_REQUESTS_PER_MINUTE, settings.ADDRESS_REQUESTS_PER_MINUTE = 5, 3


def test_who_asks_too_often_is_asked_to_wait_on_a_plain_page(client: Client, scheduler_ana: User) -> None:
    client.force_login(scheduler_ana)
    answers = [client.get(PAGE) for _number in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[-1].headers["Retry-After"] == "60"
    assert "Too many requests" in answers[-1].text


def test_a_person_is_counted_wherever_they_sign_in_and_colleagues_are_not(
    scheduler_ana: User, manager_mo: User
) -> None:
    browsers = [Client(REMOTE_ADDR=address) for address in ("192.0.2.1", "192.0.2.2")]
    for browser in browsers:
        browser.force_login(scheduler_ana)
    assert [browsers[number % 2].get(PAGE).status_code for number in range(6)][-1] == 429
    colleague = Client(REMOTE_ADDR="192.0.2.1")
    colleague.force_login(manager_mo)
    assert colleague.get(PAGE).status_code == 200


def test_files_and_pages_of_patients_are_counted(client: Client, manager_mo: User, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside)
    client.force_login(manager_mo)
    file = reverse("chart_csv", args=["ageing"])
    assert [client.get(address).status_code for address in [file] * 5 + [PAGE]] == [200] * 5 + [429]
    assert client.get(reverse("recall", args=[recall.pk])).status_code == 429


def test_all_processes_share_one_count(
    client: Client, scheduler_ana: User, settings: LazySettings, redis_url: str
) -> None:
    real = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": redis_url, "KEY_PREFIX": "recalldesk"}
    settings.CACHES = {**settings.CACHES, "shared": real}
    client.force_login(scheduler_ana)
    assert client.get(PAGE).status_code == 200
    key = f"requests:user:{scheduler_ana.pk}"
    words = f"from clinic.access.rate_limit import count; [count({key!r}, 60) for _number in range(4)]"
    command = [sys.executable, "manage.py", "shell", "--no-imports", "--command", words]
    environment = os.environ | {"REDIS_URL": redis_url, "DJANGO_SETTINGS_MODULE": "config.settings"}
    subprocess.run(command, env=environment, cwd=PROJECT_ROOT, check=True)
    assert client.get(PAGE).status_code == 429


def test_strangers_are_counted_by_address() -> None:
    here, elsewhere = Client(REMOTE_ADDR="192.0.2.1"), Client(REMOTE_ADDR="192.0.2.9")
    assert [here.get(reverse("sign_in")).status_code for _number in range(4)][-1] == 429
    assert elsewhere.get(reverse("sign_in")).status_code != 429


def test_what_looks_after_the_program_is_not_counted() -> None:
    assert {Client().get("/health/").status_code for _number in range(8)} == {200}


def test_while_redis_is_away_each_process_counts_for_itself(
    client: Client, scheduler_ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = LocMemCache.add

    def add(self: LocMemCache, key: str, *args: object, **more: object) -> bool:
        if self is caches["shared"]:
            raise RedisConnectionError
        return bool(real(self, key, *args, **more))  # type: ignore[arg-type]

    monkeypatch.setattr(LocMemCache, "add", add)
    client.force_login(scheduler_ana)
    assert [client.get(PAGE).status_code for _number in range(6)] == [200] * 5 + [429]


def test_no_name_and_no_address_stands_among_the_counts(client: Client, scheduler_ana: User) -> None:
    client.force_login(scheduler_ana)
    client.get(PAGE)
    Client(REMOTE_ADDR="192.0.2.1").get(reverse("sign_in"))
    keys = " ".join(caches["shared"]._cache)  # type: ignore[attr-defined]
    assert "192.0.2.1" not in keys
    assert "ana" not in keys
