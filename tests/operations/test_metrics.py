"""Holds that Prometheus gets the figures that matter, with the token alone, and never a patient."""

import re
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
import yaml
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from clinic.models import Heartbeat, Site
from config import broker
from config.env import PROJECT_ROOT
from notifications.delivery import restore_guard
from notifications.models import Notification
from patients.factories import PatientFactory
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.support.processes import WEB, free_port, make_environment, run_process, wait_until

TOKEN = "only-for-tests-0123456789"
MONITORING = PROJECT_ROOT / "deploy" / "monitoring"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_token_and_a_broker(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.METRICS_TOKEN = TOKEN
    monkeypatch.setattr(broker, "is_reachable", lambda *_a, **_k: True)


def read_figures() -> dict[str, float]:
    """Each own figure by name and label."""
    answer = Client().get("/metrics/", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    return {
        " ".join([sample.name.removeprefix("recalldesk_"), *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name.startswith("recalldesk_")
    }


def test_nobody_reads_them_without_the_token(settings: Settings) -> None:
    assert Client().get("/metrics/").status_code == 401
    assert Client().get("/metrics/", headers={"Authorization": "Bearer wrong"}).status_code == 401
    settings.METRICS_TOKEN = ""
    assert Client().get("/metrics/", headers={"Authorization": "Bearer "}).status_code == 404


def test_they_tell_what_is_late_stuck_frozen_and_not_backed_up(shadyside: Site) -> None:
    now = timezone.now()
    recall: Recall = RecallFactory.create(patient=PatientFactory.create(site=shadyside, family_name="Zqfamily"))
    Recall.objects.filter(pk=recall.pk).update(due_at=now - timedelta(hours=2))
    Notification.objects.filter(recall=recall).update(not_before=now - timedelta(hours=1))
    Heartbeat.objects.create(name="backup", finished_at=now - timedelta(days=3))
    Heartbeat.objects.create(name="loop", finished_at=now, counts={"without_next_step": 4})
    restore_guard.freeze_sending()
    found = read_figures()
    assert found["queue_overdue_seconds to_contact"] == pytest.approx(7200, abs=60)
    assert found["waiting messages_overdue"] >= 1
    assert found["waiting_age_seconds messages_overdue"] == pytest.approx(3600, abs=60)
    assert found["sign_of_life_age_seconds backup"] == pytest.approx(3 * 86400, abs=60)
    assert (found["stuck_recalls"], found["sending_frozen"], found["broker_up"], found["database_up"]) == (4, 1, 1, 1)


def test_no_patient_is_in_them(shadyside: Site) -> None:
    RecallFactory.create(patient=PatientFactory.create(site=shadyside, family_name="Zqfamily", mrn="ZQMRN7"))
    text = Client().get("/metrics/", headers={"Authorization": f"Bearer {TOKEN}"}).text
    assert re.search("zqfamily|zqmrn7", text, re.IGNORECASE) is None


def test_they_cost_the_same_few_queries_at_any_size(shadyside: Site, foothills: Site) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as asked:
            read_figures()
        return len(asked)

    few = count()
    for _number in range(3):
        RecallFactory.create(site=foothills)
    assert count() == few <= 4


def _named_figures(text: str) -> set[str]:
    return set(re.findall(r"recalldesk_[a-z_]+", text))


def _given_names() -> set[str]:
    answer = Client().get("/metrics/", headers={"Authorization": f"Bearer {TOKEN}"}).text
    return set(re.findall(r"^# TYPE (recalldesk_[a-z_]+)", answer, re.MULTILINE))


@pytest.mark.parametrize("name", ["alerts.yml", "dashboard.json"])
def test_dashboard_and_alerts_name_only_figures_that_exist(name: str) -> None:
    named = _named_figures((MONITORING / name).read_text(encoding="utf-8"))
    assert named
    assert named <= _given_names()


def test_every_alert_says_what_to_do() -> None:
    rules = yaml.safe_load((MONITORING / "alerts.yml").read_text(encoding="utf-8"))
    for rule in rules["groups"][0]["rules"]:
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"]
        page, _hash, anchor = rule["annotations"]["runbook"].partition("#")
        assert f"## {anchor.replace('-', ' ')}" in (PROJECT_ROOT / page).read_text(encoding="utf-8").lower()


@pytest.mark.long
def test_all_processes_of_the_web_server_count_together(tmp_path: Path) -> None:
    """An installation without tables: only what the web server counts is asked for."""
    port = free_port()
    environment = make_environment(DATA_DIR=str(tmp_path), METRICS_TOKEN=TOKEN, PORT=str(port), WEB_WORKERS="2")
    tmp_path.chmod(0o700)

    def get(path: str) -> str:
        with suppress(OSError):
            asked = Request(f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {TOKEN}"})
            with urlopen(asked, timeout=5) as answer:
                return str(answer.read().decode())
        return ""

    with run_process(WEB, environment, tmp_path / "web.log"):
        assert wait_until(lambda: get("/health/live/") == "ok")
        for _number in range(20):
            get("/health/live/")
        text = get("/metrics/")
    assert "recalldesk_database_up 0.0" in text
    counted = re.search(r'by_view_method_total\{method="GET",view="health_live"\} (\d+)', text) or re.search(
        r'by_view_method_count\{method="GET",view="health_live"\} (\d+)', text
    )
    assert counted is not None
    assert int(counted[1]) >= 21
