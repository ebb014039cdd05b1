"""The form of a contact asks for what fits the channel of the ladder's present rung."""

import pytest
from django.urls import reverse

from clinic.models import Site, User
from recalls.enums import ContactChannel, ContactResult
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor, StepFormClient, page_text

pytestmark = pytest.mark.django_db


def _open(client_for: ClientFor, user: User, recall: Recall, how: str = "") -> str:
    return page_text(client_for(user).get(reverse("recall", args=[recall.pk]), {"how": how} if how else {}))


def test_a_call_offers_what_may_come_of_a_call_and_nothing_else(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    page = _open(client_for, scheduler_ana, RecallFactory.create(site=shadyside))
    assert page.count('class="result"') == 8
    assert f'value="{ContactResult.SENT}"' not in page
    assert f'value="{ContactResult.DONE}"' not in page


def test_where_a_letter_is_next_it_can_be_printed_and_no_call_is_offered(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, three_attempts=True)
    page = _open(client_for, scheduler_ana, recall)
    assert 'class="result"' not in page
    assert "Log a letter that was posted" in page
    assert f'class="btn btn-primary" href="{reverse("step", args=[recall.pk, "ask_letter"])}' in page
    assert "Which letter was sent, and when" in page


def test_a_letter_is_not_logged_without_saying_which(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, three_attempts=True)
    form = StepFormClient(client_for(scheduler_ana), recall, "log_contact")
    before = recall.contact_attempts.count()
    assert form.send(note="").status_code == 200
    assert recall.contact_attempts.count() == before
    assert form.send(note="The second letter, by hand.").status_code == 302
    assert recall.contact_attempts.latest("pk").channel == ContactChannel.LETTER


@pytest.mark.parametrize("channel", list(ContactChannel))
def test_every_other_way_to_try_has_its_own_form(
    channel: ContactChannel, client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    browser = client_for(scheduler_ana)
    form = browser.get(reverse("recall", args=[recall.pk]), {"how": channel.value}).context["form"]
    fields = {field.name: field.value() for field in form if field.value() not in (None, "", False)}
    result = form.fields["result"].choices[0][0]
    typed = fields | {"result": result, "note": "As it was."}
    answer = browser.post(reverse("step", args=[recall.pk, "log_contact"]), typed)
    assert answer.status_code == 302
    assert recall.contact_attempts.get().channel == channel


def test_what_ends_the_recall_stands_apart(client_for: ClientFor, scheduler_ana: User, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside)
    menu = client_for(scheduler_ana).get(reverse("recall", args=[recall.pk])).context["step_menu"]
    assert {"decline", "transfer", "mark_deceased"} <= {step.name for step in menu.closing_steps}
    assert not {step.name for step in menu.closing_steps} & {step.name for step in menu.other_steps}
