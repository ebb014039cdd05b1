"""Holds when a user is signed out automatically and what stays behind in the browser."""

import logging
import uuid
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
import time_machine
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.test import Client
from django.urls import path
from pytest_django import DjangoAssertNumQueries, Settings

from clinic.models import User

START = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


def desk_view(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.META["REMOTE_ADDR"])


urlpatterns = [
    path("desk/<int:pk>/", lambda request, pk: desk_view(request), name="desk"),
    path("open/", login_not_required(desk_view), name="open"),
]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture
def scheduler() -> User:
    return User.objects.create_user(username="ana", password=uuid.uuid4().hex)


def _get_desk(client: Client, at: datetime) -> HttpResponseBase:
    with time_machine.travel(at, tick=False):
        answer: HttpResponseBase = client.get("/desk/1/")
    return answer


def _signed_in(client: Client, scheduler: User) -> Client:
    with time_machine.travel(START, tick=False):
        client.force_login(scheduler)
    assert _get_desk(client, START).status_code == 200
    return client


def test_an_anonymous_user_is_sent_to_the_sign_in_page(client: Client) -> None:
    assert client.get("/desk/1/")["Location"] == "/sign-in/?next=/desk/1/"


def test_a_person_who_works_on_stays_signed_in(client: Client, scheduler: User) -> None:
    client = _signed_in(client, scheduler)
    visits = [_get_desk(client, START + timedelta(minutes=10 * step)).status_code for step in range(1, 60)]
    assert set(visits) == {200}


def test_a_person_who_was_away_for_more_than_fifteen_minutes_signs_in_again(client: Client, scheduler: User) -> None:
    client = _signed_in(client, scheduler)
    assert _get_desk(client, START + timedelta(minutes=15, seconds=1)).status_code == 302
    assert _get_desk(client, START + timedelta(minutes=15, seconds=2)).status_code == 302


def test_nobody_stays_signed_in_for_more_than_twelve_hours(client: Client, scheduler: User) -> None:
    client = _signed_in(client, scheduler)
    for step in range(1, 73):
        assert _get_desk(client, START + timedelta(minutes=10 * step)).status_code == 200
    assert _get_desk(client, START + timedelta(hours=12, seconds=1)).status_code == 302


def test_an_ordinary_page_costs_two_queries_for_the_session_and_the_person(
    client: Client, scheduler: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = _signed_in(client, scheduler)
    with django_assert_num_queries(2):
        assert _get_desk(client, START + timedelta(seconds=30)).status_code == 200


def test_a_disabled_account_is_out_at_once(client: Client, scheduler: User) -> None:
    client = _signed_in(client, scheduler)
    User.objects.filter(pk=scheduler.pk).update(is_active=False)
    assert _get_desk(client, START + timedelta(seconds=30)).status_code == 302


def test_what_a_signed_in_person_saw_is_kept_by_no_cache(client: Client, scheduler: User) -> None:
    client = _signed_in(client, scheduler)
    assert "no-store" in _get_desk(client, START)["Cache-Control"]


def test_each_answer_forbids_scripts_and_frames_from_elsewhere(client: Client) -> None:
    answer = client.get("/open/")
    policy = answer["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer["X-Frame-Options"] == "DENY"


def test_a_request_is_logged_by_its_route_without_the_address_asked_for(
    client: Client, scheduler: User, caplog: pytest.LogCaptureFixture
) -> None:
    client = _signed_in(client, scheduler)
    with caplog.at_level(logging.INFO):
        client.get("/desk/4711/?name=Testa+Sample-Oak")
    assert "desk/<int:pk>/" in caplog.text
    assert "4711" not in caplog.text
    assert "Sample" not in caplog.text


def test_only_our_own_proxy_may_say_whose_request_it_is(client: Client, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/24")]
    claims = {"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}
    assert client.get("/open/", REMOTE_ADDR="10.0.0.7", headers=claims).content == b"203.0.113.9"
    assert client.get("/open/", REMOTE_ADDR="192.0.2.44", headers=claims).content == b"192.0.2.44"


def test_an_untrusted_client_can_not_pretend_to_speak_https(client: Client, settings: Settings) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_SSL_REDIRECT = True
    answer = client.get("/open/", REMOTE_ADDR="192.0.2.44", headers={"X-Forwarded-Proto": "https"})
    assert answer.status_code == 301
