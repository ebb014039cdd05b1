"""Holds that a receiver is told of the finding, of what is wanted by when, and whether tissue and images agree."""

from collections.abc import Iterator
from datetime import date

import pytest

from clinic.models import Site
from exchange.hl7.applying.imaging_orders import read_recommendation
from exchange.hl7.outbound.render import render_status
from exchange.hl7.reading.reader import read_message
from exchange.models import Hl7Peer, Hl7StatusMessage, StatusKind
from recalls.models import Recall
from recalls.testing.factories import RecallFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def peer(shadyside: Site) -> Hl7Peer:
    return Hl7Peer.objects.create(name="EMR", site=shadyside, host="127.0.0.1")


def iter_lines(peer: Hl7Peer, recall: Recall, step: str, kind: StatusKind) -> Iterator[list[str]]:
    event = recall.events.filter(step=step).latest("pk")
    message = Hl7StatusMessage(peer=peer, recall=recall, event=event, kind=kind, control_id="C1")
    body = render_status(message)
    assert read_message(body, "utf-8", is_certain=False).faults == ()
    return (line.split("|") for line in body.decode().split("\r") if line.startswith("OBX"))


def test_an_opened_recall_says_the_finding_the_guideline_and_what_is_wanted(peer: Hl7Peer, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside)
    lines = list(iter_lines(peer, recall, "open_recall", StatusKind.OPENED))
    (finding,) = [line for line in lines if line[3].startswith("RID49482^")]
    (wanted,) = [line for line in lines if line[3].startswith("18783-1^")]
    assert finding[3].endswith("^RADLEX")
    assert finding[15] == "ACR BI-RADS 5th edition (2013)"
    read = read_recommendation(wanted[5], date(2026, 11, 2))
    assert read.is_complete
    assert [line[1] for line in lines] == [str(number) for number in range(1, len(lines) + 1)]


def test_a_signed_verdict_says_images_tissue_and_whether_they_agree(peer: Hl7Peer, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, benign_concordant=True)
    lines = list(iter_lines(peer, recall, "sign_concordance", StatusKind.CONCORDANCE))
    said = {line[3].split("^")[0]: line for line in lines}
    lesion = recall.lesions.get()
    assert said["PATHOLOGY"][5].startswith("benign^")
    assert said["BIRADS"][5].startswith("4B^")
    assert said["CONCORDANCE"][5].startswith("concordant_benign^")
    assert {said[name][4] for name in ("PATHOLOGY", "BIRADS", "CONCORDANCE")} == {str(lesion.number)}
