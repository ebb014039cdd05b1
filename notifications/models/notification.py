"""Models of a message, its delivery attempts and the copy of what was sent."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from notifications.enums import (
    ACCEPTED_LABEL,
    UNDELIVERED_STATES,
    AttemptResult,
    Channel,
    NotificationKind,
    NotificationState,
    StatusReason,
)
from patients.models import Patient
from recalls.models import Appointment, Outcome, Recall


class Notification(models.Model):
    """One intended message: a row before it is a message. Only `notifications` changes its state."""

    recall = models.ForeignKey(
        Recall, models.PROTECT, related_name="notifications", verbose_name=_("recall"), db_index=False
    )
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="notifications", verbose_name=_("patient"))
    kind = models.CharField(_("message"), max_length=30, choices=NotificationKind)
    # Which one of its kind: names the appointment and its sequence, the outcome, or the day it counts from.
    occasion = models.CharField(_("occasion"), max_length=120)
    channel = models.CharField(_("delivery"), max_length=8, choices=Channel, default=Channel.EMAIL)
    # Channels that did not take it: another one takes over, and it never goes back to these.
    failed_channels = models.JSONField(_("given up"), default=list, blank=True)
    # Sent before the others, and never put off because of the daily cap.
    urgent = models.BooleanField(_("urgent"), default=False)
    language = models.CharField(_("language"), max_length=20, default="en")
    appointment = models.ForeignKey(
        Appointment, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("appointment")
    )
    appointment_sequence = models.PositiveSmallIntegerField(_("times moved"), null=True, blank=True)
    outcome = models.ForeignKey(
        Outcome, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("outcome")
    )
    state = models.CharField(_("state"), max_length=10, choices=NotificationState, default=NotificationState.PLANNED)
    reason = models.CharField(_("why"), max_length=20, choices=StatusReason, blank=True)
    due_at = models.DateTimeField(_("due"))
    expires_at = models.DateTimeField(_("of no use after"), null=True, blank=True)
    # When it may next be tried: the due instant at first, later when a try was put off.
    not_before = models.DateTimeField(_("next try"))
    created_at = models.DateTimeField(_("planned on"), default=timezone.now)
    first_failed_at = models.DateTimeField(_("first failed"), null=True, blank=True)
    attempt_count = models.PositiveSmallIntegerField(_("tries"), default=0)
    # A worker has read the facts about it and claims it soon; the others leave it to that worker until then. No claim.
    reserved_until = models.DateTimeField(null=True, blank=True, editable=False)
    # When it was last claimed: what changed since came too late for it.
    claimed_at = models.DateTimeField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    # Rises with every claim: a worker that slept through its lease cannot write over the next one's result.
    lease_token = models.PositiveIntegerField(default=0, editable=False)
    # A result counts as told by it. Cleared once a person tells the result instead, or nobody needs it any more.
    tells_result = models.BooleanField(default=False, editable=False)
    may_have_arrived_twice = models.BooleanField(_("may have arrived twice"), default=False)
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    # Of a letter: when it was last put into a PDF, and who said that it is printed.
    pdf_made_at = models.DateTimeField(_("PDF made"), null=True, blank=True)
    printed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("printed by")
    )
    # Opaque: stands in mail headers and says nothing about the patient.
    public_id = models.UUIDField(_("public number"), default=uuid.uuid4, unique=True, editable=False)
    # Fixed here, so that a second copy bears the same Message-ID and mail programs show one.
    message_id = models.CharField(_("Message-ID"), max_length=255, editable=False)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(fields=["recall", "kind", "occasion"], name="notification_once_per_occasion"),
            models.CheckConstraint(
                condition=~Q(state=NotificationState.SENDING) | Q(lease_until__isnull=False),
                name="a_message_being_sent_has_a_lease",
            ),
        ]
        indexes = [
            # Serves the claim: of one channel the planned row that has been due longest, urgent ones apart.
            models.Index(
                fields=["channel", "urgent", "not_before", "id"],
                condition=Q(state=NotificationState.PLANNED),
                name="notification_claim",
            ),
            # Serves the print queue, which is short.
            models.Index(
                fields=["due_at"], condition=Q(state=NotificationState.TO_PRINT), name="notification_to_print"
            ),
            # Serves the page of letters: those printed of late, newest first.
            models.Index(
                fields=["-accepted_at", "-id"],
                condition=Q(state=NotificationState.ACCEPTED, channel=Channel.LETTER),
                name="notification_printed",
            ),
            # Serves the cap: what has reached a patient today.
            models.Index(
                fields=["patient", "accepted_at"],
                condition=Q(accepted_at__isnull=False),
                name="notification_reached",
            ),
            # Serves FHIR: what left since, in that order.
            models.Index(
                fields=["accepted_at", "id"],
                condition=Q(accepted_at__isnull=False),
                name="notification_by_acceptance",
            ),
            # Serves "is anything due, and since when?" whatever the channel.
            models.Index(
                fields=["not_before", "id"],
                condition=Q(state=NotificationState.PLANNED),
                name="notification_to_send",
            ),
            # Serves the sweep: planned rows that are of no use any more.
            models.Index(
                fields=["expires_at"],
                condition=Q(state=NotificationState.PLANNED),
                name="notification_to_expire",
            ),
            # Serves the sweep: rows whose sender was killed.
            models.Index(
                fields=["lease_until"],
                condition=Q(state=NotificationState.SENDING),
                name="notification_lease",
            ),
            # Serves the board and its lists: messages that did not get through, newest first.
            models.Index(
                fields=["state", "-due_at"],
                condition=Q(state__in=[NotificationState.FAILED, NotificationState.BOUNCED]),
                name="notification_dead",
            ),
            # Serves the search for written results that did not arrive. A row leaves it as soon as it was seen to, so
            # that it holds a minute's worth of failures and not the history of the clinic.
            models.Index(
                fields=["id"],
                condition=Q(tells_result=True)
                & (Q(state__in=UNDELIVERED_STATES) | Q(state=NotificationState.CANCELLED, reason=StatusReason.STOPPED)),
                name="notification_result_lost",
            ),
            # Serves the board and its list: messages held back, newest first.
            models.Index(
                fields=["-due_at"],
                condition=Q(state=NotificationState.SUPPRESSED),
                name="notification_held_back",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.get_kind_display()}"

    @property
    def state_label(self) -> str:
        """Its state in plain words; "accepted" differs by channel."""
        accepted = self.state == NotificationState.ACCEPTED
        return str(ACCEPTED_LABEL[Channel(self.channel)] if accepted else self.get_state_display())


class DeliveryAttempt(models.Model):
    """One try to hand a message over, and what came of it. Never changed."""

    notification = models.ForeignKey(
        Notification, models.PROTECT, related_name="attempts", verbose_name=_("message"), db_index=False
    )
    number = models.PositiveSmallIntegerField(_("number"))
    channel = models.CharField(_("delivery"), max_length=8, choices=Channel, default=Channel.EMAIL)
    at = models.DateTimeField(_("when"), default=timezone.now)
    result = models.CharField(_("result"), max_length=10, choices=AttemptResult)
    smtp_code = models.PositiveSmallIntegerField(_("mail server's code"), null=True, blank=True)
    # Words of the mail server without addresses.
    detail = models.CharField(_("detail"), max_length=300, blank=True)
    lease_token = models.PositiveIntegerField(editable=False)
    # Shape, key and seal of the copy that was kept with this try (`notifications.delivery.sealed_copies`).
    copy_seal = models.CharField(max_length=48, blank=True, db_default="", editable=False)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("try")
        verbose_name_plural = _("tries")
        constraints = [
            models.UniqueConstraint(fields=["notification", "lease_token"], name="one_attempt_per_claim"),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.get_result_display()}"


class RenderedMessage(models.Model):
    """A message word for word as it was last handed over."""

    notification = models.OneToOneField(
        Notification, models.PROTECT, related_name="rendered", verbose_name=_("message")
    )
    address = models.CharField(_("sent to"), max_length=254)
    # Room for a text of 150 characters that names the clinic more than once.
    subject = models.CharField(_("subject"), max_length=998)
    text = models.TextField(_("text"))
    html = models.TextField(_("page"))
    calendar = models.TextField(_("calendar entry"), blank=True)
    # What the PDF of a letter is set from, so that a reprint is the same letter.
    letter = models.JSONField(_("letter"), default=dict, blank=True)
    # What went by channels that failed, oldest first: the fields of the copy as it was, with its channel.
    earlier = models.JSONField(_("earlier tries"), default=list, blank=True)

    # What each try seals of it, and what is emptied once its time is over.
    SEALED_COLUMNS = ("notification_id", "address", "subject", "text", "html", "calendar", "letter")
    PERSONAL_COLUMNS = ("address", "subject", "text", "html", "calendar", "letter", "earlier")

    class Meta:
        verbose_name = _("message as sent")
        verbose_name_plural = _("messages as sent")

    def __str__(self) -> str:
        return self.subject

    @property
    def channel(self) -> Channel:
        if self.letter:
            return Channel.LETTER
        return Channel.EMAIL if self.html else Channel.SMS
