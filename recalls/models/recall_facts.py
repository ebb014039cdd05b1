"""Models of what is kept about each recall for lists and numbers; the database writes them with the rows they rest on.

`recalls.kept_facts` holds the triggers that write both tables. Nobody else writes here.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q

from clinic.models import Site
from recalls.enums import BOOKED_STATES, ClosureReason, State
from recalls.models.recall import Recall

# The filters of the queue that rest on rows of other tables: true only of recalls that are to be contacted.
CONTACT_FLAGS = ("ready_to_book", "no_phone", "many_calls", "bounced", "opted_out", "interpreter", "letter_to_print")


# What few of a reader's recalls led to.
_SELDOM = {
    "open": ~Q(state=State.CLOSED),
    "biopsy": Q(biopsy_advised=True),
    "tissue": Q(has_tissue=True),
    "cancer": Q(has_cancer=True),
    "unknown": Q(
        closure_reason__in=[
            ClosureReason.DECLINED,
            ClosureReason.LOST_TO_FOLLOW_UP,
            ClosureReason.TRANSFERRED,
            ClosureReason.DECEASED,
            ClosureReason.VOID,
        ]
    ),
}


class RecallFacts(models.Model):
    """One row to each recall: what a list filters by and a number counts, in one place with indexes of its own."""

    recall = models.OneToOneField(Recall, models.CASCADE, primary_key=True, related_name="facts")
    site = models.ForeignKey(Site, models.CASCADE, db_index=False, db_constraint=False, related_name="+")
    state = models.CharField(max_length=24)
    due_at = models.DateTimeField(null=True)
    target_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField()
    suspicious = models.BooleanField()
    language = models.CharField(max_length=20)
    ready_to_book = models.BooleanField()
    no_phone = models.BooleanField()
    many_calls = models.BooleanField()
    bounced = models.BooleanField()
    opted_out = models.BooleanField()
    interpreter = models.BooleanField()
    letter_to_print = models.BooleanField()
    # When the active visit begins; empty without one.
    visit_at = models.DateTimeField(null=True)
    # Who read the screening that called the patient back; empty for a recall that no reading began.
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        db_index=False,
        db_constraint=False,
        related_name="+",
    )
    exam_site = models.ForeignKey(Site, models.CASCADE, db_index=False, db_constraint=False, related_name="+")
    exam_date = models.DateField()
    closure_reason = models.CharField(max_length=24, blank=True)
    later_round = models.BooleanField()
    positive = models.BooleanField()
    biopsy_advised = models.BooleanField()
    has_tissue = models.BooleanField()
    has_cancer = models.BooleanField()

    class Meta:
        indexes = [
            # Serve each filter of the queue: those whose turn has come by target, the later ones by due time.
            *(
                models.Index(
                    fields=["site", "target_at", "-suspicious", "recall"],
                    condition=Q(**{flag: True}),
                    name=f"facts_{flag}_target",
                )
                for flag in CONTACT_FLAGS
            ),
            *(
                models.Index(fields=["site", "due_at", "recall"], condition=Q(**{flag: True}), name=f"facts_{flag}_due")
                for flag in CONTACT_FLAGS
            ),
            # Serves "Where my recalls went": one reader's recalls, the newest screening first.
            models.Index(fields=["reader", "-exam_date", "-recall"], name="facts_by_reader"),
            # Serve the same narrowed to what few of them led to.
            *(
                models.Index(
                    fields=["reader", "-exam_date", "-recall"], condition=condition, name=f"facts_reader_{name}"
                )
                for name, condition in _SELDOM.items()
            ),
            # Serves the age of open recalls on the board and the map.
            models.Index(fields=["site", "state", "opened_at"], condition=~Q(state=State.CLOSED), name="facts_by_age"),
            # Serve the search for recalls without a next step: booked without a visit, or with one long past.
            models.Index(
                fields=["visit_at", "recall"], condition=Q(state__in=BOOKED_STATES), name="facts_booked_by_visit"
            ),
            models.Index(fields=["recall"], condition=~Q(state__in=[*State.values]), name="facts_unknown_state"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class CountLine(models.Model):
    """A change of a number: so many more or fewer of one kind at a site. A number is the sum of its lines.

    Whoever moves a recall only adds lines, so that two never wait for each other; a task sums them up each minute.
    """

    site = models.ForeignKey(Site, models.CASCADE, db_index=False, db_constraint=False, related_name="+")
    # What is counted, of which kind, and within which hour or day since 1970 (0 where time plays no part).
    name = models.CharField(max_length=30)
    key = models.CharField(max_length=100)
    bucket = models.IntegerField()
    count = models.IntegerField()
    is_sum = models.BooleanField(default=False)

    class Meta:
        indexes = [
            # Serves every number, out of the index alone.
            models.Index(fields=["site", "name", "bucket", "key", "count"], name="count_line_by_name"),
            # Serves the task that sums them up.
            models.Index(fields=["id"], condition=Q(is_sum=False), name="count_line_to_sum"),
            # Finds the sums that it replaces, also while a large load has millions of lines to sum up.
            models.Index(fields=["site", "name", "bucket", "key"], condition=Q(is_sum=True), name="count_line_sums"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.key}: {self.count}"
