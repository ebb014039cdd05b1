"""Says in a few words where a trial stands."""

from django.utils.translation import gettext as _

from recalls.models import Trial


def describe_standing(trial: Trial) -> str:
    """From draft to result; no query where `start`, `end` and `result` were joined."""
    if (result := getattr(trial, "result", None)) is not None:
        is_found = (result.document["difference"] or {}).get("found", False)
        return _("Over: a difference was found") if is_found else _("Over: no difference was found")
    if (end := getattr(trial, "end", None)) is not None:
        return _("Ended: %(why)s") % {"why": end.get_reason_display()}
    return _("Runs") if hasattr(trial, "start") else _("Draft: to be started by a colleague")
