"""Holds that an administrator can read every change of a setting and that nobody can rewrite it."""

import pytest
from django.contrib.admin.models import LogEntry
from django.db import IntegrityError, transaction
from django.db.utils import DatabaseError
from django.test import Client

from clinic.models import Site, User
from clinic.roles import Role
from tests.board.conftest import page_text
from tests.support.admin_pages import change_url, signed_in_client, site_form_data

pytestmark = pytest.mark.django_db
LOG = "/admin/admin/logentry/"


def _last_log_message() -> str:
    entry = LogEntry.objects.order_by("-pk").first()
    assert entry is not None
    return str(entry.get_change_message())


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"phone": "412 555 0199"}, "Phone: from {phone} to 412 555 0199."),
        ({"send_until": "17:30"}, "Messages leave until: from 18:00:00 to 17:30:00."),
        ({"bare_zero": "0-AI"}, "from Park it for a person to decide to Need additional imaging evaluation."),
        ({"deadline_policy-0-visit": "10"}, "deadlines Visit: from 7 to 10."),
    ],
)
def test_a_changed_setting_is_told_with_its_old_and_new_value(
    changes: dict[str, str], told: str, administrator_ada: User, shadyside: Site
) -> None:
    phone = shadyside.phone
    shadyside.policy.save()
    assert (
        signed_in_client(administrator_ada)
        .post(change_url(shadyside), site_form_data(shadyside, **changes))
        .status_code
        == 302
    )
    assert told.format(phone=phone) in _last_log_message()


def test_roles_asked_for_are_told(administrator_ada: User, scheduler_ana: User, shadyside: Site) -> None:
    administrator_ada.set_password("eleven slow rivers")
    administrator_ada.save()
    ada = Client()
    ada.post("/sign-in/", {"username": "ada", "password": "eleven slow rivers"})
    form = {"email": scheduler_ana.email, "sites": [shadyside.pk], "roles": [Role.NAVIGATOR.value]}
    assert ada.post(f"/setup/staff/{scheduler_ana.pk}/", form).status_code in (200, 302)
    told = [str(entry.get_change_message()) for entry in LogEntry.objects.order_by("pk")]
    assert told == ["taken away: scheduler.", "asked for: Navigator."]


def test_the_log_names_who_when_and_what_newest_first(administrator_ada: User, shadyside: Site) -> None:
    ada = signed_in_client(administrator_ada)
    for phone in ("412 555 0198", "412 555 0199"):
        ada.post(change_url(shadyside), site_form_data(shadyside, phone=phone))
    text = page_text(ada.get(LOG).text)
    assert text.index("from 412 555 0198 to 412 555 0199") < text.index("to 412 555 0198.")
    assert administrator_ada.username in text
    assert "Shadyside Sample Imaging" in text


def test_a_manager_reads_the_log_and_a_scheduler_does_not(manager_mo: User, scheduler_ana: User) -> None:
    scheduler_ana.is_staff = True
    scheduler_ana.save()
    assert signed_in_client(manager_mo).get(LOG).status_code == 200
    assert signed_in_client(scheduler_ana).get(LOG).status_code == 403


def test_nobody_rewrites_the_log(administrator_ada: User, shadyside: Site, client: Client) -> None:
    ada = signed_in_client(administrator_ada)
    ada.post(change_url(shadyside), site_form_data(shadyside, phone="412 555 0199"))
    entry = LogEntry.objects.get()
    assert ada.post(f"{LOG}{entry.pk}/change/", {"change_message": "nothing"}).status_code == 403
    assert ada.post(f"{LOG}{entry.pk}/delete/", {"post": "yes"}).status_code == 403
    for harm in (lambda: LogEntry.objects.update(change_message="nothing"), lambda: LogEntry.objects.all().delete()):
        with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
            harm()
    assert "0199" in LogEntry.objects.get().change_message
