"""Holds who may give work to whom, that the history says so, and that the work of who is away is everybody's."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from clinic import calendar
from clinic.models import Site, User
from recalls import actions
from recalls.assignment import current_assignee, is_everybodys
from recalls.models import Recall
from recalls.permissions import NotPermitted
from recalls.testing.factories import RecallFactory
from tests.support.admin_pages import signed_in_client

pytestmark = pytest.mark.django_db


@pytest.fixture
def recall(shadyside: Site) -> Recall:
    return RecallFactory.create(site=shadyside)


def _assignee_on_page(user: User, recall: Recall) -> str:
    page = signed_in_client(user).get(reverse("recall", args=[recall.pk]))
    return str(page.context["recall_status"].assigned_to)


def test_a_manager_gives_a_recall_to_a_person_and_the_history_says_who_did(
    recall: Recall, manager_mo: User, scheduler_ana: User
) -> None:
    event = actions.assign(recall, scheduler_ana, by=manager_mo)
    assert (event.user, event.data["assignee"]) == (manager_mo, scheduler_ana.get_full_name())
    page = signed_in_client(scheduler_ana).get(reverse("recall", args=[recall.pk])).text
    assert f"to {scheduler_ana.get_full_name()}" in page
    assert f"Assigned to {scheduler_ana.get_full_name()}" in page


def test_a_manager_gives_a_recall_back_to_everybody(recall: Recall, manager_mo: User, scheduler_ana: User) -> None:
    actions.assign(recall, scheduler_ana, by=manager_mo)
    actions.assign(recall, None, by=manager_mo)
    recall.refresh_from_db()
    assert recall.assigned_to is None


def test_the_desk_does_not_give_work_to_others(recall: Recall, scheduler_ana: User, scheduler_bea: User) -> None:
    with pytest.raises(NotPermitted):
        actions.assign(recall, scheduler_bea, by=scheduler_ana)


@pytest.mark.parametrize("who", ["other_site_scheduler", "manager_mo"])
def test_a_recall_goes_only_to_who_works_on_recalls_at_its_site(
    who: str, recall: Recall, manager_mo: User, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(ValidationError, match="does not work on recalls"):
        actions.assign(recall, request.getfixturevalue(who), by=manager_mo)
    recall.refresh_from_db()
    assert recall.version == 1


@pytest.mark.parametrize("gone", ["is_active", "away_until"])
def test_the_work_of_who_is_away_or_gone_is_everybodys_and_theirs_again_when_they_are_back(
    gone: str, recall: Recall, manager_mo: User, scheduler_ana: User
) -> None:
    today = calendar.today(recall.site)
    actions.assign(recall, scheduler_ana, by=manager_mo)
    User.objects.filter(pk=scheduler_ana.pk).update(**{gone: False if gone == "is_active" else today})
    fresh = Recall.objects.select_related("assigned_to").get(pk=recall.pk)
    assert current_assignee(fresh, today) is None
    assert Recall.objects.filter(is_everybodys(today)).get() == recall
    assert _assignee_on_page(manager_mo, recall) == ""
    back = today + timedelta(days=1)
    User.objects.filter(pk=scheduler_ana.pk).update(is_active=True)
    assert current_assignee(Recall.objects.select_related("assigned_to").get(pk=recall.pk), back) == scheduler_ana


def test_who_is_away_is_not_offered(recall: Recall, manager_mo: User, scheduler_ana: User, scheduler_bea: User) -> None:
    User.objects.filter(pk=scheduler_bea.pk).update(away_until=calendar.today(recall.site))
    page = signed_in_client(manager_mo).get(reverse("step", args=[recall.pk, "assign"])).text
    assert scheduler_ana.get_full_name() in page
    assert scheduler_bea.get_full_name() not in page


def test_several_of_the_late_are_given_at_once(manager_mo: User, scheduler_ana: User, shadyside: Site) -> None:
    recalls = RecallFactory.create_batch(3, site=shadyside)
    mo, asked = signed_in_client(manager_mo), {"do": "assign", "back": "/lists/late/"}
    page = mo.get(reverse("bulk"), asked | {"recall": [recall.pk for recall in recalls]})
    seen = [f"{line.recall.pk}.{line.recall.version}" for line in page.context["allowed"]]
    sent = asked | {"seen": seen, "key": page.context["form"]["key"].value(), "assignee": str(scheduler_ana.pk)}
    done = mo.post(reverse("bulk"), sent)
    assert len(done.context["allowed"]) == 3
    assert done.context["return_url"] == "/lists/late/"
    assert Recall.objects.filter(assigned_to=scheduler_ana).count() == 3


def test_no_choice_is_no_assignment(manager_mo: User, recall: Recall) -> None:
    mo = signed_in_client(manager_mo)
    sent = {"do": "assign", "seen": [f"{recall.pk}.1"], "key": "k", "assignee": ""}
    assert "This field is required" in mo.post(reverse("bulk"), sent).text
    recall.refresh_from_db()
    assert recall.version == 1


def test_the_queue_shows_what_is_assigned_to_the_person(manager_mo: User, scheduler_ana: User, shadyside: Site) -> None:
    given, other = RecallFactory.create_batch(2, site=shadyside)
    actions.assign(given, scheduler_ana, by=manager_mo)
    ana = signed_in_client(scheduler_ana)
    context = ana.get(reverse("queue"), {"mine": "1"}).context
    assert [row.pk for row in (*context["due"], *context["not_due"])] == [given.pk]
    assert f"assigned to {scheduler_ana.get_full_name()}" in ana.get(reverse("queue")).text
    assert other.assigned_to is None
