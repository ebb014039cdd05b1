"""Forms of the contact plan, one for each question; they start from what the record says."""

from datetime import time
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.models import Site
from patients.channels import get_patient_channels
from patients.contact_plan.handover import CODE_LENGTH as HANDOVER_LENGTH
from patients.contact_plan.models import ContactPlan, MayAnswer
from patients.contact_plan.number_codes import CODE_LENGTH
from patients.contact_validation import check_phone, format_phone
from patients.models import ContactPoint, Patient, ResultWish
from portal.forms import NATIVE_LANGUAGE_NAMES
from recalls.enums import PartOfDay

_EVENING = time(17, 30)  # when the clinic rings in the evening, if it is open then
_ANY_TIME = "any"
NO_PHONE = "none"
MOBILE, HOME = ContactPoint.Kind.MOBILE, ContactPoint.Kind.HOME


class PlanForm(forms.Form):
    """One question. `choice_fields` are asked by large buttons to choose from."""

    choice_fields: ClassVar[tuple[str, ...]] = ()

    def __init__(self, patient: Patient, data: Any = None) -> None:
        self.patient = patient
        super().__init__(data, initial=self.stored(patient))
        self.add_choices()
        for name in self.errors if self.is_bound else ():
            if name in self.fields:
                self.fields[name].widget.attrs["aria-describedby"] = f"id_{name}_error"

    def stored(self, patient: Patient) -> dict[str, Any]:
        raise NotImplementedError

    def add_choices(self) -> None:
        """Set choices that hang on the patient or the site."""

    def choices(self) -> list[forms.BoundField]:
        return [self[name] for name in self.choice_fields if name in self.fields]


def _radios(label: Any, **kwargs: Any) -> forms.ChoiceField:
    errors = {"required": gettext_lazy("Please choose one.")}
    return forms.ChoiceField(label=label, widget=forms.RadioSelect, error_messages=errors, **kwargs)


class NumberForm(PlanForm):
    """Language, the number that is rung first, and whether it gets texts. Whoever wants no calls is asked for none."""

    choice_fields = ("phone_kind",)

    language = _radios(gettext_lazy("Language of our calls and letters"))
    phone = forms.CharField(
        label=gettext_lazy("Your phone number"),
        max_length=60,
        required=False,
        widget=forms.TextInput({"type": "tel", "inputmode": "tel", "autocomplete": "tel", "size": 20}),
    )
    phone_kind = _radios(
        gettext_lazy("What kind of phone is it?"),
        choices=[
            (MOBILE.value, gettext_lazy("Cell phone with texts")),
            (HOME.value, gettext_lazy("Home phone, no texts")),
            (NO_PHONE, gettext_lazy("I have no phone")),
        ],
    )

    def stored(self, patient: Patient) -> dict[str, Any]:
        channels = get_patient_channels(patient)
        number = channels.mobile or channels.home
        is_home = not channels.mobile and bool(channels.home)
        shown = format_phone(number, patient.site.country) if number else ""
        kind = HOME.value if is_home else MOBILE.value
        return {"language": patient.language, "phone": shown, "phone_kind": kind}

    def add_choices(self) -> None:
        known = [(code, NATIVE_LANGUAGE_NAMES.get(code, name)) for code, name in settings.LANGUAGES]
        own = self.patient.language
        if own not in dict(known):
            known.append((own, _("%(code)s, as you told us") % {"code": own}))
        self.fields["language"].choices = known  # type: ignore[attr-defined]
        if self.patient.do_not_call:
            del self.fields["phone"], self.fields["phone_kind"]

    def clean(self) -> dict[str, Any]:
        """Whoever has no phone gives no number, whatever stood in the field."""
        told = super().clean() or {}
        if "phone" not in self.fields or told.get("phone_kind") == NO_PHONE:
            return told | {"phone": ""}
        if not told.get("phone", "").strip():
            self.add_error("phone", _("Please give a number with its area code."))
            return told
        try:
            told["phone"] = _checked_phone(told["phone"], self.patient.site)
        except forms.ValidationError as problem:
            self.add_error("phone", problem)
        return told


class TypedCodeForm(forms.Form):
    """The code that was sent; `texts` agrees to texts about visits, to whom nobody has said it yet."""

    code = forms.CharField(
        label=gettext_lazy("The code in the text"),
        max_length=20,
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "one-time-code", "size": 8, "autofocus": True}),
        error_messages={"required": gettext_lazy("Please type the code in the text.")},
    )
    texts = forms.BooleanField(
        label=gettext_lazy("You may also send me texts about my visits"),
        required=False,
        help_text=gettext_lazy("They hold the day, the hour and our phone number, and nothing about your health."),
    )

    def __init__(self, data: Any = None, *, has_agreed: bool) -> None:
        super().__init__(data)
        if has_agreed:
            del self.fields["texts"]
        if self.is_bound and "code" in self.errors:
            self.fields["code"].widget.attrs["aria-describedby"] = "id_code_error"

    def clean_code(self) -> str:
        digits = "".join(letter for letter in self.cleaned_data["code"] if letter.isdigit())
        if len(digits) != CODE_LENGTH:
            raise forms.ValidationError(_("The code has 6 digits. Please look at the text again."))
        return digits


class CallsForm(PlanForm):
    """When to call, and whether a message may be left."""

    choice_fields = ("part", "voicemail")

    part = _radios(gettext_lazy("When is the best time to call you?"))
    voicemail = _radios(
        gettext_lazy("If you do not answer, may we leave a voice message?"),
        choices=[
            (Patient.Voicemail.YES.value, gettext_lazy("Yes")),
            (Patient.Voicemail.NO.value, gettext_lazy("No")),
        ],
    )

    def stored(self, patient: Patient) -> dict[str, Any]:
        preference, plan = getattr(patient, "call_preference", None), getattr(patient, "contact_plan", None)
        asked = plan is not None and plan.calls_at is not None
        return {"part": preference.part if preference else _ANY_TIME if asked else "", "voicemail": patient.voicemail}

    def add_choices(self) -> None:
        """The evening only where somebody at the clinic could ring then."""
        offered = [
            (PartOfDay.MORNING.value, _("In the morning")),
            (PartOfDay.AFTERNOON.value, _("In the afternoon")),
            (PartOfDay.EVENING.value, _("After 5 pm")),
            (_ANY_TIME, _("Any time is fine")),
        ]
        closes = [end for _opens, end in self.patient.site.hours_by_weekday.values()]
        if self.initial["part"] != PartOfDay.EVENING and not any(end > _EVENING for end in closes):
            del offered[2]
        self.fields["part"].choices = offered  # type: ignore[attr-defined]

    @property
    def best_time(self) -> str:
        """A `PartOfDay`, empty for no matter when."""
        part = str(self.cleaned_data["part"])
        return "" if part == _ANY_TIME else part


class PeopleForm(PlanForm):
    """Who else may answer, and what may be said to that person."""

    choice_fields = ("may_answer",)

    may_answer = _radios(
        gettext_lazy("Who may we talk to when we call?"),
        choices=[
            (MayAnswer.ONLY_ME.value, gettext_lazy("Only me")),
            (MayAnswer.MESSAGE.value, gettext_lazy("Someone else may answer. Say only: please call back.")),
            (MayAnswer.RESULTS.value, gettext_lazy("Someone else may also hear what the doctor found.")),
        ],
    )
    other_name = forms.CharField(
        label=gettext_lazy("That person's name"),
        required=False,
        max_length=150,
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    other_phone = forms.CharField(
        label=gettext_lazy("That person's phone, if it is another one"),
        required=False,
        max_length=40,
        widget=forms.TextInput({"type": "tel", "inputmode": "tel", "autocomplete": "off"}),
    )

    def stored(self, patient: Patient) -> dict[str, Any]:
        plan: ContactPlan | None = getattr(patient, "contact_plan", None)
        wish: ResultWish | None = getattr(patient, "result_wish", None)
        if wish is not None and wish.proxy_name:
            phone = format_phone(wish.proxy_phone, patient.site.country)
            return {"may_answer": MayAnswer.RESULTS.value, "other_name": wish.proxy_name, "other_phone": phone}
        if plan is None or not plan.holding_may_answer:
            return {}
        other = get_patient_channels(patient).other if plan.may_answer == MayAnswer.MESSAGE else ""
        shown = format_phone(other, patient.site.country) if other else ""
        return {"may_answer": plan.may_answer, "other_name": plan.other_name, "other_phone": shown}

    def clean_other_phone(self) -> str:
        typed = str(self.cleaned_data["other_phone"]).strip()
        return _checked_phone(typed, self.patient.site) if typed else ""

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        told["other_name"] = " ".join(told.get("other_name", "").split())
        if told.get("may_answer") == MayAnswer.ONLY_ME:
            return told | {"other_name": "", "other_phone": ""}
        if told.get("may_answer") and not told["other_name"]:
            self.add_error("other_name", _("Please give that person's name."))
        return told


class ResultForm(PlanForm):
    """How and when the patient wants to hear that the doctor wants another look."""

    choice_fields = ("channel", "when")
    _SOON, _NOT_BEFORE_WEEKEND = "soon", "not_before_weekend"
    _NO_MATTER = "any"

    channel = _radios(
        gettext_lazy("How should we tell you?"),
        choices=[
            (ResultWish.Channel.PHONE.value, gettext_lazy("By phone")),
            (ResultWish.Channel.IN_PERSON.value, gettext_lazy("In person, at the clinic")),
            (ResultWish.Channel.IN_WRITING.value, gettext_lazy("In writing, where that can be done")),
            (_NO_MATTER, gettext_lazy("It does not matter to me")),
        ],
    )
    when = _radios(
        gettext_lazy("And when?"),
        choices=[
            (_SOON, gettext_lazy("As soon as you know")),
            (_NOT_BEFORE_WEEKEND, gettext_lazy("Not right before a weekend")),
        ],
    )

    def stored(self, patient: Patient) -> dict[str, Any]:
        wish: ResultWish | None = getattr(patient, "result_wish", None)
        plan: ContactPlan | None = getattr(patient, "contact_plan", None)
        asked = plan is not None and plan.result_at is not None
        if wish is None or not (wish.channel or asked):
            return {}
        when = self._NOT_BEFORE_WEEKEND if wish.not_before_weekend else self._SOON
        return {"channel": wish.channel or self._NO_MATTER, "when": when}

    @property
    def wish(self) -> dict[str, Any]:
        """The columns of `ResultWish` that were asked for."""
        channel = str(self.cleaned_data["channel"])
        is_later = self.cleaned_data["when"] == self._NOT_BEFORE_WEEKEND
        return {"channel": "" if channel == self._NO_MATTER else channel, "not_before_weekend": is_later}


class HandoverForm(forms.Form):
    """The number that staff made for this tablet."""

    number = forms.CharField(
        label=gettext_lazy("Number for this tablet"),
        max_length=20,
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off", "size": 12, "autofocus": True}),
    )

    def clean_number(self) -> str:
        digits = "".join(letter for letter in self.cleaned_data["number"] if letter.isdigit())
        if len(digits) != HANDOVER_LENGTH:
            raise forms.ValidationError(_("The number has 8 digits."))
        return digits


def _checked_phone(typed: str, site: Site) -> str:
    checked = check_phone(typed.strip(), site.country)
    if checked.problem:
        raise forms.ValidationError(checked.problem)
    return checked.value
