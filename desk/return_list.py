"""The list from which a recall was opened, carried from page to page as a signed `next` parameter.

Each browser tab carries its own list. The URL of a list names filters, never a patient.
"""

from django.core.signing import BadSignature, Signer
from django.http import HttpRequest
from django.utils.http import urlencode

RETURN_PARAM = "next"
QUEUE_URL_NAMES = frozenset({"queue", "queue_state"})
_LIST_URL_NAMES = QUEUE_URL_NAMES | {
    "search", "work_items", "appointments", "appointments_tomorrow", "worklist", "my_recalls",
    "report_requests", "navigator_list", "board", "recall_list", "messages_coming",
}  # fmt: skip
_MAX_LENGTH = 300
_signer = Signer(salt="desk.return_list")


def return_list_url(request: HttpRequest) -> str:
    """The list to go back to: path and query; empty when the user came from none or changed the parameter."""
    try:
        return _signer.unsign(request.POST.get(RETURN_PARAM) or request.GET.get(RETURN_PARAM, ""))
    except BadSignature:
        return ""


def current_list_url(request: HttpRequest) -> str:
    """The list that links of this page carry: the page itself where it is a list, else the one it was opened from."""
    match = request.resolver_match
    if match is None or match.url_name not in _LIST_URL_NAMES:
        return return_list_url(request)
    address = request.get_full_path()
    return address if len(address) <= _MAX_LENGTH else request.path


def sign_list_url(list_url: str) -> str:
    """The value of the `next` parameter; empty for no list."""
    return _signer.sign(list_url) if list_url else ""


def add_return_list(url: str, list_url: str) -> str:
    """`url`, which has no query of its own, with the list to go back to."""
    return f"{url}?{urlencode({RETURN_PARAM: sign_list_url(list_url)})}" if list_url else url
