"""Fixtures of a sender that is set up and of the people who mend its messages."""

import pytest
from django.test import Client

from clinic.models import Site, User
from exchange.models import Hl7Sender


@pytest.fixture
def ris(shadyside: Site) -> Hl7Sender:
    return Hl7Sender.objects.create(name="RIS North", application="RIS", facility="NORTH", site=shadyside)


@pytest.fixture
def manager_client(client: Client, manager_mo: User) -> Client:
    client.force_login(manager_mo)
    return client


@pytest.fixture
def administrator_client(client: Client, administrator_ada: User) -> Client:
    client.force_login(administrator_ada)
    return client
