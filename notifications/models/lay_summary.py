"""Models of lay summaries: what each reading of an exam owes, the PDFs that were made, and the proof of sending."""

import uuid
from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from notifications.enums import UNSENT_SUMMARY_STATES, Channel, StatusReason, SummaryEventKind, SummaryState
from recalls.enums import Assessment, Density
from recalls.models import Outcome, ScreeningExam


class LaySummaryBatch(models.Model):
    """One PDF of lay summaries: who made it, and who said that it was printed and posted."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="+", verbose_name=_("site"))
    made_at = models.DateTimeField(_("PDF made"), default=timezone.now)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("PDF made by")
    )
    letter_count = models.PositiveSmallIntegerField(_("letters"))
    posted_at = models.DateTimeField(_("posted"), null=True, blank=True)
    posted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("posted by")
    )

    class Meta:
        verbose_name = _("batch of lay summaries")
        verbose_name_plural = _("batches of lay summaries")
        indexes = [
            # Serves the letters page: PDFs of which nobody has said yet that they were posted.
            models.Index(fields=["site", "made_at"], condition=Q(posted_at=None), name="summary_batch_open"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class LaySummaryQuerySet(models.QuerySet["LaySummary"]):
    """The lists that pages and numbers share; each is served by a partial index of what is not sent yet."""

    def to_print(self, now: datetime) -> Self:
        """Letters whose time has come and that are in no PDF."""
        return self.filter(state=SummaryState.OWED, channel=Channel.LETTER, batch=None, leave_at__lte=now)

    def alarming(self, now: datetime) -> Self:
        """Not proven sent by their alarm day; none of a patient who has died."""
        unsent = self.filter(state__in=UNSENT_SUMMARY_STATES, alarm_at__lte=now)
        return unsent.filter(exam__patient__deceased_on=None)

    def near_limit(self, now: datetime) -> Self:
        return self.alarming(now).filter(due_by__gt=now)

    def past_limit(self, now: datetime) -> Self:
        return self.alarming(now).filter(due_by__lte=now)

    def held_back(self) -> Self:
        """Held until somebody mends what is missing; none of a patient who has died."""
        return self.filter(state=SummaryState.HELD, exam__patient__deceased_on=None)


class LaySummary(models.Model):
    """One written summary that a patient is owed: of a screening reading, or of an outcome where one is named.

    Domain fact: 21 CFR 900.12(c)(2): to each patient within 30 days, within 7 where the assessment is suspicious or
    highly suggestive. Only `notifications` changes its state. The patient is the exam's: a merge moves both.
    """

    exam = models.ForeignKey(ScreeningExam, models.PROTECT, related_name="lay_summaries", verbose_name=_("exam"))
    outcome = models.OneToOneField(
        Outcome, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("outcome")
    )
    # The readings of the screening exam before this one, and the patients it was filed under; 0 for an outcome.
    reading = models.PositiveSmallIntegerField(_("corrections before this reading"), default=0)
    # Where the images were taken: the facility that owes the summary.
    site = models.ForeignKey(Site, models.PROTECT, related_name="+", verbose_name=_("site"))
    # What the summary says: the result text, by its name, with the facts it was chosen by.
    assessment = models.CharField(_("assessment"), max_length=8, choices=Assessment)
    result = models.CharField(_("result text"), max_length=40)
    density = models.CharField(_("density"), max_length=1, choices=Density, blank=True)
    exam_day = models.DateField(_("day of the images"))
    read_at = models.DateTimeField(_("reported"))
    leave_at = models.DateTimeField(_("leaves from"))
    alarm_at = models.DateTimeField(_("alarm when not sent by"))
    due_by = models.DateTimeField(_("time limit"))
    state = models.CharField(_("state"), max_length=8, choices=SummaryState, default=SummaryState.OWED)
    reason = models.CharField(_("why"), max_length=20, choices=StatusReason, blank=True)
    channel = models.CharField(_("delivery"), max_length=8, choices=Channel, default=Channel.LETTER)
    # Channels that did not take it, as for messages.
    failed_channels = models.JSONField(_("given up"), default=list, blank=True)
    superseded_by = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="supersedes", verbose_name=_("replaced by")
    )
    batch = models.ForeignKey(
        LaySummaryBatch, models.PROTECT, null=True, blank=True, related_name="summaries", verbose_name=_("PDF")
    )
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("sent by")
    )
    alarmed_at = models.DateTimeField(_("alarm raised"), null=True, blank=True)
    # Of an email: a try that was put off, the tries so far, and the lease of the process that sends it.
    retry_at = models.DateTimeField(_("next try"), null=True, blank=True)
    attempt_count = models.PositiveSmallIntegerField(_("tries"), default=0)
    first_failed_at = models.DateTimeField(_("first failed"), null=True, blank=True)
    may_have_arrived_twice = models.BooleanField(_("may have arrived twice"), default=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    lease_token = models.PositiveIntegerField(default=0, editable=False)
    public_id = models.UUIDField(_("public number"), default=uuid.uuid4, unique=True, editable=False)
    created_at = models.DateTimeField(_("planned on"), default=timezone.now)

    objects = LaySummaryQuerySet.as_manager()

    class Meta:
        verbose_name = _("lay summary")
        verbose_name_plural = _("lay summaries")
        constraints = [
            models.UniqueConstraint(
                fields=["exam", "reading"], condition=Q(outcome=None), name="lay_summary_once_per_reading"
            ),
            models.CheckConstraint(
                condition=~Q(state=SummaryState.SENT) | Q(sent_at__isnull=False), name="a_sent_summary_says_when"
            ),
            models.CheckConstraint(
                condition=~Q(state=SummaryState.SENDING) | Q(lease_until__isnull=False),
                name="a_summary_being_sent_has_a_lease",
            ),
            models.CheckConstraint(condition=~Q(superseded_by=F("id")), name="a_summary_does_not_replace_itself"),
        ]
        indexes = [
            # Serves the letters page: of a site those to print, the nearest time limit first.
            models.Index(
                fields=["site", "due_by", "id"],
                condition=Q(state=SummaryState.OWED, channel=Channel.LETTER, batch=None),
                name="lay_summary_to_print",
            ),
            # Serves the delivery check: emails that are due, and rows whose sender was killed.
            models.Index(
                fields=["leave_at", "id"],
                condition=Q(state=SummaryState.OWED, channel=Channel.EMAIL),
                name="lay_summary_to_email",
            ),
            models.Index(fields=["lease_until"], condition=Q(state=SummaryState.SENDING), name="lay_summary_lease"),
            # Serves the look again at what was held back.
            models.Index(fields=["id"], condition=Q(state=SummaryState.HELD), name="lay_summary_held"),
            # Serve the alarm, once for each summary, and the board's numbers of those not proven sent.
            models.Index(
                fields=["alarm_at"],
                condition=Q(state__in=UNSENT_SUMMARY_STATES, alarmed_at=None),
                name="lay_summary_alarm",
            ),
            models.Index(
                fields=["site", "alarm_at"], condition=Q(state__in=UNSENT_SUMMARY_STATES), name="lay_summary_unproven"
            ),
            # Serves the letters that were posted lately.
            models.Index(
                fields=["site", "-sent_at"],
                condition=Q(state=SummaryState.SENT, channel=Channel.LETTER),
                name="lay_summary_posted",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def is_unsent(self) -> bool:
        return self.state in UNSENT_SUMMARY_STATES


class LaySummaryCopy(models.Model):
    """A summary word for word as it was last put into a PDF or handed to a mail server."""

    summary = models.OneToOneField(LaySummary, models.PROTECT, related_name="copy", verbose_name=_("lay summary"))
    # The postal address as it stands on the letter, or the email address.
    address = models.CharField(_("sent to"), max_length=254)
    # Which text: "en/lay_summary.letter 3".
    text_version = models.CharField(_("version of the text"), max_length=60)
    # What the PDF of a letter is set from, so that a reprint is the same letter; empty for an email.
    letter = models.JSONField(_("letter"), default=dict, blank=True)
    # The text of an email; empty for a letter.
    text = models.TextField(_("text"), blank=True)

    class Meta:
        verbose_name = _("lay summary as sent")
        verbose_name_plural = _("lay summaries as sent")

    def __str__(self) -> str:
        return self.text_version


class LaySummaryEvent(models.Model):
    """What happened to a summary, when and by whom: the proof that it was sent. Never changed."""

    summary = models.ForeignKey(LaySummary, models.PROTECT, related_name="events", verbose_name=_("lay summary"))
    kind = models.CharField(_("what"), max_length=12, choices=SummaryEventKind)
    at = models.DateTimeField(_("when"), default=timezone.now)
    by = models.CharField(_("by"), max_length=150)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("account")
    )
    address = models.CharField(_("sent to"), max_length=254, blank=True)
    # Words of the mail server without addresses, or the reason that a person gave.
    detail = models.CharField(_("detail"), max_length=300, blank=True)

    PERSONAL_COLUMNS = ("address", "detail")

    class Meta:
        ordering = ["pk"]
        verbose_name = _("event of a lay summary")
        verbose_name_plural = _("events of lay summaries")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d %H:%M}"
