"""Rules of what the schedulers of the load test send."""

from django.test import Client

from bench.load.call_form import CallForm
from clinic.models import User
from recalls.models import ContactAttempt
from recalls.testing.factories import RecallFactory


def test_a_call_is_logged_by_the_fields_that_the_page_gives(scheduler_ana: User, client: Client) -> None:
    recall = RecallFactory.create(site=scheduler_ana.own_sites[0])
    client.force_login(scheduler_ana)
    form = CallForm(client.get(f"/recalls/{recall.pk}/").content.decode())
    assert form.fields["channel"] == "phone"
    answer = client.post(f"/recalls/{recall.pk}/log_contact/", {**form.fields, "result": "no_answer"})
    assert answer.status_code == 302
    assert ContactAttempt.objects.get(recall=recall).result == "no_answer"


def test_a_page_without_the_form_gives_no_fields() -> None:
    assert CallForm('<form id="other"><input name="q" value="1"></form>').fields == {}
