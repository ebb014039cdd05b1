"""Lays fields of a form out beside each other, for the forms of every package."""

from crispy_forms.layout import Column, Row


def fields_in_row(*names: str) -> Row:
    """Fields that are filled in one go, beside each other where there is room.

    Each has its width from the start: columns that share what is left move while the page is still coming in.
    """
    return Row(*(Column(name, css_class=f"col-sm-{12 // len(names)}") for name in names))
