"""Holds that a parked row can be corrected in the admin and that nothing typed is lost."""

from urllib.parse import urlsplit

import pytest
from django.http import QueryDict
from django.test import Client

from clinic.factories import SiteFactory, UserFactory
from clinic.models import Site, User
from clinic.roles import Role
from exchange.models import ParkedRow
from exchange.schema import COLUMNS
from recalls.models import Recall, ScreeningExam
from tests.exchange.conftest import LoadResults, make_result

LIST = "/admin/exchange/parkedrow/"


@pytest.fixture
def manager(shady_site: Site) -> User:
    return UserFactory.create(username="mona", role=Role.MANAGER, sites=[shady_site])


@pytest.fixture
def manager_client(client: Client, manager: User) -> Client:
    client.force_login(manager)
    return client


def get_page(row: ParkedRow) -> str:
    return f"{LIST}{row.pk}/change/"


def submit(client: Client, row: ParkedRow, button: str, note: str = "", **cells: str) -> str:
    """Send the form as it is shown, with some cells typed anew; the page that follows."""
    typed = {f"cell_{column.name}": row.raw.get(column.name, "") for column in COLUMNS}
    typed |= {f"cell_{name}": text for name, text in cells.items()}
    return client.post(get_page(row), {**typed, "note": note, button: "1"}, follow=True).text


@pytest.fixture
def parked(load_results: LoadResults) -> ParkedRow:
    load_results(make_result(assessment="0", comment="look again"))
    return ParkedRow.objects.get()


def test_each_column_is_a_field_with_its_problem_beside_it(manager_client: Client, parked: ParkedRow) -> None:
    text = manager_client.get(get_page(parked)).text
    assert 'value="Sample-Oak"' in text
    assert "look again" in text
    field = text[text.index("field-cell_assessment") :][:600]
    assert "A plain 0 does not say what is needed." in field
    assert "style=" not in text


def test_a_mended_row_goes_in_and_leads_to_its_recall(manager_client: Client, parked: ParkedRow, manager: User) -> None:
    text = submit(manager_client, parked, "_replay", assessment="0-AI")
    recall = Recall.objects.get()
    parked.refresh_from_db()
    assert "The row is in" in text
    assert f"/admin/recalls/recall/{recall.pk}/change/" in text
    assert (parked.state, parked.settled_by, parked.exam) == ("replayed", manager, recall.exam)


def test_a_row_mended_badly_shows_its_new_problems_and_keeps_what_was_typed(
    manager_client: Client, parked: ParkedRow
) -> None:
    text = submit(manager_client, parked, "_replay", assessment="0-AI", birth_date="1970-02-30", given_name="Tessa")
    assert "The row is not in yet" in text
    assert "There is no such day." in text
    assert 'value="1970-02-30"' in text
    assert 'value="Tessa"' in text
    assert not ScreeningExam.objects.exists()
    parked.refresh_from_db()
    assert parked.state == "parked"


def test_a_row_is_dismissed_with_a_reason_only(manager_client: Client, parked: ParkedRow, manager: User) -> None:
    assert "Say why" in submit(manager_client, parked, "_dismiss")
    submit(manager_client, parked, "_dismiss", note="a test row of the vendor")
    parked.refresh_from_db()
    assert (parked.state, parked.note, parked.settled_by) == ("dismissed", "a test row of the vendor", manager)
    assert not ScreeningExam.objects.exists()


def test_a_settled_row_can_be_read_and_changed_no_more(manager_client: Client, parked: ParkedRow) -> None:
    submit(manager_client, parked, "_replay", assessment="0-AI")
    assert "_replay" not in manager_client.get(get_page(parked)).text
    submit(manager_client, parked, "_replay", assessment="4B")
    assert ScreeningExam.objects.get().assessment == "0-AI"


def test_loading_the_file_again_leaves_a_mended_row_as_the_person_mended_it(
    manager_client: Client, parked: ParkedRow, load_results: LoadResults
) -> None:
    submit(manager_client, parked, "_replay", assessment="0-AI")
    loaded = load_results(make_result(assessment="0", comment="look again"))
    assert (loaded.status, loaded.results, loaded.states) == (0, ["unchanged"], ["to_contact"])
    assert ParkedRow.objects.count() == 1


def test_people_see_the_rows_of_their_own_sites(
    manager_client: Client, parked: ParkedRow, load_results: LoadResults
) -> None:
    SiteFactory.create(code="OAK")
    load_results(make_result(site="OAK", assessment="0"), make_result(site="ELSEWHERE"))
    assert manager_client.get(LIST).context["cl"].result_count == 1
    for row in ParkedRow.objects.exclude(pk=parked.pk):
        assert manager_client.get(get_page(row)).status_code == 302


def test_an_administrator_also_sees_rows_whose_site_nobody_knows(
    client: Client, shady_site: Site, load_results: LoadResults
) -> None:
    load_results(make_result(site="ELSEWHERE"))
    client.force_login(UserFactory.create(role=Role.ADMINISTRATOR, sites=[shady_site]))
    row = ParkedRow.objects.get()
    assert "The row is in" in submit(client, row, "_replay", site="SHADY")
    row.refresh_from_db()
    assert row.site == shady_site


def test_a_row_cannot_be_sent_to_a_site_where_the_user_does_not_work(manager_client: Client, parked: ParkedRow) -> None:
    SiteFactory.create(code="OAK")
    assert "do not work at this site" in submit(manager_client, parked, "_replay", site="OAK", assessment="0-AI")
    assert not ScreeningExam.objects.exists()


def test_a_row_of_a_command_that_named_the_site_is_replayed_there(
    manager_client: Client, load_results: LoadResults, shady_site: Site
) -> None:
    without = {name: text for name, text in make_result(assessment="0").items() if name != "site"}
    load_results(without, site="SHADY")
    submit(manager_client, ParkedRow.objects.get(), "_replay", assessment="0-AI")
    assert ScreeningExam.objects.get().site == shady_site


@pytest.mark.parametrize("role", [Role.SCHEDULER, Role.NAVIGATOR, Role.RADIOLOGIST])
def test_other_roles_do_not_open_parked_rows(client: Client, parked: ParkedRow, role: Role) -> None:
    client.force_login(UserFactory.create(role=role, sites=[parked.site]))
    assert client.get(get_page(parked)).status_code != 200


@pytest.mark.parametrize("words", ["A1", "2"])
def test_a_row_is_found_by_accession_or_line_without_naming_it_in_the_address(
    manager_client: Client, parked: ParkedRow, load_results: LoadResults, words: str
) -> None:
    load_results(make_result(), make_result(accession="B7", assessment="9"))
    found = manager_client.post(LIST, {"q": words}, follow=True)
    assert [row.pk for row in found.context["cl"].result_list] == [parked.pk]
    # A random word stands for what was searched; it may begin with the same letter.
    assert QueryDict(urlsplit(found.redirect_chain[-1][0]).query)["q"] != words


def test_a_row_with_too_many_cells_shows_them_and_is_mended_by_hand(
    manager_client: Client, load_results: LoadResults
) -> None:
    load_results(",".join(make_result()) + "\n" + ",".join(make_result().values()) + ",stray words\n")
    row = ParkedRow.objects.get()
    text = manager_client.get(get_page(row)).text
    assert "stray words" in text
    assert "The row has 9 cells" in text
    assert "The row is in" in submit(manager_client, row, "_replay")


def test_the_list_of_files_tells_what_became_of_their_rows(manager_client: Client, parked: ParkedRow) -> None:
    text = manager_client.get("/admin/exchange/resultfile/").text
    assert "results.csv" in text
    assert "parked 1" in text
