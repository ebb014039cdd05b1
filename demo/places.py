"""Where does the demo play, and who works there? Two invented sites in two time zones, and staff in each role."""

from dataclasses import dataclass
from datetime import time

from clinic.factories import Cast, SiteFactory, UserFactory
from clinic.models import OpeningHours, Site, User
from clinic.roles import Role
from patients.factories import ReferringProviderFactory
from patients.models import ReferringProvider
from recalls.enums import Modality
from recalls.testing.factories import RoomFactory


@dataclass(frozen=True, slots=True)
class Place:
    """One site with the people who work on its recalls."""

    site: Site
    cast: Cast
    referrers: tuple[ReferringProvider, ...]


@dataclass(frozen=True, slots=True)
class Login:
    """A person of the demo as they sign in; `sites` are site codes."""

    username: str
    first_name: str
    last_name: str
    role: Role
    sites: tuple[str, ...]


WEEKEND = (OpeningHours.Weekday.SATURDAY, OpeningHours.Weekday.SUNDAY)
SHADYSIDE, FOOTHILLS = "SHADY", "FOOT"
STAFF: tuple[Login, ...] = (
    Login("ana", "Ana", "Example-Fern", Role.SCHEDULER, (SHADYSIDE,)),
    Login("nia", "Nia", "Example-Clover", Role.NAVIGATOR, (SHADYSIDE, FOOTHILLS)),
    Login("rao", "Dr. Rao", "Example-Cedar", Role.RADIOLOGIST, (SHADYSIDE,)),
    Login("mo", "Mo", "Example-Heath", Role.MANAGER, (SHADYSIDE, FOOTHILLS)),
    Login("ada", "Ada", "Example-Moss", Role.ADMINISTRATOR, (SHADYSIDE, FOOTHILLS)),
    Login("sol", "Sol", "Example-Sage", Role.SCHEDULER, (FOOTHILLS,)),
    Login("reed", "Dr. Reed", "Example-Aspen", Role.RADIOLOGIST, (FOOTHILLS,)),
)
_STAFFED = (time(8), time(17))
_ROOMS = (
    ("Mammography 1", Modality.MAMMOGRAPHY),
    ("Mammography 2", Modality.MAMMOGRAPHY),
    ("Ultrasound", Modality.ULTRASOUND),
    ("Biopsy room", Modality.BIOPSY),
)
_REFERRERS = ("Dr. Holly Sample-Brook", "Dr. Basil Sample-Ford", "Dr. Olive Sample-Glen", "Heron Sample Family Health")


def make_places(password: str) -> tuple[Place, ...]:
    """Both sites with their staff, who all sign in with that password, and the clinicians who refer to them."""
    sites = {site.code: site for site in (_shadyside(), _foothills())}
    for site in sites.values():
        _furnish(site)
    staff = {login.username: _hire(login, sites, password) for login in STAFF}
    referrers = tuple(ReferringProviderFactory.create(name=name) for name in _REFERRERS)
    nia, mo = staff["nia"], staff["mo"]
    return (
        Place(sites[SHADYSIDE], Cast(staff["ana"], nia, staff["rao"], mo), referrers),
        Place(sites[FOOTHILLS], Cast(staff["sol"], nia, staff["reed"], mo), referrers),
    )


def _furnish(site: Site) -> None:
    """Its rooms: a clinic that books by free times."""
    for name, modality in _ROOMS:
        RoomFactory.create(site=site, name=name, modality=modality, hours=_STAFFED)


def open_at_all_hours(site: Site) -> None:
    """Open the site on weekends too and let its messages leave at night: whoever tries the demo then sees them come."""
    OpeningHours.objects.bulk_create(
        OpeningHours(site=site, weekday=day, opens=time(8), closes=time(17)) for day in WEEKEND
    )
    site.send_from, site.send_until = time(0, 0), time(23, 59)
    site.save(update_fields=["send_from", "send_until"])


def _hire(login: Login, sites: dict[str, Site], password: str) -> User:
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
    )


def _foothills() -> Site:
    return SiteFactory.create(
        code=FOOTHILLS,
        name="Foothills Sample Imaging",
        sender_name="Foothills Sample Imaging",
        contact_person="Nia Example-Clover",
        page_link=True,
        phone="+13035550100",
        address_line="200 Invented Avenue",
        city="Denver",
        state="CO",
        postal_code="80203",
        subdivision="CO",
        time_zone="America/Denver",
    )
