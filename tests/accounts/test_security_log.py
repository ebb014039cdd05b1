"""Sign-ins, failures, refusals and rights given are on record, and nobody takes them away."""

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from clinic.accounts.models import SecurityEvent
from clinic.factories import UserFactory
from clinic.models import Site, User
from clinic.roles import Role
from tests.accounts.conftest import PASSWORD, SignIn

pytestmark = pytest.mark.django_db
Kind = SecurityEvent.Kind


def _kinds(user: User | None) -> list[str]:
    return list(SecurityEvent.objects.filter(user=user).order_by("pk").values_list("kind", flat=True))


def _try(browser: Client, name: str, password: str) -> int:
    return browser.post(reverse("sign_in"), {"username": name, "password": password}).status_code


def test_a_failure_stays_on_record_after_the_right_password(client: Client, scheduler_ana: User) -> None:
    _try(client, "ana", "wrong")
    _try(client, "ana", PASSWORD)
    assert _kinds(scheduler_ana) == [Kind.SIGN_IN_FAILED, Kind.SIGNED_IN]
    assert {event.address for event in SecurityEvent.objects.all()} == {"127.0.0.1"}


def test_a_pause_after_five_failures_is_on_record(client: Client, scheduler_ana: User) -> None:
    for _ in range(5):
        _try(client, "ana", "wrong")
    assert sorted(_kinds(scheduler_ana)) == sorted([Kind.SIGN_IN_FAILED] * 5 + [Kind.LOCKED_OUT])


def test_a_password_typed_into_the_field_of_the_name_is_nowhere_in_the_log(client: Client) -> None:
    _try(client, "eleven slow rivers", "ana")
    event = SecurityEvent.objects.get()
    assert (event.user, event.kind) == (None, Kind.SIGN_IN_FAILED)
    assert "eleven" not in str(SecurityEvent.objects.values_list().get())


def test_signing_out_and_a_refused_page_are_on_record_without_a_patients_number(
    sign_in: SignIn, scheduler_ana: User
) -> None:
    desk = sign_in(scheduler_ana)
    assert desk.get(reverse("setup_account", args=[4711])).status_code == 403
    desk.post(reverse("sign_out"))
    assert _kinds(scheduler_ana) == [Kind.SIGNED_IN, Kind.REFUSED, Kind.SIGNED_OUT]
    assert SecurityEvent.objects.get(kind=Kind.REFUSED).detail == "GET /setup/staff/<int:pk>/"


def test_rights_are_on_record_with_who_gave_them_and_from_where(
    sign_in: SignIn, administrator_ida: User, scheduler_ana: User, shadyside: Site
) -> None:
    typed = {"roles": ["navigator"], "sites": [shadyside.pk], "email": scheduler_ana.email}
    sign_in(administrator_ida).post(reverse("setup_account", args=[scheduler_ana.pk]), typed)
    told = SecurityEvent.objects.filter(kind=Kind.RIGHTS).order_by("pk")
    assert [(event.user, event.address) for event in told] == [(scheduler_ana, "127.0.0.1")] * 3
    assert [event.detail.split(":")[0].split(" ", 2)[0] for event in told] == ["taken", "request", "request"]
    assert told[1].by == administrator_ida
    assert "navigator" in told[1].detail


def test_the_database_lets_nobody_change_or_delete_an_entry(scheduler_ana: User, sign_in: SignIn) -> None:
    sign_in(scheduler_ana)
    for harm in (
        lambda: SecurityEvent.objects.update(user=None),
        lambda: SecurityEvent.objects.all().delete(),
    ):
        with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
            harm()
    assert _kinds(scheduler_ana) == [Kind.SIGNED_IN]


def test_managers_read_the_log_of_their_own_sites_and_others_do_not(
    sign_in: SignIn, manager_mo: User, scheduler_ana: User, other_site_scheduler: User
) -> None:
    manager_mo.set_password(PASSWORD)
    manager_mo.save()
    desk = sign_in(scheduler_ana)
    SecurityEvent.objects.create(kind=Kind.SIGNED_IN, user=other_site_scheduler)
    page = sign_in(manager_mo).get(reverse("security_log"))
    assert {row.user.username for row in page.context["rows"]} == {"ana", "mo"}
    assert desk.get(reverse("security_log")).status_code == 403
    assert Client().get(reverse("security_log")).status_code == 302


def test_the_log_is_narrowed_by_kind_and_name_and_paged(sign_in: SignIn, shadyside: Site, scheduler_ana: User) -> None:
    mo = UserFactory.create(username="mo", role=Role.MANAGER, sites=[shadyside], password=PASSWORD)
    SecurityEvent.objects.bulk_create(SecurityEvent(kind=Kind.REFUSED, user=scheduler_ana) for _ in range(120))
    browser = sign_in(mo)
    address = reverse("security_log")
    first = browser.get(address, {"kind": Kind.REFUSED, "username": "ana"})
    assert len(first.context["rows"]) == 100
    rest = browser.get(f"{address}?{first.context['older']}")
    assert (len(rest.context["rows"]), rest.context["older"]) == (20, "")
    assert browser.get(address, {"kind": Kind.LOCKED_OUT}).context["rows"] == []


def test_the_tables_of_the_libraries_are_out_of_the_administration(sign_in: SignIn, administrator_ida: User) -> None:
    """Their rows could be deleted there."""
    User.objects.filter(pk=administrator_ida.pk).update(is_superuser=True)
    browser = sign_in(administrator_ida)
    for table in (
        "axes/accessattempt",
        "axes/accesslog",
        "axes/accessfailurelog",
        "account/emailaddress",
        "auth/group",
    ):
        assert browser.get(f"/admin/{table}/").status_code == 404
