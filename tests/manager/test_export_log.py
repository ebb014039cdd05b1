"""Managers read who took which file of patients and why, and whose late recalls are whose."""

import pytest
from django.urls import reverse

from clinic.models import Site, User
from recalls import actions
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from reports.manager import export_log
from reports.models import ExportLog
from tests.desk.conftest import ClientFor, client_for, page_text

__all__ = ["client_for"]
pytestmark = pytest.mark.django_db


def test_each_file_is_listed_with_who_took_it_and_why_page_by_page(
    client_for: ClientFor, manager_mo: User, shadyside: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = client_for(manager_mo)
    browser.post(reverse("recall_list_export", args=["late"]), {"reason": "Audit of March."})
    assert "Audit of March." in page_text(browser.get(reverse("export_log")))
    monkeypatch.setattr(export_log, "PAGE_SIZE", 1)
    ExportLog.objects.create(user=manager_mo, name="lost", reason="Second one.")
    first = browser.get(reverse("export_log"))
    assert [row["why"] for row in first.context["rows"]] == ["Second one."]
    following = browser.get(reverse("export_log") + first.context["next_page_url"])
    assert [(row["why"], row["what"]) for row in following.context["rows"]] == [("Audit of March.", "Late")]


def test_files_taken_at_other_sites_and_by_other_roles_stay_unseen(
    client_for: ClientFor, administrator_ada: User, other_site_scheduler: User, scheduler_ana: User, shadyside: Site
) -> None:
    administrator_ada.sites.set([shadyside])
    ExportLog.objects.create(user=other_site_scheduler, name="lost", reason="Elsewhere.")
    assert "Elsewhere." not in page_text(client_for(administrator_ada).get(reverse("export_log")))
    assert client_for(scheduler_ana).get(reverse("export_log")).status_code == 403


def test_the_late_list_is_narrowed_to_one_person_or_to_nobodys(
    client_for: ClientFor, manager_mo: User, scheduler_ana: User, shadyside: Site
) -> None:
    given, free = (RecallFactory.create(site=shadyside, ladder_complete=True) for _ in range(2))
    for recall in (given, free):
        Recall.objects.filter(pk=recall.pk).update(due_at=recall.opened_at, target_at=recall.opened_at)
    actions.assign(given, scheduler_ana, by=manager_mo)
    browser, page = client_for(manager_mo), reverse("recall_list", args=["late"])
    for who, expected in ((str(scheduler_ana.pk), [given.pk]), ("nobody", [free.pk])):
        assert [row.pk for row in browser.get(page, {"who": who}).context["rows"]] == expected
    assert browser.get(page, {"who": "999999"}).status_code == 404
