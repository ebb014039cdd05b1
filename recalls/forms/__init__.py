"""The forms of every step that has a page or is taken on many recalls, as its row in the workflow table names them."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.utils.module_loading import import_string

from recalls.forms.base import StepForm as StepForm
from recalls.forms.bulk import BulkForm as BulkForm
from recalls.workflow import STEPS


def _form_class(name: str) -> Any:
    return import_string(f"recalls.forms.{name}")


# A form of a step is made by `STEP_FORMS[name](recall, user, data)`, one for many recalls by
# `BULK_FORMS[name](user, data)`.
STEP_FORMS: dict[str, Callable[..., StepForm]] = {
    step.name: partial(_form_class(step.form), step) for step in STEPS if step.form
}
BULK_FORMS: dict[str, Callable[..., BulkForm]] = {
    step.name: partial(_form_class(step.bulk_form), step) for step in STEPS if step.bulk_form
}
