"""Names the language of a patient for staff."""

from django.utils.translation import get_language_info


def language_name(code: str) -> str:
    """ "Spanish"; a code no list knows is shown as it is."""
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code.upper()
