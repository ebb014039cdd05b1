"""Tests that a clinic can change the explainers without code, and only to what is fit."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic.models import Site, User
from notifications.content import loader
from notifications.delivery.worker import send_due
from notifications.enums import NotificationKind
from notifications.models import MessageText, RenderedMessage
from patients.models import Patient
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import Clock, latest_notification
from tests.portal.conftest import give_birth_date, make_link, page_text

pytestmark = pytest.mark.django_db

NAME = "explainers/what_to_bring"
OWN = "Please bring your ID card and the list of your medicines.\n\n## Also good to have\n\nA book for the wait."
ADD = reverse("admin:notifications_messagetext_add")


@pytest.fixture
def save(client: Client, administrator_ada: User) -> Callable[..., Any]:
    """Send the form for a new version of an explainer, as the administrator."""
    client.force_login(administrator_ada)

    def send(name: str = NAME, body: str = OWN, **changes: Any) -> Any:
        form = {
            "name": name,
            "language": "en",
            "active": "on",
            "base_version": "",
            "site": "",
            "subject": "What to bring",
        }
        response = client.post(ADD, form | {"reviewer": "", "reviewed_on": "", "body": body} | changes)
        return "" if response.status_code == 302 else str(response.context["adminform"].form.errors)

    return send


def written_to(recall: Recall, kind: NotificationKind) -> str:
    send_due(5)
    return RenderedMessage.objects.get(notification=latest_notification(recall, kind)).text


def test_the_clinics_own_explainer_stands_in_the_message_and_on_the_patient_page(
    save: Callable[..., Any], clock: Clock, shadyside: Site
) -> None:
    assert save() == ""
    recall = RecallFactory.create(site=shadyside, booked=True)
    said = " ".join(written_to(recall, NotificationKind.APPOINTMENT_CONFIRMATION).split())
    assert "Please bring your ID card and the list of your medicines." in said
    assert "deodorant" not in said
    browser = Client()
    give_birth_date(browser, make_link(recall.patient), recall.patient)
    page = page_text(browser.get(reverse("portal:page")))
    assert "Please bring your ID card" in page
    assert "A book for the wait." in page


def test_the_form_shows_the_title_and_the_words_in_use(save: Callable[..., Any], client: Client) -> None:
    save()
    page = client.get(ADD, {"name": NAME, "language": "en"}).content.decode()
    assert "Please bring your ID card" in page
    assert "Title:" in page
    listed = client.get(reverse("admin:notifications_messagetext_texts")).content.decode()
    assert "en/explainers/findings/mass" in listed
    assert "es/explainers/procedures/mri" in listed
    preview = client.post(reverse("admin:notifications_messagetext_preview"), {"name": NAME, "language": "en"} | {
        "subject": "What to bring", "body": OWN.replace("ID card", "$first_name"),
    })  # fmt: skip
    assert "Nobody can fill in “$first_name” here." in preview.content.decode()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"body": OWN.replace("ID card", "$first_name")}, "Nobody can fill in “$first_name” here."),
        ({"body": OWN.replace("ID card", "biopsy papers")}, "“biopsy” may not stand here"),
        ({"body": OWN.replace("ID card", "card at once, it is urgent")}, "frightens"),
        ({"body": "# Bring\n\nYour card."}, "It must begin with a paragraph"),
        ({"body": OWN + " Documentation facilitates comprehensive radiological interpretation."}, "too hard to read"),
        ({"subject": ""}, "It needs a title."),
        ({"name": "explainers/lay_results/benign", "body": "It is benign."}, "It needs a heading (##)"),
        ({"name": "explainers/no_such_text"}, "There is no such text."),
        (
            {"name": "explainers/figures/first_screen", "body": "Of these, 4 in 100 have it."},
            "placeholders for figures",
        ),
    ],
)
def test_an_explainer_that_is_not_fit_is_refused_with_the_reason(
    changes: dict[str, str], why: str, save: Callable[..., Any]
) -> None:
    assert why in save(**changes)
    assert not MessageText.objects.exists()


def test_an_explainer_that_only_the_patient_reads_may_name_the_biopsy(save: Callable[..., Any]) -> None:
    assert save("explainers/procedures/core_biopsy", "**A biopsy.** We take a small sample.") == ""


def test_words_that_nobody_reviewed_stay_out_where_a_site_sends_only_reviewed_ones(
    save: Callable[..., Any], shadyside: Site, patient: Patient
) -> None:
    own = {"language": "es", "subject": "Qué traer", "body": "Por favor, traiga su tarjeta y sus medicinas."}
    assert save(**own) == ""
    fresh = Site.objects.get(pk=shadyside.pk)
    assert "tarjeta y sus medicinas" not in loader.first_paragraph("what_to_bring", "es", fresh)
    assert save(**own | {"base_version": "1", "reviewer": "Dr. Example", "reviewed_on": "2026-11-10"}) == ""
    fresh = Site.objects.get(pk=shadyside.pk)
    assert "tarjeta y sus medicinas" in loader.first_paragraph("what_to_bring", "es", fresh)


def test_a_sites_own_explainer_is_not_told_to_patients_of_another(
    save: Callable[..., Any], administrator_ada: User, shadyside: Site, foothills: Site
) -> None:
    assert save(site=str(shadyside.pk)) == ""
    here, there = (Site.objects.get(pk=site.pk) for site in (shadyside, foothills))
    assert "ID card" in loader.first_paragraph("what_to_bring", "en", here)
    assert "ID card" not in loader.first_paragraph("what_to_bring", "en", there)
