"""A patient of another site in an emergency: an hour, a reason, everybody knows, and a second person looks at it."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from clinic.accounts.models import EmergencyAccess, SecurityEvent
from clinic.factories import SiteFactory, UserFactory
from clinic.models import AccessLog, Site, User
from clinic.roles import Role
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.accounts.conftest import PASSWORD, SignIn

pytestmark = pytest.mark.django_db
REASON = "Patient collapsed here, images needed"


@pytest.fixture
def there(foothills: Site) -> Recall:
    return RecallFactory.create(site=foothills)


@pytest.fixture
def manager_there(foothills: Site) -> User:
    return UserFactory.create(username="fay", role=Role.MANAGER, sites=[foothills], password=PASSWORD)


def _sees(browser: Client, recall: Recall) -> bool:
    return browser.get(reverse("recall", args=[recall.pk])).status_code == 200


def _open(browser: Client, site: Site, reason: str = REASON) -> None:
    browser.post(reverse("emergency"), {"site": site.pk, "reason": reason})


def test_with_a_reason_another_site_opens_for_an_hour_and_no_longer(
    sign_in: SignIn, scheduler_ana: User, there: Recall
) -> None:
    desk = sign_in(scheduler_ana)
    assert not _sees(desk, there)
    _open(desk, there.site, "why")
    assert not _sees(desk, there)
    _open(desk, there.site)
    assert _sees(desk, there)
    assert "Emergency access is open" in desk.get(reverse("queue")).text
    EmergencyAccess.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    assert not _sees(desk, there)


def test_it_opens_that_site_alone_and_no_other_role(
    sign_in: SignIn, scheduler_ana: User, there: Recall, foothills: Site
) -> None:
    elsewhere = RecallFactory.create(site=SiteFactory.create(code="THIRD"))
    desk = sign_in(scheduler_ana)
    _open(desk, foothills)
    assert not _sees(desk, elsewhere)
    assert desk.get(reverse("worklist")).status_code == 403


def test_managers_of_that_site_are_told_and_what_was_opened_is_on_record(
    sign_in: SignIn, scheduler_ana: User, there: Recall, manager_there: User, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    desk = sign_in(scheduler_ana)
    _open(desk, there.site)
    assert _sees(desk, there)
    assert [message.to for message in mail.outbox] == [[manager_there.email]]
    event = SecurityEvent.objects.get(kind=SecurityEvent.Kind.BREAK_GLASS)
    assert (event.user, event.detail) == (scheduler_ana, f"FOOT: {REASON}")
    assert AccessLog.objects.filter(user=scheduler_ana, patient_id=there.patient_id).exists()
    page = sign_in(manager_there).get(reverse("emergency"))
    assert [(row["access"].user, row["views"]) for row in page.context["rows"]] == [(scheduler_ana, 1)]


def test_a_second_person_reviews_it_and_never_whoever_opened_it(
    sign_in: SignIn, manager_mo: User, there: Recall, manager_there: User
) -> None:
    manager_mo.set_password(PASSWORD)
    manager_mo.save()
    mo = sign_in(manager_mo)
    _open(mo, there.site)
    access = EmergencyAccess.objects.get()
    address, found = reverse("emergency_review", args=[access.pk]), {"review": "Looked at it: the images were needed."}
    assert mo.post(address, found).status_code == 404
    with pytest.raises(IntegrityError), transaction.atomic():
        EmergencyAccess.objects.update(reviewed_by=manager_mo)
    assert sign_in(manager_there).post(address, found).status_code == 302
    access.refresh_from_db()
    assert access.reviewed_by == manager_there


def test_an_administrator_and_a_stranger_have_no_such_page(sign_in: SignIn, administrator_ida: User) -> None:
    assert sign_in(administrator_ida).get(reverse("emergency")).status_code == 403
    assert Client().get(reverse("emergency")).status_code == 302


def test_ten_minutes_after_signing_in_the_password_is_asked_for_again(
    sign_in: SignIn, scheduler_ana: User, there: Recall
) -> None:
    desk = sign_in(scheduler_ana)
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        _open(desk, there.site)
    assert not EmergencyAccess.objects.exists()
