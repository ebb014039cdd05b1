"""Writes the sentences of the admin's log about what was changed, from what to what.

Written in one language, whoever saved: the log is read by others, years later.
"""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db.models import Model
from django.utils import translation
from django.utils.translation import gettext as _

# Never written down, not even as changed values.
_SECRET_FIELDS = frozenset({"password", "password1", "password2", "usable_password"})


def build_change_message(form: Any, formsets: Iterable[Any] | None, *, is_new: bool) -> str:
    """The whole of one save: "visit: from 7 to 10. Closed days: added 2030-03-18 Moving house."."""
    with translation.override(settings.LANGUAGE_CODE):
        said = list(_describe_added(form) if is_new else _describe_changed(form))
        for formset in formsets or ():
            said += _describe_formset(formset)
    return ". ".join(said) + "." if said else ""


def _describe_added(form: Any) -> Iterable[str]:
    for name, value in form.cleaned_data.items():
        if name in form.fields and name not in _SECRET_FIELDS and value not in (None, "", []):
            yield f"{_field_label(form, name)}: {_format_value(form, name, value)}"


def _describe_changed(form: Any) -> Iterable[str]:
    for name in form.changed_data:
        label = _field_label(form, name)
        if name in _SECRET_FIELDS:
            yield _("%(field)s: changed") % {"field": label}
            continue
        before = _format_value(form, name, form.get_initial_for_field(form.fields[name], name))
        after = _format_value(form, name, form.cleaned_data.get(name))
        yield _("%(field)s: from %(before)s to %(after)s") % {"field": label, "before": before, "after": after}


def _describe_formset(formset: Any) -> Iterable[str]:
    """What became of the rows on the same page: opening hours, closed days, deadlines."""
    forms = {form.instance.pk: form for form in formset.forms if form.instance.pk is not None}
    name = str(formset.model._meta.verbose_name)
    for row in formset.new_objects:
        words = ", ".join(_describe_added_row(forms[row.pk], formset))
        yield _("%(rows)s: added, %(words)s") % {"rows": name, "words": words}
    for row, _fields in formset.changed_objects:
        yield from (f"{name} {change}" if len(formset.forms) == 1 else f"{name} “{row}” {change}"
                    for change in _describe_changed(forms[row.pk]))  # fmt: skip
    for row in formset.deleted_objects:
        yield _("%(rows)s: removed “%(row)s”") % {"rows": name, "row": row}


def _describe_added_row(form: Any, formset: Any) -> Iterable[str]:
    hidden = {formset.fk.name, formset.model._meta.pk.name, "DELETE"}
    for name, value in form.cleaned_data.items():
        if name not in hidden and value not in (None, ""):
            yield f"{_field_label(form, name)} {_format_value(form, name, value)}"


def _field_label(form: Any, name: str) -> str:
    field = form.fields.get(name)
    return str(field.label or name) if field is not None else name


def _format_value(form: Any, name: str, value: Any) -> str:
    """A value as a person reads it: the words of a choice, the names of a list."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if value is None or value == "":
        return _("nothing")
    if isinstance(value, Model):
        return str(value)
    if hasattr(value, "__iter__") and not isinstance(value, str):
        label = getattr(form.fields[name], "label_from_instance", str)
        return ", ".join(sorted(label(one) for one in value)) or _("nothing")
    choices = getattr(form.fields[name], "choices", None)
    if choices is not None and not hasattr(choices, "queryset"):
        return next((str(label) for key, label in choices if str(key) == str(value)), str(value))
    return str(value)
