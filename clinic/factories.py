"""Factories for tests and the demo: open sites, and staff with their roles."""

from datetime import time
from functools import cached_property
from typing import Any

import factory
from django.contrib.auth.models import Group
from django.db import transaction
from factory.django import DjangoModelFactory

from clinic.models import DeadlinePolicy, OpeningHours, Site, User
from clinic.roles import ADMIN_ROLES, Role

MONDAY_TO_FRIDAY = range(5)
DEFAULT_HOURS = (time(8), time(17))


class SiteFactory(DjangoModelFactory[Site]):
    """A site in Pittsburgh; `hours=(opens, closes)` are those of weekdays, `policy={"visit": 5}` changes deadlines."""

    class Meta:
        model = Site

    code = factory.Sequence(lambda number: f"SITE{number}")
    name = factory.LazyAttribute(lambda site: f"{site.code.title()} Sample Imaging")
    sender_name = factory.SelfAttribute("name")
    phone = "+14125550100"
    contact_person = "Nia Example-Navigator"
    address_line = "1 Example Street"
    city = "Pittsburgh"
    state = "PA"
    postal_code = "15232"
    subdivision = "PA"
    time_zone = "America/New_York"
    hours = DEFAULT_HOURS
    policy: dict[str, int] = {}

    @classmethod
    def _create(cls, model_class: type[Site], *_args: Any, **fields: Any) -> Site:
        opens, closes = fields.pop("hours")
        policy = fields.pop("policy")
        with transaction.atomic():
            site = model_class.objects.create(**fields)
            OpeningHours.objects.bulk_create(
                OpeningHours(site=site, weekday=day, opens=opens, closes=closes) for day in MONDAY_TO_FRIDAY
            )
            DeadlinePolicy.objects.create(site=site, **policy)
        return site


def get_default_site() -> Site:
    """The first site there is, made when there is none: who works with one clinic need not name it."""
    return Site.objects.order_by("pk").first() or SiteFactory.create()


class UserFactory(DjangoModelFactory[User]):
    """One of the staff: `role=` (or `roles=[...]`), `sites=[...]` (or the home site), `password=` (or none works)."""

    class Meta:
        model = User

    class Params:
        role = Role.SCHEDULER

    username = factory.Sequence(lambda number: f"staff{number}")
    first_name = factory.LazyAttribute(lambda user: user.username.title())
    last_name = factory.LazyAttribute(lambda user: f"Example-{Role(user.roles[0]).name.title()}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.org")
    is_staff = factory.LazyAttribute(lambda user: not ADMIN_ROLES.isdisjoint(user.roles))
    roles = factory.LazyAttribute(lambda user: [user.role])
    sites = factory.LazyFunction(lambda: [get_default_site()])
    password = None

    @classmethod
    def _create(cls, model_class: type[User], *_args: Any, **fields: Any) -> User:
        roles, sites = fields.pop("roles"), fields.pop("sites")
        with transaction.atomic():
            user = model_class.objects.create_user(**fields)
            user.groups.add(*Group.objects.filter(name__in=roles))
            user.sites.add(*sites)
        return user


class SiteStaff:
    """One person of each role that works on recalls, at one site; whoever is missing is hired when asked for."""

    def __init__(self, site: Site) -> None:
        self._site = site

    @cached_property
    def scheduler(self) -> User:
        return _get_or_create_user(Role.SCHEDULER, self._site)

    @cached_property
    def navigator(self) -> User:
        return _get_or_create_user(Role.NAVIGATOR, self._site)

    @cached_property
    def radiologist(self) -> User:
        return _get_or_create_user(Role.RADIOLOGIST, self._site)

    @cached_property
    def manager(self) -> User:
        return _get_or_create_user(Role.MANAGER, self._site)


def get_site_staff(site: Site) -> SiteStaff:
    """Who works at the site, one of each role."""
    return SiteStaff(site)


def _get_or_create_user(role: Role, site: Site) -> User:
    found = User.objects.filter(groups__name=role, sites=site, is_active=True).order_by("pk").first()
    return found or UserFactory.create(role=role, sites=[site])
