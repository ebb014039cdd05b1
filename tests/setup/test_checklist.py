"""The check list says of each point whether it is done, from what is stored, and stays until all are."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from clinic.factories import SiteFactory, UserFactory
from clinic.models import Closure, Site, User
from clinic.roles import Role
from recalls.models import Room
from recalls.testing.factories import RoomFactory
from site_setup.checklist import get_checklist
from tests.desk.conftest import ClientFor
from tests.support.smtp_sink import SmtpSink

pytestmark = pytest.mark.django_db
SITE = {
    "name": "Lakeside Imaging", "sender_name": "Lakeside Imaging", "phone": "(716) 555-0133",
    "address_line": "9 Example Quay", "city": "Buffalo", "state": "NY", "postal_code": "14201",
    "time_zone": "America/New_York", "country": "US", "subdivision": "ny", "code": "LAKE", "date_order": "mdy",
    "bare_zero": "park", "birads_edition": "5", "keep_years": "10", "keep_years_last": "10",
}  # fmt: skip


def _open_points(user: User) -> list[str]:
    user = User.objects.get(pk=user.pk)
    return [point.title for point in get_checklist(user) if not point.is_done]


@pytest.fixture
def newcomer(db: None) -> User:
    """The administrator of an installation in which nothing else is."""
    return UserFactory.create(role=Role.ADMINISTRATOR, sites=[])


def test_a_site_is_set_up_from_its_form_with_its_week(client_for: ClientFor, newcomer: User) -> None:
    browser = client_for(newcomer)
    assert len(_open_points(newcomer)) == 9
    answer = browser.post(reverse("setup_site_new"), SITE)
    site = Site.objects.get()
    assert (site.phone, site.subdivision) == ("+17165550133", "NY")
    assert answer.headers["Location"] == reverse("setup_hours", args=[site.pk])
    week = browser.get(answer.headers["Location"]).context["form"]
    browser.post(answer.headers["Location"], {field.html_name: field.value() or "" for field in week})
    assert sorted(Site.objects.get().hours_by_weekday) == [0, 1, 2, 3, 4]
    assert "Opening hours" not in _open_points(newcomer)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("phone", "206 55", "area code"),
        ("subdivision", "ZZ", "Known: "),
        ("code", "LAKE SIDE", "letters, numbers"),
        ("time_zone", "Mars/Base", "valid choice"),
        ("city", "", "required"),
    ],
)
def test_a_slip_in_the_sites_form_is_said_and_nothing_typed_is_lost(
    name: str, value: str, said: str, client_for: ClientFor, newcomer: User
) -> None:
    page: Any = client_for(newcomer).post(reverse("setup_site_new"), SITE | {name: value})
    assert said in " ".join(page.context["form"].errors[name])
    assert "9 Example Quay" in page.text
    assert not Site.objects.exists()


def test_a_second_site_is_a_copy_but_for_its_names(
    client_for: ClientFor, administrator_ada: User, shadyside: Site
) -> None:
    RoomFactory.create(site=shadyside, name="Ultrasound 1")
    Closure.objects.create(site=shadyside, day="2030-03-18", reason="Moving house")
    Site.objects.filter(pk=shadyside.pk).update(page_link=True)
    browser, url = client_for(administrator_ada), f"{reverse('setup_site_new')}?copy={shadyside.pk}"
    offered = browser.get(url).context["form"].initial
    assert (offered["city"], offered.get("code"), offered["assigning_authority"]) == ("Pittsburgh", None, "SHADY")
    browser.post(url, SITE)
    copy = Site.objects.get(code="LAKE")
    assert copy.hours_by_weekday == shadyside.hours_by_weekday
    assert copy.page_link
    assert [str(closure) for closure in copy.closures.all()] == ["2030-03-18 Moving house"]
    assert Room.objects.get(site=copy).hours.count() == 5
    assert copy in administrator_ada.sites.all()


def test_each_point_is_done_when_it_is_and_not_before(
    client_for: ClientFor, administrator_ada: User, shadyside: Site, smtp_sink: SmtpSink, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", smtp_sink.port
    browser = client_for(administrator_ada)
    assert _open_points(administrator_ada) == [
        "Rooms and lengths of visits", "Staff with role and site", "Texts to patients", "Mail",
        "Link to the patient's page",
    ]  # fmt: skip
    RoomFactory.create(site=shadyside)
    for role in (Role.SCHEDULER, Role.RADIOLOGIST, Role.MANAGER):
        UserFactory.create(role=role, sites=[shadyside])
    browser.post(reverse("setup_texts"), {})
    assert "Texts to patients" in _open_points(administrator_ada)
    browser.post(reverse("setup_texts"), {"read": "on"})
    browser.post(reverse("setup_mail"), {"to": "ada@example.org"})
    hours = {"send_from": "08:00", "send_until": "18:00", "reviewed_translations_only": "on"}
    browser.post(reverse("setup_messages", args=[shadyside.pk]), hours | {"page_link": "on"})
    assert _open_points(administrator_ada) == []
    assert "Everything is set up" in browser.get(reverse("setup")).text


def test_a_scheduler_who_left_is_missing_again(administrator_ada: User, shadyside: Site) -> None:
    staff = [UserFactory.create(role=role, sites=[shadyside]) for role in (Role.SCHEDULER, Role.RADIOLOGIST)]
    manager = UserFactory.create(role=Role.MANAGER, sites=[shadyside])
    assert "Staff with role and site" not in _open_points(administrator_ada)
    User.objects.filter(pk=staff[0].pk).update(is_active=False)
    point = next(one for one in get_checklist(administrator_ada) if one.title.startswith("Staff"))
    assert (point.is_done, point.words) == (False, "Still needed: Scheduler (Shadyside Sample Imaging).")
    assert manager.is_active


def test_a_mail_server_that_refuses_is_told_in_words(
    client_for: ClientFor, administrator_ada: User, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # nobody listens there
    page = client_for(administrator_ada).post(reverse("setup_mail"), {"to": "ada@example.org"}, follow=True)
    assert "could not be reached" in page.text
    assert "Mail" in _open_points(administrator_ada)


def test_the_list_asks_as_much_for_ten_sites_as_for_one(
    administrator_ada: User, shadyside: Site, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    administrator_ada.sites.add(*(SiteFactory.create() for _ in range(9)))
    user = User.objects.get(pk=administrator_ada.pk)
    with django_assert_num_queries(7):
        get_checklist(user)


@pytest.mark.parametrize("role", [role for role in Role if role.value in ("scheduler", "manager", "radiologist")])
def test_only_administrators_set_up(role: Role, client_for: ClientFor, shadyside: Site) -> None:
    browser: Client = client_for(UserFactory.create(role=role, sites=[shadyside]))
    for url in (reverse("setup"), reverse("setup_staff"), reverse("setup_site", args=[shadyside.pk])):
        assert browser.get(url).status_code == 403


def test_a_site_of_others_is_not_found(client_for: ClientFor, administrator_ada: User, foothills: Site) -> None:
    browser = client_for(administrator_ada)
    for name in ("setup_site", "setup_hours", "setup_rooms", "setup_messages"):
        assert browser.get(reverse(name, args=[foothills.pk])).status_code == 404
