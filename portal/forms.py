"""Forms of the patient's page: birth date, a note for the schedulers, language and consents."""

from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from clinic import calendar
from clinic.models import Site
from patients.channels import PatientChannels
from patients.contact_validation import can_get_texts
from patients.models import Consent, Patient, ResultWish
from recalls.enums import CancelReason, TravelTime

MAX_NOTE_LENGTH = 200  # with the line before it, it fits into the task's reason
_MIN_BIRTH_YEAR, _MAX_BIRTH_YEAR = 1900, 9999


class BirthDateForm(forms.Form):
    """Three short number fields: no calendar to page through, and browsers can fill them in."""

    month = forms.IntegerField(label=_("Month"), min_value=1, max_value=12)
    day = forms.IntegerField(label=_("Day"), min_value=1, max_value=31)
    year = forms.IntegerField(label=_("Year"), min_value=_MIN_BIRTH_YEAR, max_value=_MAX_BIRTH_YEAR)

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._site = site
        if site.date_order == Site.DateOrder.DMY:
            self.order_fields(["day", "month", "year"])
        for name, field in self.fields.items():
            length = 4 if name == "year" else 2
            field.widget = forms.TextInput(
                {"inputmode": "numeric", "autocomplete": f"bday-{name}", "maxlength": length, "size": length}
            )
            field.error_messages["required"] = _BIRTH_DATE_HINT
        if self.is_bound and self.errors:
            for name in self.fields:
                self[name].field.widget.attrs["aria-describedby"] = "birth-date-error"

    @property
    def date_error(self) -> Any:
        """One sentence for the three fields together; empty when there is a date."""
        return _BIRTH_DATE_HINT if self.is_bound and self.errors else ""

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        try:
            told["birth_date"] = date(told["year"], told["month"], told["day"])
        except KeyError:
            return told
        except ValueError:
            raise forms.ValidationError(_BIRTH_DATE_HINT) from None
        if told["birth_date"] > calendar.today(self._site):
            raise forms.ValidationError(_BIRTH_DATE_HINT)
        return told


_BIRTH_DATE_HINT = _("Please give month, day and year as numbers, such as 4, 25 and 1961.")


class PatientRequestForm(forms.Form):
    """What the patient wants to tell the schedulers, if anything."""

    note = forms.CharField(
        required=False,
        max_length=MAX_NOTE_LENGTH,
        widget=forms.Textarea({"rows": 3, "maxlength": MAX_NOTE_LENGTH, "autocomplete": "off"}),
        help_text=_("You can leave this empty. Up to 200 letters."),
    )


class CancelForm(forms.Form):
    """Why the visit is cancelled, in one tap; `key` makes a form sent twice act once."""

    key = forms.CharField(max_length=36, widget=forms.HiddenInput)
    reason = forms.TypedChoiceField(
        label=_("What is in the way?"), choices=CancelReason.choices, widget=forms.RadioSelect, coerce=CancelReason
    )


class WayForm(forms.Form):
    """How long the patient needs to get to the clinic."""

    travel = forms.TypedChoiceField(
        label=_("How long do you need to get here?"),
        choices=[(0, _("I do not know yet")), *TravelTime.choices],
        coerce=int,
    )


class PreferencesForm(forms.Form):
    """Language, ways to write to the patient, and how they want to hear an answer.

    Boxes show what holds now; a way without an address is not shown.
    """

    email = forms.BooleanField(
        label=_("Write to me by email"),
        required=False,
        help_text=_("If you take this away, we will call or write a letter instead. Your visit stays as it is."),
    )
    detail = forms.BooleanField(
        label=_("Emails may say more about my health"),
        required=False,
        help_text=_("Others who can see your email could read it. Without it, our emails stay short and plain."),
    )
    sms = forms.BooleanField(
        label=_("Send me text messages"),
        required=False,
        help_text=_("They hold the day, the hour and our phone number, and nothing about your health."),
    )

    channel = forms.ChoiceField(label=_("How we give you an answer"), required=False, widget=forms.RadioSelect)
    not_before_weekend = forms.BooleanField(
        label=_("Not right before a weekend"),
        required=False,
        help_text=_("What we write then comes from Monday to Thursday, so that you can reach us."),
    )
    no_details = forms.BooleanField(
        label=_("Keep it short"),
        required=False,
        help_text=_("We then write only what you need to know. You can always ask us for more."),
    )
    proxy_name = forms.CharField(label=_("Name of a person we may tell instead of you"), required=False, max_length=150)
    proxy_phone = forms.CharField(label=_("That person's phone"), required=False, max_length=40)

    WISH_BOXES = ("not_before_weekend", "no_details")
    PROXY_FIELDS = ("proxy_name", "proxy_phone")
    CONSENT_SUBJECTS = {"email": Consent.Subject.EMAIL, "detail": Consent.Subject.DETAIL, "sms": Consent.Subject.SMS}

    def __init__(self, patient: Patient, channels: PatientChannels, data: Any = None) -> None:
        opted_out = channels.email_blocked_reason == "opted_out"
        initial = {
            "language": patient.language,
            "email": not opted_out,
            "detail": channels.health_details_allowed,
            "sms": channels.sms_allowed,
        }
        wish = ResultWish.objects.filter(patient=patient).first() or ResultWish()
        initial |= {name: getattr(wish, name) for name in ("channel", *self.WISH_BOXES, *self.PROXY_FIELDS)}
        super().__init__(data, initial=initial)
        known = [(code, NATIVE_LANGUAGE_NAMES.get(code, name)) for code, name in settings.LANGUAGES]
        if patient.language not in dict(known):
            known.append((patient.language, _("%(code)s, as you told us") % {"code": patient.language}))
        self.fields["language"] = forms.ChoiceField(
            label=_("Language of our messages"), widget=forms.RadioSelect, choices=known
        )
        self.fields["channel"].choices = _ANSWER_CHOICES  # type: ignore[attr-defined]
        if not channels.email and not opted_out:
            del self.fields["email"], self.fields["detail"]
        if not can_get_texts(channels.mobile):
            del self.fields["sms"]

    def wish_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.WISH_BOXES]

    def proxy_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.PROXY_FIELDS]

    def changed_wish(self) -> dict[str, Any]:
        """All columns of the wish where one of them was changed, else nothing."""
        names = ("channel", *self.WISH_BOXES, *self.PROXY_FIELDS)
        return {name: self.cleaned_data[name] for name in names} if set(names) & set(self.changed_data) else {}

    def consent_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.CONSENT_SUBJECTS if name in self.fields]

    def changed_consents(self) -> dict[Consent.Subject, bool]:
        """Only what was changed: a box left alone is not something the patient said."""
        return {
            subject: bool(self.cleaned_data[name])
            for name, subject in self.CONSENT_SUBJECTS.items()
            if name in self.fields and name in self.changed_data
        }


_ANSWER_CHOICES = (
    ("", _("It does not matter to me")),
    (ResultWish.Channel.PHONE.value, _("By phone")),
    (ResultWish.Channel.IN_PERSON.value, _("In person")),
    (ResultWish.Channel.IN_WRITING.value, _("In writing, where that can be done")),
)
# Each language under its own name, readable to whoever needs it.
NATIVE_LANGUAGE_NAMES = {"en": "English", "es": "Español"}
