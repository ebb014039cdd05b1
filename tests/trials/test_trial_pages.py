"""Pages of trials: a draft, its start by a colleague, no interim result, the report with its file."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from clinic.factories import get_site_staff
from clinic.models import Site, User
from recalls.models import Trial, TrialPlace
from recalls.testing.factories import RecallFactory
from reports.trials.results import review_trials
from tests.desk.conftest import page_text
from tests.notifications.clock import at

pytestmark = pytest.mark.django_db
DRAFT = {
    "title": "Morning or afternoon", "question": "Who is reached sooner?", "ethics": "IRB 2026-17",
    "subject": "call_time", "outcome": "first_call", "size": "40", "ends_on": "2027-06-30",
}  # fmt: skip


def test_from_the_draft_to_the_report(client: Client, shadyside: Site, manager: User, physician: User) -> None:
    with time_machine.travel(at("2026-11-10", "08:15"), tick=False) as traveller:
        client.force_login(manager)
        assert "No trial was drafted yet" in page_text(client.get("/audit/trials/"))
        assert client.get("/audit/trials/new/SHADY/").status_code == 200
        assert client.post("/audit/trials/new/SHADY/", DRAFT | {"size": "41"}).status_code == 422
        assert client.post("/audit/trials/new/SHADY/", DRAFT | {"outcome": "offer_taken"}).status_code == 422
        assert client.post("/audit/trials/new/SHADY/", DRAFT).status_code == 302
        trial = Trial.objects.get()
        path = f"/audit/trials/{trial.pk}/"
        drafted = page_text(client.get(path))
        assert "Whoever drafted it cannot start it" in drafted
        assert "Start the trial" not in drafted
        for page in (path, "/audit/trials/"):
            words = page_text(client.get(page))
            assert "Draft: to be started by a colleague" in words
            assert "Over:" not in words
        client.post(f"{path}start/")
        assert not hasattr(Trial.objects.get(), "start")
        client.force_login(physician)
        client.post(f"{path}start/")
        for _number in range(8):
            RecallFactory.create(site=shadyside)
        running = page_text(client.get(path))
        assert "8 of 40 recalls are taken in." in running
        assert "Over:" not in running
        assert "With the outcome" not in running
        assert client.get(f"{path}figures/csv/").status_code == 404
        assert client.post(f"{path}end/", {"words": ""}).status_code == 422
        client.post(f"{path}end/", {"words": "The phone system changes."})
        traveller.shift(timedelta(days=11))
        review_trials()
        client.force_login(physician)  # the session is over long ago
        report = page_text(client.get(path))
        assert "no difference was found" in report
        assert "B less A: 0.0 percentage points" in report
        assert "It ended with 8 of 40 planned recalls." in report
        file = b"".join(client.get(f"{path}figures/csv/").streaming_content).decode()  # type: ignore[attr-defined]
        assert "A,in the morning,4,0,0.0" in file.replace('"', "")
        assert "no difference was found" in page_text(client.get("/audit/trials/"))


def test_others_see_no_trial_of_another_site_and_run_none(
    client: Client, shadyside: Site, foothills: Site, manager: User
) -> None:
    client.force_login(manager)
    client.post("/audit/trials/new/SHADY/", DRAFT | {"ends_on": "2099-06-30"})
    trial = Trial.objects.get()
    client.force_login(get_site_staff(foothills).manager)
    assert client.get(f"/audit/trials/{trial.pk}/").status_code == 404
    assert client.get("/audit/trials/new/SHADY/").status_code == 404
    reader = get_site_staff(shadyside).radiologist
    client.force_login(reader)
    assert client.get("/audit/trials/").status_code == 200
    assert client.get("/audit/trials/new/SHADY/").status_code == 403
    assert client.post(f"/audit/trials/{trial.pk}/start/").status_code == 403
    client.force_login(get_site_staff(shadyside).scheduler)
    assert client.get("/audit/trials/").status_code == 403
    assert not TrialPlace.objects.exists()
