"""Which role opens which page, and whose patients it sees."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic.factories import UserFactory
from clinic.models import Site, User
from clinic.roles import STAFF_ROLES, Role
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor

pytestmark = pytest.mark.django_db

CALLERS = {Role.SCHEDULER, Role.NAVIGATOR}
# Written by hand from the clinic's rules, not read from the code.
ROLES_BY_PAGE = {
    "queue": CALLERS | {Role.MANAGER, Role.RADIOLOGIST},
    "work_items": CALLERS | {Role.MANAGER, Role.RADIOLOGIST},
    "recall": CALLERS | {Role.MANAGER, Role.RADIOLOGIST},
    "step": CALLERS | {Role.MANAGER, Role.RADIOLOGIST},
    "search": CALLERS | {Role.MANAGER, Role.RADIOLOGIST},
    "report_requests": CALLERS | {Role.MANAGER, Role.RADIOLOGIST},
    "worklist": {Role.RADIOLOGIST},
    "supplemental": CALLERS | {Role.MANAGER, Role.RADIOLOGIST},
    "supplemental_add": CALLERS | {Role.MANAGER, Role.RADIOLOGIST},
    "navigator_list": {Role.NAVIGATOR, Role.MANAGER},
    "my_recalls": {Role.RADIOLOGIST, Role.MANAGER},
    "access_log": {Role.PRIVACY_OFFICER},
}
HOME_PAGE_BY_ROLE = {
    Role.SCHEDULER: "queue",
    Role.NAVIGATOR: "queue",
    Role.MANAGER: "board",
    Role.RADIOLOGIST: "worklist",
    Role.ADMINISTRATOR: "board",
    Role.PRIVACY_OFFICER: "access_log",
}


@pytest.mark.parametrize("role", sorted(STAFF_ROLES))
@pytest.mark.parametrize("name", ROLES_BY_PAGE)
def test_a_page_opens_for_its_roles_and_tells_the_others_so(
    name: str, role: Role, client_for: ClientFor, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    arguments: dict[str, list[Any]] = {"recall": [recall.pk], "step": [recall.pk, "void"]}
    answer = client_for(UserFactory.create(role=role)).get(reverse(name, args=arguments.get(name)))
    assert answer.status_code == (200 if role in ROLES_BY_PAGE[name] else 403)
    assert ("Not for your role" in answer.content.decode()) == (role not in ROLES_BY_PAGE[name])


@pytest.mark.parametrize(("role", "desk"), HOME_PAGE_BY_ROLE.items())
def test_after_signing_in_each_role_is_at_its_own_desk(
    role: Role, desk: str, client_for: ClientFor, shadyside: Site
) -> None:
    answer = client_for(UserFactory.create(role=role)).get(reverse("home"))
    assert answer.headers["Location"] == reverse(desk)


@pytest.mark.parametrize("name", ["recall", "step", "work_item_done"])
def test_a_recall_of_another_site_is_not_there(
    name: str, client_for: ClientFor, other_site_scheduler: User, shadyside: Site, scheduler_ana: User
) -> None:
    recall = RecallFactory.create(site=shadyside, wrong_number=True)
    arguments: dict[str, list[Any]] = {
        "step": [recall.pk, "log_contact"],
        "work_item_done": [recall.work_items.get().pk],
    }
    url = reverse(name, args=arguments.get(name, [recall.pk]))
    ask = Client.get if name != "work_item_done" else Client.post
    assert ask(client_for(other_site_scheduler), url).status_code == 404


def test_a_step_at_another_site_cannot_be_sent(
    client_for: ClientFor, other_site_scheduler: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    answer = client_for(other_site_scheduler).post(
        reverse("step", args=[recall.pk, "hold"]), {"note": "x", "until": "2030-01-07"}
    )
    recall.refresh_from_db()
    assert (answer.status_code, recall.state) == (404, "to_contact")


def test_the_menu_shows_only_what_the_role_may_open(
    client_for: ClientFor, scheduler_ana: User, radiologist_rao: User, shadyside: Site
) -> None:
    caller = client_for(scheduler_ana).get(reverse("queue")).content.decode()
    reader = client_for(radiologist_rao).get(reverse("worklist")).content.decode()
    assert f'href="{reverse("worklist")}"' not in caller
    assert f'href="{reverse("worklist")}"' in reader
    assert f'href="{reverse("board")}"' not in caller + reader
    assert f'href="{reverse("admin:index")}"' not in caller + reader


def test_a_step_nobody_takes_by_hand_has_no_page(client_for: ClientFor, scheduler_ana: User, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside)
    assert client_for(scheduler_ana).get(reverse("step", args=[recall.pk, "follow_up_due"])).status_code == 404
