"""Models of the recall and of its append-only, hash-chained events."""

import hashlib
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from patients.models import Patient
from recalls.enums import ClosureReason, RecallKind, State
from recalls.models.exams import ScreeningExam

if TYPE_CHECKING:
    from clinic.models import User


class RecallQuerySet(models.QuerySet[Any]):
    """Filters and orders that several packages use."""

    def for_user(self, user: "User") -> Self:
        """Only recalls at the sites this person works at; every page starts here."""
        return self.filter(site_id__in=user.site_ids)

    def still_open(self) -> Self:
        return self.exclude(state=State.CLOSED)

    def in_state(self, state: State) -> Self:
        return self.filter(state=state)

    def due_before(self, at: datetime) -> Self:
        return self.still_open().filter(due_at__lt=at)

    def order_by_due(self) -> Self:
        """Most urgent first; the number breaks ties, so pages never overlap."""
        return self.order_by("due_at", "pk")


class Recall(models.Model):
    """One patient, one screening exam that needs more work. Only `recalls.actions` changes its state."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="recalls", verbose_name=_("site"))
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="recalls", verbose_name=_("patient"))
    exam = models.ForeignKey(ScreeningExam, models.PROTECT, related_name="recalls", verbose_name=_("exam"))
    kind = models.CharField(_("kind"), max_length=10, choices=RecallKind, default=RecallKind.FINDING)
    suspicious = models.BooleanField(_("result of 4 or 5"), default=False)
    state = models.CharField(_("state"), max_length=24, choices=State)
    state_since = models.DateTimeField(_("in this state since"), default=timezone.now)
    # When the tries to reach the patient began: the ladder counts from here.
    contact_since = models.DateTimeField(_("to contact since"), null=True, blank=True)
    # When a biopsy was advised: a cancelled or missed one does not reset its clock.
    biopsy_since = models.DateTimeField(_("biopsy advised"), null=True, blank=True)
    due_at = models.DateTimeField(_("next action due"), null=True, blank=True)
    target_at = models.DateTimeField(_("visit or report wanted by"), null=True, blank=True)
    clock_from = models.DateTimeField(_("deadlines run from"))
    round = models.PositiveSmallIntegerField(_("short-interval round"), default=0)
    follow_up_from = models.DateField(_("short-interval months count from"), null=True, blank=True)
    follow_up_on = models.DateField(_("short-interval follow-up due"), null=True, blank=True)
    state_before_hold = models.CharField(_("held in"), max_length=24, choices=State, blank=True)
    hold_until = models.DateField(_("on hold until"), null=True, blank=True)
    # From when on a radiologist's answer is awaited; empty while none is.
    to_read_at = models.DateTimeField(_("to read since"), null=True, blank=True)
    # Since when a result is owed to the patient, by when it must be told, and who signed it; empty once it was told.
    result_since = models.DateTimeField(_("result to tell since"), null=True, blank=True)
    tell_by = models.DateTimeField(_("result to be told by"), null=True, blank=True)
    result_owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("result to be told by the radiologist"),
    )
    # The newest result counts as told by a message: one that does not arrive brings it back.
    told_in_writing = models.BooleanField(_("told in writing"), default=False)
    # When the system takes the next step by itself: a hold ends, a follow-up or a release comes due, a declined visit
    # is offered again.
    wake_at = models.DateTimeField(_("system step due"), null=True, blank=True)
    offer_again_on = models.DateField(_("offered again on"), null=True, blank=True)
    # The patient reported a symptom since the last outcome.
    symptom_reported = models.BooleanField(_("symptom reported"), default=False)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("assigned to"),
    )
    opened_at = models.DateTimeField(_("opened"), default=timezone.now)
    # The time of its newest event.
    changed_at = models.DateTimeField(_("changed"), default=timezone.now, editable=False)
    closure_reason = models.CharField(_("closed because"), max_length=24, choices=ClosureReason, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    closed_by = models.CharField(_("closed by"), max_length=150, blank=True)
    closure_note = models.TextField(_("closing note"), blank=True)
    # The number of events so far; what a person saw when opening the page.
    version = models.PositiveIntegerField(_("version"), default=0)
    head_hash = models.CharField(max_length=64, blank=True, editable=False)

    SEALED_COLUMNS: ClassVar[tuple[str, ...]]
    PERSONAL_COLUMNS = ("closure_note",)

    objects = RecallQuerySet.as_manager()

    class Meta:
        verbose_name = _("recall")
        verbose_name_plural = _("recalls")
        constraints = [
            models.CheckConstraint(
                condition=Q(state=State.CLOSED, due_at__isnull=True)
                | (~Q(state=State.CLOSED) & Q(due_at__isnull=False)),
                name="an_open_recall_has_a_due_instant",
                violation_error_message=_("An open recall must say by when the next action is due."),
            ),
            models.CheckConstraint(
                condition=(Q(state=State.CLOSED, closed_at__isnull=False) & ~Q(closure_reason="") & ~Q(closed_by=""))
                | (~Q(state=State.CLOSED) & Q(closed_at__isnull=True, closure_reason="", closed_by="")),
                name="a_closed_recall_has_reason_time_and_person",
                violation_error_message=_("A closed recall must have a reason, a time and a person."),
            ),
            models.CheckConstraint(
                condition=(Q(state=State.ON_HOLD, hold_until__isnull=False) & ~Q(state_before_hold=""))
                | (~Q(state=State.ON_HOLD) & Q(hold_until__isnull=True, state_before_hold="")),
                name="a_held_recall_knows_where_it_returns",
                violation_error_message=_("A held recall must have a date and the state it returns to."),
            ),
            models.CheckConstraint(
                condition=~Q(state=State.RESULT_TO_TELL) | Q(result_since__isnull=False, tell_by__isnull=False),
                name="a_result_to_tell_has_a_limit",
                violation_error_message=_("A result to tell must say by when."),
            ),
            models.UniqueConstraint(
                fields=["exam"],
                condition=~Q(state=State.CLOSED),
                name="one_open_recall_per_exam",
                violation_error_message=_("This exam already has an open recall."),
            ),
        ]
        indexes = [
            # Serve the queues: one state of some sites by due time, keyset-paged; and the counts beside them.
            models.Index(
                fields=["site", "state", "due_at", "id"],
                condition=~Q(state=State.CLOSED),
                name="recall_queue",
            ),
            # Serves whom to call now: those whose turn has come, by the time left to their target, then by risk.
            models.Index(
                fields=["site", "state", "target_at", "-suspicious", "id"],
                condition=~Q(state=State.CLOSED),
                name="recall_time_left",
            ),
            models.Index(
                fields=["due_at", "id"],
                condition=~Q(state=State.CLOSED),
                name="recall_due",
            ),
            # Serves the manager's lists: a result of 4 or 5 first, by target.
            models.Index(
                fields=["site", "suspicious", "target_at", "id"],
                condition=~Q(state=State.CLOSED),
                name="recall_by_risk",
            ),
            # Serves the admin's list of one state, the newest recall first.
            models.Index(fields=["state", "-id"], name="recall_by_state"),
            # Serves FHIR: what changed since, in that order, visits of the recall included.
            models.Index(fields=["changed_at", "id"], name="recall_by_change"),
            # Serves the board's "lost this month".
            models.Index(fields=["closure_reason", "closed_at"], name="recall_closed"),
            # Serves the reading worklist: each pile of a site.
            models.Index(
                fields=["site", "state", "to_read_at", "id"],
                condition=Q(to_read_at__isnull=False),
                name="recall_to_read",
            ),
            # Serves the pile of results to tell among them, which stands by target.
            models.Index(
                fields=["site", "state", "target_at", "id"],
                condition=Q(to_read_at__isnull=False),
                name="recall_to_read_by_target",
            ),
            # Serves the tick: whatever the system does by itself, the longest due first.
            models.Index(fields=["wake_at", "id"], condition=Q(wake_at__isnull=False), name="recall_wake"),
            # Serves the navigator's list: patients to reach for the visit after a 3.
            models.Index(
                fields=["site", "target_at", "id"],
                condition=Q(state=State.TO_CONTACT, round__gt=0),
                name="recall_later_round",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state != State.CLOSED


# Each event seals the row of its recall; `head_hash` covers that seal itself.
Recall.SEALED_COLUMNS = tuple(field.attname for field in Recall._meta.concrete_fields if field.attname != "head_hash")


class RecallEvent(models.Model):
    """What happened, who did it and when; rows are only ever added, each sealed to the one before it."""

    recall = models.ForeignKey(Recall, models.PROTECT, related_name="events", verbose_name=_("recall"), db_index=False)
    version = models.PositiveIntegerField(_("number"))
    step = models.CharField(_("step"), max_length=30)
    from_state = models.CharField(_("from"), max_length=24, choices=State, blank=True)
    to_state = models.CharField(_("to"), max_length=24, choices=State)
    by = models.CharField(_("by"), max_length=150)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("account"),
        db_index=False,
    )
    at = models.DateTimeField(_("when"))
    note = models.TextField(_("note"), blank=True)
    data = models.JSONField(_("facts"), default=dict)
    # The seals of the rows that the step added, of the recall and of its exam as they stood then: see
    # `recalls.sealing.facts`. Empty in events of earlier versions.
    seals = models.JSONField(default=dict, db_default=models.Value({}, output_field=models.JSONField()), editable=False)
    # The form that asked for the step: the same form sent twice does nothing twice.
    request_key = models.CharField(max_length=36, blank=True, editable=False)
    previous_hash = models.CharField(max_length=64, blank=True, editable=False)
    hash = models.CharField(max_length=64, editable=False)

    PERSONAL_COLUMNS = ("note",)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = [
            models.UniqueConstraint(fields=["recall", "version"], name="event_once_per_version"),
            models.UniqueConstraint(
                fields=["recall", "request_key"],
                condition=~Q(request_key=""),
                name="event_once_per_request",
            ),
        ]
        indexes = [
            # Serve the board: steps by week; and what a person did today.
            models.Index(fields=["step", "at"], name="event_by_step"),
            models.Index(fields=["user", "at"], name="event_by_person"),
        ]

    def __str__(self) -> str:
        return f"{self.step} {self.at:%Y-%m-%d %H:%M}"

    def compute_hash(self) -> str:
        """SHA-256 over everything the row says and the hash of the row before it."""
        content: dict[str, Any] = {
            "recall": self.recall_id,
            "version": self.version,
            "step": self.step,
            "from": self.from_state,
            "to": self.to_state,
            "by": self.by,
            "user": self.user_id,
            "at": self.at.isoformat(),
            "note": self.note,
            "data": self.data,
            "previous": self.previous_hash,
        }
        if self.seals:
            content["seals"] = self.seals
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
