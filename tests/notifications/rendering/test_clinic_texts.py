"""Tests that a clinic can change its message texts without code, and only to what may be sent."""

from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from clinic.models import Site, User
from notifications.content import loader
from notifications.delivery.worker import send_due
from notifications.enums import NotificationKind, NotificationState, StatusReason
from notifications.models import MessageText
from notifications.rendering import template_validation
from patients.factories import PatientFactory
from recalls.enums import WorkItemKind
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import Clock, latest_notification

pytestmark = pytest.mark.django_db

NAME = "please_call"
OWN = "Hello $first_name,\n\nWe would like to see you soon. Please call $clinic_phone to find a day.\n\n$clinic_name"
ADD, PREVIEW = reverse("admin:notifications_messagetext_add"), reverse("admin:notifications_messagetext_preview")


def shipped(name: str = NAME, language: str = "en") -> dict[str, Any]:
    text = loader.get_shipped_text(name, language)
    assert text is not None
    return {"subject": text.heading, "body": text.body.template}


def typed(**changes: Any) -> dict[str, Any]:
    """What the form of a text sends: the shipped words in use, unless changed."""
    words = shipped(changes.get("name", NAME), changes.get("language", "en"))
    form = {
        "name": NAME,
        "language": "en",
        "active": "on",
        "base_version": "",
        "site": "",
        "reviewer": "",
        "reviewed_on": "",
    }
    return form | words | changes


@pytest.fixture
def desk(client: Client, administrator_ada: User) -> Client:
    client.force_login(administrator_ada)
    return client


def write(author: User, **fields: Any) -> MessageText:
    row = {"name": "recall_notice", "language": "en", "subject": "A message from $clinic_name", "body": OWN}
    number = MessageText.objects.count() + 1
    return MessageText.objects.create(**row | {"version": number, "edited_by": author} | fields)


def refused(desk: Client, field: str, **changes: Any) -> str:
    response = desk.post(ADD, typed(**changes))
    assert response.status_code == 200
    assert not MessageText.objects.exists()
    return " ".join(response.context["adminform"].form.errors[field])


def test_a_saved_text_is_sent_in_the_place_of_the_shipped_one(desk: Client, clock: Clock, recall: Recall) -> None:
    assert desk.post(ADD, typed(name="recall_notice", body=OWN)).status_code == 302
    send_due(5)
    assert "We would like to see you soon." in mail.outbox[0].body


def test_code_in_a_text_of_the_clinic_is_shown_and_not_run(
    administrator_ada: User, clock: Clock, recall: Recall
) -> None:
    code = "<script>alert(1)</script> {{ 7777*7 }} {% debug %} %(x)s {0.__class__}"
    write(administrator_ada, body=f"{OWN}\n\n{code}")
    send_due(5)
    (message,) = mail.outbox
    assert isinstance(message, EmailMultiAlternatives)
    page = str(message.alternatives[0][0])
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{% debug %} %(x)s" in page
    assert str(7777 * 7) not in page + str(message.body)


def test_the_form_shows_the_words_in_use_and_the_shipped_ones(desk: Client, administrator_ada: User) -> None:
    write(administrator_ada, name=NAME)
    page = desk.get(ADD, {"name": NAME, "language": "en"})
    assert page.context["adminform"].form["body"].value() == OWN
    assert shipped()["body"] in page.context["shipped_body"]


def test_each_save_is_a_version_and_an_older_one_can_be_used_again(desk: Client) -> None:
    desk.post(ADD, typed(body=OWN))
    desk.post(ADD, typed(body=f"{OWN}\n\nSee you soon."))
    first = MessageText.objects.get(version=1)
    assert desk.get(reverse("admin:notifications_messagetext_change", args=[first.pk])).status_code == 200
    again = desk.get(ADD, {"from": first.pk})
    assert again.context["adminform"].form["body"].value() == OWN
    desk.post(ADD, typed(body=OWN, base_version=2))
    assert list(MessageText.objects.order_by("version").values_list("version", "body"))[2] == (3, OWN)


def test_a_version_cannot_be_rewritten_or_deleted(administrator_ada: User) -> None:
    row = write(administrator_ada)
    with pytest.raises(DatabaseError), transaction.atomic():
        MessageText.objects.update(body="Something else")
    with pytest.raises(DatabaseError), transaction.atomic():
        MessageText.objects.filter(pk=row.pk).delete()


def test_two_who_edit_at_once_do_not_overwrite_each_other(desk: Client) -> None:
    desk.post(ADD, typed(body=OWN, base_version=0))
    page = desk.post(ADD, typed(body=f"{OWN}\n\nSee you soon.", base_version=0))
    assert "Somebody saved version 1 meanwhile" in page.content.decode()


@pytest.mark.parametrize(
    ("field", "changes", "why"),
    [
        ("body", {"body": OWN + " $nobody_knows"}, "Nobody can fill in “$nobody_knows” here."),
        ("body", {"body": OWN + " $visit_day"}, "Nobody can fill in “$visit_day” here."),
        ("body", {"body": OWN + " It costs 5 $."}, "A dollar sign stands alone."),
        ("body", {"body": OWN.replace("$clinic_phone", "us")}, "“$clinic_phone” is missing."),
        ("subject", {"subject": "Your mammogram"}, "“mammogram” may not stand here"),
        ("subject", {"subject": "For $first_name"}, "Nobody can fill in “$first_name” here."),
        ("subject", {"subject": " "}, "A message needs a subject."),
        ("body", {"body": OWN + "\n\nIt is about your left breast."}, "“left” may not stand here"),
        ("body", {"body": OWN + "\n\nThis is urgent."}, "“urgent” frightens"),
        ("body", {"body": OWN + "\n\nIt is fine for 9 in 10 people."}, "a figure must be one of the placeholders"),
        (
            "body",
            {"body": OWN + "\n\nSupplementary examination necessitates immediate consultation availability." * 3},
            "too hard to read",
        ),
        ("body", {"name": "please_call.sms", "body": "$clinic_name: call $clinic_phone. " + "Please do. " * 14}, "160"),
        ("reviewed_on", {"reviewer": "Testa Sample-Oak, MD"}, "Give both"),
    ],
)
def test_a_text_that_may_not_be_sent_is_refused_with_the_reason_at_its_field(
    field: str, changes: dict[str, Any], why: str, desk: Client
) -> None:
    assert why in refused(desk, field, **changes)


def test_a_detailed_text_may_say_what_a_plain_one_may_not() -> None:
    words = shipped("recall_notice.detailed")
    assert template_validation.validate_text("recall_notice.detailed", "en", words["subject"], words["body"]) == []
    assert template_validation.validate_text("recall_notice", "en", words["subject"], words["body"]) != []


@pytest.mark.parametrize("language", loader.list_languages())
def test_every_shipped_text_would_be_let_in(language: str) -> None:
    for name in (*loader.list_message_names(), *loader.list_explainer_names()):
        words = shipped(name, language)
        assert template_validation.validate_text(name, language, words["subject"], words["body"]) == []


def test_the_federal_text_is_on_no_list_and_its_place_cannot_be_taken_away(desk: Client) -> None:
    page = desk.get(reverse("admin:notifications_messagetext_texts")).content.decode()
    assert "en/lay_summary.letter" in page
    assert "density_dense" not in page
    assert desk.post(ADD, typed(name=NAME) | {"name": "density_dense"}).status_code == 200
    words = shipped("lay_summary.letter")["body"].replace("> $density_notice\n\n", "Your breasts are dense.\n\n")
    assert "“$density_notice” is missing" in refused(desk, "body", name="lay_summary.letter", body=words)


def test_a_preview_shows_both_parts_for_an_invented_patient_and_every_objection(desk: Client) -> None:
    page = desk.post(PREVIEW, typed(body=OWN + "\n\nIt is urgent."))
    assert page.context["preview"].text.startswith("Hello Testa,")
    assert "Hello Testa," in page.context["preview"].html
    assert "frightens" in page.content.decode()
    assert f'srcdoc="{escape(str(page.context["preview"].html))}"' in page.content.decode()  # whole, within its quotes
    assert not MessageText.objects.exists()


def test_only_an_administrator_writes_texts(client: Client, manager_mo: User, scheduler_ana: User) -> None:
    client.force_login(manager_mo)
    assert client.get(reverse("admin:notifications_messagetext_texts")).status_code == 200
    assert client.post(PREVIEW, typed()).status_code == 403
    assert client.post(ADD, typed()).status_code == 403
    client.force_login(scheduler_ana)
    assert client.get(reverse("admin:notifications_messagetext_texts")).status_code == 302


def test_a_sites_own_text_goes_before_that_of_all_sites_and_both_before_the_shipped(
    clock: Clock, recall: Recall, foothills: Site, administrator_ada: User
) -> None:
    write(administrator_ada, body="For all. $clinic_phone")
    write(administrator_ada, body="For Shadyside. $clinic_phone", site=recall.site)
    assert (
        loader.get_message_text("recall_notice", "en", detailed=False, site=recall.site).body.template[:13]
        == "For Shadyside"
    )
    assert (
        loader.get_message_text("recall_notice", "en", detailed=False, site=foothills).body.template[:8] == "For all."
    )
    write(administrator_ada, site=recall.site, active=False)
    write(administrator_ada, active=False)
    afresh = Site.objects.get(pk=recall.site_id)
    text = loader.get_message_text("recall_notice", "en", detailed=False, site=afresh)
    assert text.body.template == shipped("recall_notice")["body"]


def test_a_translation_is_sent_as_soon_as_a_named_reviewer_has_read_it(
    desk: Client, clock: Clock, shadyside: Site
) -> None:
    review = {"reviewer": "Testa Sample-Oak, MD", "reviewed_on": "2026-11-09"}
    assert desk.post(ADD, typed(name="recall_notice", language="es", **review)).status_code == 302
    RecallFactory.create(patient=PatientFactory.create(site=shadyside, spanish_speaker=True))
    send_due(5)
    assert mail.outbox[0].body.startswith("Hola, Testa:")
    assert mail.outbox[0].extra_headers["Content-Language"] == "es"


def test_a_translation_whose_review_was_withdrawn_meanwhile_goes_out_in_english(
    clock: Clock, shadyside: Site, administrator_ada: User
) -> None:
    spanish = shipped("recall_notice", "es") | {"language": "es"}
    write(administrator_ada, **spanish, reviewer="Testa Sample-Oak, MD", reviewed_on="2026-11-09")
    recall = RecallFactory.create(patient=PatientFactory.create(site=shadyside, spanish_speaker=True))
    assert latest_notification(recall, NotificationKind.RECALL_NOTICE).language == "es"
    write(administrator_ada, **spanish)
    send_due(5)
    assert latest_notification(recall, NotificationKind.RECALL_NOTICE).language == "en"
    assert mail.outbox[0].body.startswith("Hello Testa,")


def test_changed_words_need_a_new_review(desk: Client, administrator_ada: User) -> None:
    review = {"reviewer": "Testa Sample-Oak, MD", "reviewed_on": "2026-11-09"}
    write(administrator_ada, name=NAME, **review)
    page = desk.post(ADD, typed(body=f"{OWN}\n\nSee you soon.", **review))
    assert "The words changed since that review." in page.content.decode()


def test_a_site_may_send_translations_that_nobody_reviewed(clock: Clock, shadyside: Site) -> None:
    Site.objects.filter(pk=shadyside.pk).update(reviewed_translations_only=False)
    RecallFactory.create(patient=PatientFactory.create(site=Site.objects.get(), spanish_speaker=True))
    send_due(5)
    assert mail.outbox[0].body.startswith("Hola, Testa:")


def test_a_site_that_wants_english_reviewed_sends_none_unreviewed_and_a_call_task_opens(
    clock: Clock, recall: Recall, administrator_ada: User
) -> None:
    Site.objects.filter(pk=recall.site_id).update(reviewed_english_only=True)
    send_due(5)
    row = latest_notification(recall, NotificationKind.RECALL_NOTICE)
    assert (row.state, row.reason) == (NotificationState.FAILED, StatusReason.NOT_REVIEWED)
    assert recall.work_items.get().kind == WorkItemKind.CALL_DELIVERY_FAILED
    assert mail.outbox == []
