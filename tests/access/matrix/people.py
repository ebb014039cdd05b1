"""The people of the matrix: each role at the clinic, elsewhere and nowhere, a program with a token, and a stranger."""

import time
from dataclasses import dataclass
from typing import Final

from django.test import Client

from clinic.factories import UserFactory
from clinic.models import Site
from clinic.roles import STAFF_ROLES, Role
from exchange.fhir.access.clients import create_client, issue_token

STRANGER, PROGRAM, NO_ROLE = "stranger", "program", "no role"
HERE, ELSEWHERE, NOWHERE = "here", "elsewhere", "nowhere"
PLACES: Final = (HERE, ELSEWHERE, NOWHERE)


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks: a role of `STAFF_ROLES`, or one of the three words above, and where they work."""

    role: str
    place: str
    browser: Client

    @property
    def is_signed_in(self) -> bool:
        return self.role not in (STRANGER, PROGRAM)


def make_people(here: Site, elsewhere: Site) -> list[Person]:
    """One of each."""
    sites = {HERE: [here], ELSEWHERE: [elsewhere], NOWHERE: []}
    roles: list[Role | None] = [*sorted(STAFF_ROLES), None]
    people = [Person(role or NO_ROLE, place, _signed_in(role, sites[place])) for role in roles for place in PLACES]
    people += [Person(PROGRAM, place, _program(place, sites[place])) for place in (HERE, ELSEWHERE)]
    return [*people, Person(STRANGER, NOWHERE, Client(raise_request_exception=False))]


def _signed_in(role: Role | None, sites: list[Site]) -> Client:
    """Somebody who gave the password a moment ago, so that no page asks for it again."""
    user = UserFactory.create(role=role or Role.SCHEDULER, sites=sites, password="eleven slow rivers")
    if role is None:
        user.groups.clear()
    browser = Client(raise_request_exception=False)
    browser.force_login(user)
    session = browser.session
    session["account_authentication_methods_user"] = str(user.pk)
    session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "username": user.username}]
    session.save()
    return browser


def _program(place: str, sites: list[Site]) -> Client:
    service, _secret = create_client(f"Sample RIS {place}", sites, ["system/*.*"], by=None)
    token = issue_token(service)[1]
    return Client(headers={"Authorization": f"Bearer {token}"}, raise_request_exception=False)
