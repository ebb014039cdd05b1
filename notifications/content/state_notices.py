"""Gives the density notice that a state asks for, which stands beside the federal one and is never mixed into it.

A notice is one file, `notifications/locked/state_density/<STATE>.md`, named by the two letters of the state. None is
shipped: whoever answers for the letters adds the words of the state's law with their source, and nobody edits them.
"""

from typing import Final

from notifications.content.loader import LOCKED_DIR, read_text_file

STATE_NOTICES_DIR: Final = LOCKED_DIR / "state_density"
DENSITY_CATEGORIES: Final = ("dense", "not_dense")
_LETTERS_OF_STATE: Final = 2


def get_state_density_notice(state: str, category: str) -> str:
    """The state's notice for somebody with that density, word for word; empty where the state asks for none.

    `state` is as in the site's address ("PA", in either case), `category` one of `DENSITY_CATEGORIES`. A file says in
    `applies_to` for which of them it is; without that it is for both. Nothing is raised for an unknown state.
    """
    letters = state.strip().upper()
    if len(letters) != _LETTERS_OF_STATE or not (letters.isascii() and letters.isalpha()):
        return ""  # never a path
    text = read_text_file(STATE_NOTICES_DIR / f"{letters}.md")
    if text is None or category not in text.metadata.get("applies_to", DENSITY_CATEGORIES):
        return ""
    return text.body.template.strip()
