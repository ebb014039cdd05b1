"""Whoever forgot the password gets a link at the account's own address; whoever only asks learns nothing."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.totp.internal.auth import TOTP
from django.core import mail
from django.core.cache import caches
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from clinic.accounts.forgotten_password import MAX_ASKED_AN_HOUR, MAX_LINKS_AN_HOUR, mail_due_links
from clinic.accounts.models import SecurityEvent
from clinic.factories import UserFactory
from clinic.models import User
from tests.accounts.conftest import PASSWORD, SignIn

pytestmark = pytest.mark.django_db
ASK = "/sign-in/forgotten/"
NEW = "nine quiet harbours"


@pytest.fixture(autouse=True)
def _nobody_asked_yet() -> None:
    caches["shared"].clear()


def _ask(name: str, browser: Client | None = None) -> Any:
    return (browser or Client()).post(ASK, {"name": name})


def _link() -> str:
    found = re.search(r"https?://[^/]+(/\S+)", str(mail.outbox[-1].body))
    assert found is not None
    return found[1]


def _choose(browser: Client, link: str) -> Any:
    page: Any = browser.get(link, follow=True)
    if not page.context["validlink"]:
        return None
    return browser.post(page.redirect_chain[-1][0], {"new_password1": NEW, "new_password2": NEW})


@pytest.mark.parametrize("name", ["ana", "Ana@Example.org"])
def test_the_account_gets_a_link_by_mail_that_lets_it_choose_once(
    name: str, client: Client, scheduler_ana: User
) -> None:
    _ask(name)
    assert mail_due_links() == 1
    assert mail.outbox[-1].to == ["ana@example.org"]
    assert _choose(client, _link()).status_code == 302
    assert client.get(reverse("queue")).status_code == 200
    assert User.objects.get(pk=scheduler_ana.pk).check_password(NEW)
    assert _choose(Client(), _link()) is None


def test_the_answer_is_the_same_whether_or_not_there_is_such_an_account(
    scheduler_ana: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ended = UserFactory.create(username="gone", is_active=False)
    pages = []
    for name in ("ana", "nobody", ended.username, "ana@example.org", "x@example.org"):
        with django_assert_num_queries(2):  # who it is, and one row: neither more nor less work for one of them
            pages.append(_ask(name))
    assert len({re.sub(r'value="[^"]{32,}"', "", page.text) for page in pages}) == 1
    assert mail.outbox == []  # not while the asker waits


def test_only_who_signs_in_here_with_a_password_is_sent_one(scheduler_ana: User) -> None:
    UserFactory.create(username="gone", is_active=False, password=PASSWORD)
    UserFactory.create(username="house")  # of the house's sign-in: no password
    UserFactory.create(username="root", is_superuser=True, password=PASSWORD)
    UserFactory.create(username="mute", email="", password=PASSWORD)
    for name in ("gone", "house", "root", "mute", "", "nobody@example.org"):
        _ask(name)
    assert mail_due_links() == 0


def test_the_link_lasts_an_hour_and_ends_with_the_next_sign_in(
    client: Client, scheduler_ana: User, sign_in: SignIn
) -> None:
    _ask("ana")
    mail_due_links()
    link = _link()
    with time_machine.travel(timezone.now() + timedelta(minutes=61), tick=False):
        assert _choose(Client(), link) is None
    assert Client().get(link, follow=True).context["validlink"]
    sign_in(scheduler_ana)
    assert _choose(client, link) is None


def test_the_link_does_not_open_the_page_of_invitations_nor_theirs_this_one(scheduler_ana: User) -> None:
    _ask("ana")
    mail_due_links()
    _start, uid, token, _end = _link().rsplit("/", 3)
    assert not Client().get(reverse("invitation", args=[uid, token]), follow=True).context["validlink"]


def test_it_skips_no_second_factor_and_ends_what_was_open(client: Client, scheduler_ana: User, sign_in: SignIn) -> None:
    desk = sign_in(scheduler_ana)
    TOTP.activate(scheduler_ana, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    _ask("ana")
    mail_due_links()
    assert _choose(client, _link()).headers["Location"] == reverse("mfa_authenticate")
    assert client.get(reverse("queue")).status_code == 302
    assert desk.get(reverse("queue")).status_code == 302


def test_a_link_is_mailed_once_for_each_asking_and_three_times_an_hour_at_most(scheduler_ana: User) -> None:
    _ask("ana")
    assert (mail_due_links(), mail_due_links()) == (1, 0)
    for _ in range(MAX_LINKS_AN_HOUR + 1):
        _ask("ana")
        mail_due_links()
    assert len(mail.outbox) == MAX_LINKS_AN_HOUR


def test_an_address_that_asks_again_and_again_is_braked_whoever_it_asks_for(scheduler_ana: User) -> None:
    answers = [_ask(f"name{number}").status_code for number in range(MAX_ASKED_AN_HOUR)]
    assert set(answers) == {200}
    assert _ask("ana").status_code == _ask("nobody").status_code == 429


def test_each_asking_and_each_link_is_in_the_security_log_without_the_typed_name(scheduler_ana: User) -> None:
    _ask("ana")
    _ask("my-Secret-typed-here")
    mail_due_links()
    kinds = SecurityEvent.objects.filter(user=scheduler_ana).values_list("kind", flat=True)
    assert list(kinds.order_by("pk")) == ["link_asked", "link_sent"]
    assert "my-Secret" not in str(list(SecurityEvent.objects.values()))
