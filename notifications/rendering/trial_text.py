"""Chooses the text of a message where a trial compares two texts of it."""

from string import Template

from notifications.content import loader
from notifications.content.loader import TextTemplate
from notifications.models import MessageText, Notification
from notifications.planning.plan import may_say_details
from notifications.planning.snapshot import RecallSnapshot
from notifications.rendering.blocks import get_visit
from patients.channels import PatientChannels
from recalls.actions.trials.places import arm_setting, running_trial, take_in
from recalls.models import Trial, TrialPlace

SHIPPED = "shipped"  # stands for the shipped text in the place of the number of a version


def take_into_text_trial(row: Notification, snapshot: RecallSnapshot, channels: PatientChannels) -> None:
    """Take the recall of a message that is about to leave into the trial of its text, if one runs.

    Called inside the claim, with the recall locked.
    """
    trial = running_trial(snapshot.site, Trial.Subject.TEXT)
    if trial is None:
        return
    detailed = may_say_details(snapshot, row.kind, channels)
    if _is_of_trial(trial, row, snapshot, detailed):
        take_in(trial, row.recall)


def trial_text(notification: Notification, snapshot: RecallSnapshot, *, detailed: bool) -> TextTemplate | None:
    """The text of the recall's arm; None where the usual one is used. No query where no trial of texts runs."""
    trial = running_trial(snapshot.site, Trial.Subject.TEXT)
    if trial is None or snapshot.recall.suspicious or not _is_of_trial(trial, notification, snapshot, detailed):
        return None
    place = TrialPlace.objects.filter(trial=trial, recall=snapshot.recall.pk).first()
    return load_version(trial, str(arm_setting(trial, place))) if place is not None else None


def load_version(trial: Trial, version: str) -> TextTemplate | None:
    """The text that an arm names: a version of the clinic's own, which is never changed, or the shipped one."""
    name, language = text_name(trial), str(trial.arms["language"])
    if version == SHIPPED:
        return loader.get_shipped_text(name, language)
    own = MessageText.objects.get(pk=version)
    metadata = {"subject": own.subject, "reviewer": own.reviewer or None, "version": own.version}
    return TextTemplate(metadata, Template(own.body))


def text_name(trial: Trial) -> str:
    """The name of the text that the trial compares: `please_call` or `please_call.sms`."""
    kind, channel = trial.arms["kind"], trial.arms["channel"]
    return f"{kind}.sms" if channel == "sms" else str(kind)


def _is_of_trial(trial: Trial, row: Notification, snapshot: RecallSnapshot, detailed: bool) -> bool:
    """The same kind, channel, language and text: not where the patient's situation or consent asks for another."""
    asked = trial.arms
    if (row.kind, row.channel, row.language) != (asked["kind"], asked["channel"], asked["language"]):
        return False
    visit = get_visit(row, snapshot)
    name = loader.get_text_name(snapshot.recall, row.kind, row.channel, visit.kind if visit else "")
    has_detailed = detailed and loader.text_exists(f"{name}.detailed")
    return name == text_name(trial) and not has_detailed
