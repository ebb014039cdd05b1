"""Entry, many recalls at once, and contact details keep what was typed over the session's end, too."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic.models import Site, User
from desk.kept_forms import KEEP_FOR, TYPIST_FIELD
from desk.models import KeptForm
from recalls.models import Recall
from recalls.tasks import delete_kept_forms
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import page_text

pytestmark = pytest.mark.django_db
TEXT_KEPT = "Your text is below."


def _send_after_the_session(user: User, page_url: str, post_url: str, typed: dict[str, Any], **headers: str) -> Any:
    """The browser after the post; the person has signed in again."""
    browser = Client()
    browser.force_login(user)
    found = re.search(rf'name="{TYPIST_FIELD}" value="([^"]+)"', browser.get(page_url).content.decode())
    assert found
    browser.cookies.pop(settings.SESSION_COOKIE_NAME)
    answer = browser.post(post_url, {**typed, TYPIST_FIELD: found[1]}, **headers)  # type: ignore[arg-type]
    browser.force_login(user)
    return browser, answer


def test_a_result_typed_by_hand_is_shown_again(scheduler_ana: User, shadyside: Site) -> None:
    entry, typed = reverse("entry"), {"family_name": "Sample-Elder", "mrn": "M77"}
    browser, _answer = _send_after_the_session(scheduler_ana, entry, entry, typed)
    page = browser.get(entry)
    assert TEXT_KEPT in page_text(page)
    assert page.context["form"]["family_name"].value() == "Sample-Elder"


def test_what_was_to_be_done_with_many_recalls_is_previewed_again_with_its_words(
    scheduler_ana: User, shadyside: Site
) -> None:
    recalls = [RecallFactory.create(site=shadyside) for _ in range(2)]
    chosen = "&".join(f"recall={recall.pk}" for recall in recalls)
    seen = [f"{recall.pk}.{recall.version}" for recall in recalls]
    typed = {"do": "add_note", "seen": seen, "note": "Water damage.", "key": str(uuid4())}
    preview = f"{reverse('bulk')}?do=add_note&{chosen}"
    browser, _answer = _send_after_the_session(scheduler_ana, preview, reverse("bulk"), typed)
    page = browser.get(reverse("bulk"))
    assert TEXT_KEPT in page_text(page)
    assert page.context["form"]["note"].value() == "Water damage."
    assert {line.recall.pk for line in page.context["allowed"]} == {recall.pk for recall in recalls}
    again = [f"{line.recall.pk}.{line.recall.version}" for line in page.context["allowed"]]
    browser.post(reverse("bulk"), typed | {"seen": again})
    assert {recall.events.latest("pk").note for recall in Recall.objects.all()} == {"Water damage."}
    assert not KeptForm.objects.exists()


def test_a_number_typed_in_a_call_is_kept_and_the_whole_page_goes_to_the_sign_in(
    scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    contact, typed = reverse("contact_details", args=[recall.pk]), {"contact-mobile": "412 555 0177"}
    browser, answer = _send_after_the_session(
        scheduler_ana, reverse("recall", args=[recall.pk]), contact, typed, HTTP_HX_REQUEST="true"
    )
    assert answer["HX-Redirect"].startswith("/sign-in/?next=")
    assert browser.get(contact).context["form"]["mobile"].value() == "412 555 0177"


def test_who_signs_out_leaves_nothing_that_was_typed(scheduler_ana: User, scheduler_bea: User) -> None:
    for user in (scheduler_ana, scheduler_bea):
        KeptForm.objects.create(token_hash=user.username, user=user, path="/entry/", fields={})
    browser = Client()
    browser.force_login(scheduler_ana)
    browser.post(reverse("sign_out"))
    assert [kept.user for kept in KeptForm.objects.all()] == [scheduler_bea]


def test_what_a_person_typed_goes_with_their_account(scheduler_ana: User) -> None:
    KeptForm.objects.create(token_hash="1", user=scheduler_ana, path="/entry/", fields={})
    assert delete_kept_forms() == 0
    User.objects.filter(pk=scheduler_ana.pk).update(is_active=False)
    assert delete_kept_forms() == 1


def test_the_task_removes_what_nobody_came_back_for(scheduler_ana: User) -> None:
    for age in (KEEP_FOR + timedelta(minutes=1), KEEP_FOR - timedelta(minutes=1)):
        kept = KeptForm.objects.create(token_hash=str(age), user=scheduler_ana, path="/entry/", fields={})
        KeptForm.objects.filter(pk=kept.pk).update(kept_at=timezone.now() - age)
    assert delete_kept_forms() == 1
    assert KeptForm.objects.count() == 1
