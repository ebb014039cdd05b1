"""Defines the demo's two invented sites in two time zones, and staff in each role."""

from dataclasses import dataclass
from datetime import time, timedelta

from django.utils import timezone

from clinic import calendar
from clinic.factories import SiteFactory, SiteStaff, UserFactory, get_site_staff
from clinic.models import OpeningHours, Site, User
from clinic.roles import Role
from patients.factories import ReferringProviderFactory
from patients.models import ReferringProvider
from recalls.enums import Modality
from recalls.enums.barriers import BarrierKind
from recalls.models import BarrierResource, SlotPolicy
from recalls.testing.factories import RoomFactory


@dataclass(frozen=True, slots=True)
class DemoSite:
    """One site with the people who work on its recalls."""

    site: Site
    staff: SiteStaff
    referrers: tuple[ReferringProvider, ...]


@dataclass(frozen=True, slots=True)
class DemoUser:
    """A person of the demo as they sign in; `sites` are site codes."""

    username: str
    first_name: str
    last_name: str
    role: Role
    sites: tuple[str, ...]


WEEKEND = (OpeningHours.Weekday.SATURDAY, OpeningHours.Weekday.SUNDAY)
SHADYSIDE, FOOTHILLS = "SHADY", "FOOT"
DEMO_USERS: tuple[DemoUser, ...] = (
    DemoUser("ana", "Ana", "Example-Fern", Role.SCHEDULER, (SHADYSIDE,)),
    DemoUser("nia", "Nia", "Example-Clover", Role.NAVIGATOR, (SHADYSIDE, FOOTHILLS)),
    DemoUser("rao", "Dr. Rao", "Example-Cedar", Role.RADIOLOGIST, (SHADYSIDE,)),
    DemoUser("mo", "Mo", "Example-Heath", Role.MANAGER, (SHADYSIDE, FOOTHILLS)),
    DemoUser("ada", "Ada", "Example-Moss", Role.ADMINISTRATOR, (SHADYSIDE, FOOTHILLS)),
    DemoUser("sol", "Sol", "Example-Sage", Role.SCHEDULER, (FOOTHILLS,)),
    DemoUser("reed", "Dr. Reed", "Example-Aspen", Role.RADIOLOGIST, (FOOTHILLS,)),
    # Rights and new passwords take two administrators.
    DemoUser("abe", "Abe", "Example-Birch", Role.ADMINISTRATOR, (SHADYSIDE, FOOTHILLS)),
    DemoUser("pia", "Pia", "Example-Thistle", Role.PRIVACY_OFFICER, (SHADYSIDE, FOOTHILLS)),
)
_ROOM_HOURS = (time(8), time(17))
_ROOMS = (
    ("Mammography 1", Modality.MAMMOGRAPHY, ""),
    ("Mammography 2", Modality.MAMMOGRAPHY, "es"),
    ("Ultrasound", Modality.ULTRASOUND, "es"),
    ("Consulting room", Modality.CONSULTING, ""),
    ("Biopsy room", Modality.BIOPSY, ""),
)
_REFERRERS = ("Dr. Holly Sample-Brook", "Dr. Basil Sample-Ford", "Dr. Olive Sample-Glen", "Heron Sample Family Health")


def create_sites(password: str) -> tuple[DemoSite, ...]:
    """Both sites with their staff, who all sign in with that password, and the clinicians who refer to them."""
    sites = {site.code: site for site in (_shadyside(), _foothills())}
    for site in sites.values():
        SlotPolicy.objects.create(
            site=site, holds_slots=True, self_booking=True, offers_earlier=True,
            holds_since=timezone.now() - timedelta(days=7),  # so that recalls of the demo's last days have one
        )  # fmt: skip
        _name_help(site)
    for site in sites.values():
        _create_rooms(site)
    for login in DEMO_USERS:
        _create_user(login, sites, password)
    referrers = tuple(ReferringProviderFactory.create(name=name) for name in _REFERRERS)
    return tuple(DemoSite(sites[code], get_site_staff(sites[code]), referrers) for code in (SHADYSIDE, FOOTHILLS))


# What the clinics offer where something is in the way: barrier, language, text.
_HELP = (
    (BarrierKind.RIDE, "en", "We can send you a taxi. It costs you nothing."),
    (BarrierKind.RIDE, "es", "Podemos enviarle un taxi. No le cuesta nada."),
    (BarrierKind.COST, "en", "You may not have to pay. Call our team for help with the cost."),
    (BarrierKind.COST, "es", "Tal vez no tenga que pagar. Llame a nuestro equipo para recibir ayuda."),
    (BarrierKind.WORK, "en", "We can write a note for your work."),
    (BarrierKind.WORK, "es", "Podemos darle una carta para su trabajo."),
    (BarrierKind.CARE, "en", "You may bring a child. Our team will stay with them."),
    (BarrierKind.CARE, "es", "Puede traer a sus hijos. Nuestro equipo les cuida."),
)


def _name_help(site: Site) -> None:
    today = calendar.today(site)
    for kind, language, text in _HELP:
        BarrierResource.objects.create(
            site=site, kind=kind, language=language, text=text, phone=site.phone,
            reviewer="Dr. Ravi Sample-Rao", reviewed_on=today,
        )  # fmt: skip


def _create_rooms(site: Site) -> None:
    """Its rooms, each with the languages spoken in it: a clinic that books by free times."""
    for name, modality, languages in _ROOMS:
        RoomFactory.create(site=site, name=name, modality=modality, languages=languages, hours=_ROOM_HOURS)


def extend_hours(site: Site) -> None:
    """Open the site on weekends too and let its messages leave at night: whoever tries the demo then sees them come."""
    OpeningHours.objects.bulk_create(
        OpeningHours(site=site, weekday=day, opens=time(8), closes=time(17)) for day in WEEKEND
    )
    site.send_from, site.send_until = time(0, 0), time(23, 59)
    site.save(update_fields=["send_from", "send_until"])


def _create_user(login: DemoUser, sites: dict[str, Site], password: str) -> User:
    return UserFactory.create(
        username=login.username,
        first_name=login.first_name,
        last_name=login.last_name,
        role=login.role,
        sites=[sites[code] for code in login.sites],
        password=password,
    )


def _shadyside() -> Site:
    return SiteFactory.create(
        code=SHADYSIDE,
        name="Shadyside Sample Imaging",
        sender_name="Shadyside Sample Imaging",
        contact_person="Nia Example-Clover",
        page_link=True,
        asks_contact_plan=True,
    )


def _foothills() -> Site:
    return SiteFactory.create(
        code=FOOTHILLS,
        name="Foothills Sample Imaging",
        sender_name="Foothills Sample Imaging",
        contact_person="Nia Example-Clover",
        page_link=True,
        asks_contact_plan=True,
        phone="+13035550100",
        address_line="200 Invented Avenue",
        city="Denver",
        state="CO",
        postal_code="80203",
        subdivision="CO",
        time_zone="America/Denver",
    )
