"""Template tags of the staff pages: navigation, icons, search, sites, the list to go back to, what was saved, undo."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.conf import settings
from django.contrib.messages.storage.base import Message
from django.forms import BoundField
from django.template import Context
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from clinic.roles import Page, can_open_page
from desk.datetime_display import format_clock_time, format_datetime
from desk.kept_forms import TYPIST_FIELD, sign_typist
from desk.list_exports import get_list_exports
from desk.return_list import RETURN_PARAM, add_return_list, current_list_url, sign_list_url
from desk.saved_note import SAVED_TAG, SavedNote, stored_saved_note
from desk.undo_offer import UNDO_TAG, stored_undo_offer

register = template.Library()
register.filter("day_and_time", lambda at: format_datetime(localtime(at)))
register.filter("clock_time", lambda at: format_clock_time(localtime(at)))

# What each link is called, which page it asks for, and the URL name that other packages give it. The first of those
# that a person may open stand in the header, the others in a menu.
_NAV_LINKS: tuple[tuple[Any, Page, str], ...] = (
    (_("Worklist"), Page.WORKLIST, "worklist"),
    (_("Queue"), Page.QUEUE, "queue"),
    (_("Status board"), Page.BOARD, "board"),
    (_("Lists"), Page.MANAGER_LISTS, "late_list"),
    (_("Set-up"), Page.SETUP, "setup"),
    (_("Appointments"), Page.APPOINTMENTS, "appointments"),
    (_("Tasks"), Page.QUEUE, "work_items"),
    (_("New result"), Page.ENTRY, "entry"),
    (_("Letters"), Page.LETTERS, "letters"),
    (_("Navigator's list"), Page.NAVIGATION, "navigator_list"),
    (_("Same-day lane"), Page.LANE, "lane"),
    (_("Messages to come"), Page.MESSAGES, "messages_coming"),
    (_("Where recalls went"), Page.MY_RECALLS, "my_recalls"),
    (_("Cases that came back"), Page.READER_CASES, "reader_cases"),
    (_("Outcomes audit"), Page.AUDIT, "audit"),
    (_("Outside reports"), Page.REPORT_REQUESTS, "report_requests"),
    (_("Supplemental tests"), Page.SUPPLEMENTAL, "supplemental"),
    (_("Uploads"), Page.UPLOADS, "uploads"),
    (_("HL7 messages"), Page.HL7_MESSAGES, "hl7_messages"),
    (_("Who looked"), Page.ACCESS_LOG, "access_log"),
    (_("Missed visits"), Page.MISSED_VISITS, "missed_visits"),
    (_("Map"), Page.MAP, "workflow_map"),
    (_("Emergency access"), Page.EMERGENCY, "emergency"),
    (_("Security log"), Page.SECURITY_LOG, "security_log"),
    (_("Legal holds"), Page.LEGAL_HOLDS, "legal_holds"),
    (_("Records whose time is over"), Page.RETENTION, "retention"),
    (_("Administration"), Page.BOARD, "admin:index"),
    (_("Demo inbox"), Page.INBOX, "inbox"),
)
_MAIN_LINKS = 5  # as many as fit beside search and name at 1280 px


@dataclass(frozen=True, slots=True)
class NavLink:
    label: Any
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Navigation:
    """The pages of a person: `main` stand in the header, `more` in a menu; on a phone `all` of them do."""

    all: list[NavLink]

    @property
    def main(self) -> list[NavLink]:
        return self.all[:_MAIN_LINKS]

    @property
    def more(self) -> list[NavLink]:
        return self.all[_MAIN_LINKS:]

    @property
    def is_more_current(self) -> bool:
        return any(link.is_current for link in self.more)


@register.simple_tag(takes_context=True)
def nav_links(context: Context) -> Navigation:
    """The pages this person's roles may open, in one order for everybody."""
    request = context["request"]
    permitted = [(label, name) for label, page, name in _NAV_LINKS if can_open_page(request.user, page)]
    links = [(label, _reverse_or_empty(name)) for label, name in permitted if _is_enabled(name)]
    # The nearest alone: a page of its own may stand below the address of another link.
    nearest = max((url for _label, url in links if url and request.path.startswith(url)), key=len, default="")
    return Navigation([NavLink(label, url, url == nearest) for label, url in links if url])


@register.simple_tag(takes_context=True)
def export_link(context: Context, name: str, **fixed: Any) -> SafeString:
    """A link to the CSV file of this list as it is narrowed, for those who may take one; see `desk.list_exports`.

    `fixed` is what narrows the list beside the query of its address.
    """
    request = context["request"]
    wanted = get_list_exports().get(name)
    if wanted is None or not (can_open_page(request.user, Page.EXPORT) and can_open_page(request.user, wanted.page)):
        return SafeString("")
    query = {key: value for key, value in request.GET.items() if key != "after" and value}
    query |= {key: str(value) for key, value in fixed.items()}
    url = reverse("list_export", args=[name])
    address = f"{url}?{urlencode(query)}" if query else url
    return format_html('<p class="no-print mt-3"><a href="{}">{}</a></p>', address, _("CSV file of this list"))


@register.simple_tag
def icon(name: str) -> SafeString:
    """A small picture of the sprite, beside words that say the same: screen readers pass over it."""
    sprite = static("vendor/bootstrap-icons/sprite.svg")
    return format_html(
        '<svg class="icon" width="16" height="16" aria-hidden="true"><use href="{}#{}"/></svg>', sprite, name
    )


@register.simple_tag(takes_context=True)
def search_url(context: Context) -> str:
    """Where the search box leads; empty for people who may not open a recall."""
    return _reverse_or_empty("search") if can_open_page(context["request"].user, Page.RECALL) else ""


@register.simple_tag(takes_context=True)
def searched_words(context: Context) -> str:
    """What the search box keeps: on the page of results the words that led there, on other pages nothing."""
    return str(context.get("asked", ""))


@register.simple_tag(takes_context=True)
def site_names(context: Context) -> str:
    """The sites this person works at, in one line."""
    return ", ".join(sorted(site.name for site in context["request"].user.own_sites))


@register.simple_tag(takes_context=True)
def list_query(context: Context) -> str:
    """The query that a link to a recall carries, so that its page leads back to this list; empty for no list."""
    return add_return_list("", current_list_url(context["request"]))


@register.simple_tag(takes_context=True)
def list_field(context: Context) -> str:
    """The same as a hidden field of a form; empty for no list."""
    list_url = current_list_url(context["request"])
    if not list_url:
        return ""
    return format_html('<input type="hidden" name="{}" value="{}">', RETURN_PARAM, sign_list_url(list_url))


@register.simple_tag(takes_context=True)
def typist_field(context: Context) -> str:
    """A hidden field for a form whose text is to survive the end of the session (`desk.kept_forms`)."""
    value = sign_typist(context["request"].user)
    return format_html('<input type="hidden" name="{}" value="{}">', TYPIST_FIELD, value)


@register.simple_tag
def session_seconds() -> dict[str, int]:
    """When an open page first looks whether the session ends, and how long before its end it warns."""
    warning = settings.SESSION_WARNING
    first_look = settings.SESSION_IDLE_TIMEOUT - warning
    return {"warning": int(warning.total_seconds()), "first_look": int(first_look.total_seconds())}


@register.simple_tag(takes_context=True)
def undo_offer(context: Context, message: Message) -> dict[str, int | str] | None:
    """What the Undo button beside a message sends; None for a message about anything else."""
    return stored_undo_offer(context["request"]) if UNDO_TAG in (message.extra_tags or "").split() else None


@register.simple_tag(takes_context=True)
def saved_note(context: Context, message: Message) -> SavedNote | None:
    """For whom a step was saved, and what follows at once; None for a message about anything else."""
    return stored_saved_note(context["request"]) if SAVED_TAG in (message.extra_tags or "").split() else None


@register.filter
def first_control_id(field: BoundField) -> str:
    """The id a link in an error summary jumps to: the first of a group of radio buttons, else the field itself."""
    if field.widget_type == "radioselect" and field.subwidgets:
        return str(field.subwidgets[0].id_for_label)
    return field.id_for_label or str(field.auto_id)


def _is_enabled(name: str) -> bool:
    """The demo inbox exists only while mail is kept on this machine."""
    return name != "inbox" or settings.EMAIL_BACKEND == "notifications.backends.maildir.EmailBackend"


def _reverse_or_empty(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
