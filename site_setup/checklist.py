"""Says of each point of the set-up whether it is done, read from what is stored; only the review of texts is signed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic.models import Site, User
from clinic.roles import Role
from site_setup.models import MailTest, TextsReview

_LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Point:
    """One thing to set up: `words` say what stands there or what is missing, `links` where to do it."""

    title: str
    is_done: bool
    words: str
    links: tuple[tuple[str, str], ...]


def mail_stays_here() -> bool:
    """Whether no mail leaves this machine."""
    return settings.EMAIL_BACKEND == "notifications.backends.maildir.EmailBackend"


def is_address_local() -> bool:
    """Whether the base address of links opens on this machine alone."""
    return urlsplit(settings.PUBLIC_URL).hostname in _LOCAL_HOSTS


def get_checklist(user: User) -> list[Point]:
    """The points in their order, for the sites of the user. A fixed number of queries."""
    rows = Site.objects.filter(pk__in=user.site_ids).prefetch_related("opening_hours", "closures")
    sites = list(rows.annotate(room_count=Count("rooms", filter=Q(rooms__in_use=True), distinct=True)))
    return [
        _site_point(sites),
        _hours_point(sites),
        _closed_days_point(sites),
        _rooms_point(sites),
        _staff_point(sites),
        _texts_point(),
        _mail_point(),
        _link_point(sites),
        _window_point(sites),
    ]


def _per_site(sites: Iterable[Site], name: str) -> tuple[tuple[str, str], ...]:
    return tuple((site.name, reverse(name, args=[site.pk])) for site in sites)


def _site_point(sites: Sequence[Site]) -> Point:
    words = _("Nobody can enter a patient before there is a site.")
    if sites:
        words = "; ".join(f"{site.name}, {site.city}, {site.time_zone}" for site in sites)
    add = (_("Add a site"), reverse("setup_site_new"))
    return Point(_("Site: name, address, phone, time zone"), bool(sites), words, (*_per_site(sites, "setup_site"), add))


def _hours_point(sites: Sequence[Site]) -> Point:
    without = [site.name for site in sites if not site.hours_by_weekday]
    words = _("Deadlines, callbacks and messages follow them.")
    if without:
        words = _("Without opening hours: %(sites)s.") % {"sites": ", ".join(without)}
    return Point(_("Opening hours"), bool(sites) and not without, words, _per_site(sites, "setup_hours"))


def _closed_days_point(sites: Sequence[Site]) -> Point:
    without = [site.name for site in sites if not site.subdivision]
    days = len({day for site in sites for day in site.closed_dates})
    words = _("Public holidays count by themselves; %(days)d closed days of your own.") % {"days": days}
    if without:
        words = _("No state is chosen, so holidays of a state are missing: %(sites)s.") % {"sites": ", ".join(without)}
    links = ((_("Holidays and closed days"), reverse("setup_closed_days")),) if sites else ()
    return Point(_("Holidays and closed days"), bool(sites) and not without, words, links)


def _rooms_point(sites: Sequence[Any]) -> Point:
    without = [site.name for site in sites if not site.room_count]
    words = _("Free times are offered from the rooms' hours.")
    if without:
        words = _("Without a room, so that every time is typed by hand: %(sites)s.") % {"sites": ", ".join(without)}
    return Point(_("Rooms and lengths of visits"), bool(sites) and not without, words, _per_site(sites, "setup_rooms"))


def _staff_point(sites: Sequence[Site]) -> Point:
    held = set(
        User.objects.filter(sites__in=sites, is_active=True).exclude(groups=None).values_list("sites", "groups__name")
    )
    missing = [
        f"{Role(role).label} ({site.name})"
        for site in sites
        for role in (Role.SCHEDULER, Role.RADIOLOGIST, Role.MANAGER)
        if (site.pk, role.value) not in held
    ]
    words = _("Somebody calls, somebody reads and somebody signs at each site.")
    if missing:
        words = _("Still needed: %(roles)s.") % {"roles": ", ".join(missing)}
    links = ((_("Staff"), reverse("setup_staff")),) if sites else ()
    return Point(_("Staff with role and site"), bool(sites) and not missing, words, links)


def _texts_point() -> Point:
    review = TextsReview.objects.select_related("user").first()
    words = _("Nobody has said yet that the texts to patients fit this clinic.")
    if review is not None:
        words = _("Reviewed by %(who)s on %(day)s.") % {"who": review.user, "day": f"{review.at:%Y-%m-%d}"}
    return Point(_("Texts to patients"), review is not None, words, ((_("Review the texts"), reverse("setup_texts")),))


def _mail_point() -> Point:
    test = MailTest.objects.first()
    words = _("No test message has been sent.")
    if test is not None:
        words = _("The test of %(day)s was accepted.") if test.was_accepted else _("The test of %(day)s was refused.")
        words %= {"day": f"{test.at:%Y-%m-%d}"}
    if mail_stays_here():
        words = f"{words} {_('No mail leaves this machine until EMAIL_URL is set.')}"
    done = test is not None and test.was_accepted
    return Point(_("Mail"), done, words, ((_("Try the mail"), reverse("setup_mail")),))


def _link_point(sites: Sequence[Site]) -> Point:
    without = [site.name for site in sites if not site.page_link]
    words = _("Emails lead to the patient's own page at %(address)s.") % {"address": settings.PUBLIC_URL}
    if without:
        words = _(
            "Off at %(sites)s. Most patients agree to no health details in email: they learn why they were called "
            "back, and how often it turns out fine, on that page alone."
        ) % {"sites": ", ".join(without)}
    elif is_address_local():
        words = _("%(address)s opens on this machine alone. Set PUBLIC_URL before the first patient is written to.") % {
            "address": settings.PUBLIC_URL
        }
    return Point(
        _("Link to the patient's page"), bool(sites) and not without, words, _per_site(sites, "setup_messages")
    )


def _window_point(sites: Sequence[Site]) -> Point:
    words = "; ".join(f"{site.name}: {site.send_from:%H:%M} - {site.send_until:%H:%M}" for site in sites)
    return Point(_("When messages leave"), bool(sites), words, _per_site(sites, "setup_messages"))
