"""Forms of trials: a draft with its two arms, and the reason why one is stopped."""

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from notifications.content import loader
from notifications.enums import EDUCATION_KINDS, LETTER_KINDS, NotificationKind
from notifications.models import MessageText
from notifications.rendering.trial_text import SHIPPED
from recalls.models import Trial
from reports.trials.definition import BLOCK, MAX_SIZE, MIN_SIZE, OUTCOMES_BY_SUBJECT, TrialDraft

_NOT_COMPARED = EDUCATION_KINDS | LETTER_KINDS | {NotificationKind.REFERRER_NOTICE}
_MAX_BATCH = 10  # patients to whom one time is offered at once


class TrialDraftForm(forms.Form):
    """What is fixed before anybody is taken in. Of the arms, the fields of what is compared are needed alone."""

    title = forms.CharField(label=_("Title"), max_length=120)
    question = forms.CharField(
        label=_("What it asks, and why"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    ethics = forms.CharField(
        label=_("Ethics approval"), max_length=300,
        help_text=_("Its number and date, or who decided that none is needed. This is the clinic's duty."),
    )  # fmt: skip
    subject = forms.ChoiceField(label=_("Compares"), choices=Trial.Subject.choices)
    text_a = forms.ChoiceField(
        label=_("Text A"), required=False, help_text=_("For two texts: reviewed versions of one text alone.")
    )
    text_b = forms.ChoiceField(label=_("Text B"), required=False)
    size_a = forms.IntegerField(
        label=_("Offered at once, A"), min_value=1, max_value=_MAX_BATCH, required=False,
        help_text=_("For offers: to how many patients a free time goes at once."),
    )  # fmt: skip
    size_b = forms.IntegerField(label=_("Offered at once, B"), min_value=1, max_value=_MAX_BATCH, required=False)
    outcome = forms.ChoiceField(label=_("The one outcome"), choices=Trial.Outcome.choices)
    size = forms.IntegerField(
        label=_("Recalls in all"), min_value=MIN_SIZE, max_value=MAX_SIZE, step_size=BLOCK,
        help_text=_("A multiple of 4, fixed beforehand. To tell 50 from 60 in 100 takes about 780."),
    )  # fmt: skip
    ends_on = forms.DateField(label=_("Takes in nobody after"), widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, site: Site, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("none")), *_reviewed_versions(site)]
        for name in ("text_a", "text_b"):
            self.fields[name].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        subject = told.get("subject")
        if subject is None:
            return told
        if told.get("outcome") and told["outcome"] not in OUTCOMES_BY_SUBJECT[subject]:
            self.add_error("outcome", _("This comparison cannot be judged by that outcome."))
        self._check_arms(str(subject), told)
        return told

    def _check_arms(self, subject: str, told: dict[str, Any]) -> None:
        if subject == Trial.Subject.CALL_TIME:
            return
        names = ("text_a", "text_b") if subject == Trial.Subject.TEXT else ("size_a", "size_b")
        for name in names:
            if not told.get(name):
                self.add_error(name, _("Choose one."))
        first, second = (told.get(name) for name in names)
        if first and first == second:
            self.add_error(names[1], _("The two arms are the same."))
        elif subject == Trial.Subject.TEXT and first and second and _text_of(first) != _text_of(second):
            self.add_error("text_b", _("Both are of the same message, in the same language and by the same channel."))

    def get_draft(self) -> TrialDraft:
        """What was filled in, once it is valid."""
        told = self.cleaned_data
        return TrialDraft(
            told["title"], told["question"], told["ethics"], Trial.Subject(told["subject"]), self._get_arms(),
            Trial.Outcome(told["outcome"]), told["size"], told["ends_on"],
        )  # fmt: skip

    def _get_arms(self) -> dict[str, Any]:
        told = self.cleaned_data
        if told["subject"] == Trial.Subject.CALL_TIME:
            return {"a": "morning", "b": "afternoon"}
        if told["subject"] == Trial.Subject.OFFER_SIZE:
            return {"a": told["size_a"], "b": told["size_b"]}
        language, name = _text_of(told["text_a"])
        versions = {arm: told[f"text_{arm}"].split("|")[2] for arm in "ab"}
        kind, _dot, variant = name.partition(".")
        return {"kind": kind, "channel": variant or "email", "language": language, **versions}


class EndTrialForm(forms.Form):
    words = forms.CharField(label=_("Why"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


def _text_of(value: str) -> tuple[str, str]:
    language, name, _version = value.split("|")
    return language, name


def _reviewed_versions(site: Site) -> list[tuple[str, str]]:
    """Each reviewed version that the site could send of the usual email or text message of a kind."""
    names = {str(kind) for kind in NotificationKind if kind not in _NOT_COMPARED}
    names |= {f"{name}.sms" for name in names}
    rows = MessageText.objects.filter(Q(site=None) | Q(site=site.pk), name__in=names).exclude(reviewer="")
    found = [
        (f"{row.language}|{row.name}|{row.pk}", f"{row.language}/{row.name} {row.version}, {row.reviewer}")
        for row in rows.order_by("language", "name", "-version")
    ]
    for language in loader.list_languages():
        for name in sorted(names):
            text = loader.get_shipped_text(name, language)
            if text is not None and text.metadata.get("reviewer") is not None:
                found.append((f"{language}|{name}|{SHIPPED}", f"{language}/{name}, {text.metadata['reviewer']}"))
    return found
