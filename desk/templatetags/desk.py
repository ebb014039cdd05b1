"""Template tags of the staff pages: navigation, search, sites, the list to go back to, the offer to undo."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.conf import settings
from django.contrib.messages.storage.base import Message
from django.forms import BoundField
from django.template import Context
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from clinic.roles import Page, can_open_page
from desk.return_list import RETURN_PARAM, add_return_list, current_list_url, sign_list_url
from desk.undo_offer import UNDO_TAG, stored_undo_offer

register = template.Library()

# What each link is called, which page it asks for, and the URL name that other packages give it.
_NAV_LINKS: tuple[tuple[Any, Page, str], ...] = (
    (_("Queue"), Page.QUEUE, "queue"),
    (_("Appointments"), Page.APPOINTMENTS, "appointments"),
    (_("Worklist"), Page.WORKLIST, "worklist"),
    (_("Where recalls went"), Page.MY_RECALLS, "my_recalls"),
    (_("Tasks"), Page.QUEUE, "work_items"),
    (_("Map"), Page.MAP, "workflow_map"),
    (_("Letters"), Page.LETTERS, "letters"),
    (_("Status board"), Page.BOARD, "admin:index"),
    (_("Demo inbox"), Page.INBOX, "inbox"),
)


@dataclass(frozen=True, slots=True)
class NavLink:
    label: Any
    url: str
    is_current: bool


@register.simple_tag(takes_context=True)
def nav_links(context: Context) -> list[NavLink]:
    """The pages this person's roles may open, in one order for everybody."""
    request = context["request"]
    permitted = [(label, name) for label, page, name in _NAV_LINKS if can_open_page(request.user, page)]
    links = [(label, _reverse_or_empty(name)) for label, name in permitted if _is_enabled(name)]
    return [NavLink(label, url, request.path.startswith(url)) for label, url in links if url]


@register.simple_tag(takes_context=True)
def search_url(context: Context) -> str:
    """Where the search box leads; empty for people who may not open a recall."""
    return _reverse_or_empty("search") if can_open_page(context["request"].user, Page.RECALL) else ""


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
def undo_offer(context: Context, message: Message) -> dict[str, int | str] | None:
    """What the Undo button beside a message sends; None for a message about anything else."""
    return stored_undo_offer(context["request"]) if message.extra_tags == UNDO_TAG else None


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
