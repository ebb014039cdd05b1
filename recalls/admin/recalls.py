"""Admin pages of recalls, events, exams, appointments, contact attempts and work items."""

from typing import Any, ClassVar, TypeVar

from django.contrib import admin, messages
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from clinic.admin_base import MAX_ROWS, OwnSiteFilter, ReadOnlyAdmin, ReadOnlyInline, ValueFilter
from clinic.roles import Role
from clinic.timezone_filters import closed_this_month, due_later_today
from patients.models import Patient
from recalls import actions
from recalls.enums import State
from recalls.models import (
    Appointment,
    ContactAttempt,
    Finding,
    Recall,
    RecallEvent,
    ScreeningExam,
    SupersededReading,
    WorkItem,
)
from recalls.presenters import describe_next_action
from recalls.selectors.queue_filters import past_target
from recalls.selectors.stuck_recalls import without_next_step
from recalls.workflow import STEPS, STEPS_BY_NAME

M = TypeVar("M", bound=Model)


def recall_search_condition(words: str) -> Q:
    """Recalls by accession, record number or their own number, each looked up in its own index."""
    exams = ScreeningExam.objects.filter(accession=words).values_list("pk", flat=True)[:MAX_ROWS]
    patients = Patient.objects.filter(mrn=words).values_list("pk", flat=True)[:MAX_ROWS]
    found = Q(exam__in=list(exams)) | Q(patient__in=list(patients))
    number = words.removeprefix("#")
    return found | Q(pk=int(number)) if number.isdecimal() and len(number) < 19 else found


class RecallRelatedAdmin(ReadOnlyAdmin[M]):
    """Rows that belong to a recall, found by the recall."""

    site_lookup = "recall__site"
    patient_path = "recall.patient_id"
    # Leads from a row to its recall.
    recall_lookup: ClassVar[str] = "recall"
    private_search = True
    search_fields = ("recall__exam__accession",)
    search_help_text = _("Whole accession or record number, or the number of a recall")
    ordering = ("-pk",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[M], search_term: str
    ) -> tuple[QuerySet[M], bool]:
        if not search_term:
            return queryset, False
        found = Recall.objects.filter(recall_search_condition(search_term.strip())).values_list("pk", flat=True)[
            :MAX_ROWS
        ]
        return queryset.filter(**{f"{self.recall_lookup}__in": list(found)}), False


class RecallOpenFilter(admin.SimpleListFilter):
    title = _("open or closed")
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Open")), ("no", _("Closed"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "yes":
            return queryset.still_open()
        return queryset.in_state(State.CLOSED) if self.value() == "no" else queryset


class RecallDueFilter(admin.SimpleListFilter):
    title = _("next action")
    parameter_name = "due"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("overdue", _("Overdue")),
            ("past_target", _("Past target")),
            ("today", _("Due later today")),
            ("none", _("Without a next step")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        user: Any = request.user
        if self.value() == "overdue":
            return queryset.due_before(timezone.now())
        if self.value() == "past_target":
            return queryset.still_open().filter(past_target(timezone.now()))
        if self.value() == "today":
            return queryset.still_open().filter(due_later_today(user.sites.all(), timezone.now()))
        return without_next_step(queryset) if self.value() == "none" else queryset


class ClosedThisMonthFilter(admin.SimpleListFilter):
    title = _("closed")
    parameter_name = "closed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("month", _("This month"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        user: Any = request.user
        if self.value() == "month":
            return queryset.filter(closed_this_month(user.sites.all(), timezone.now()))
        return queryset


class RecallEventInline(ReadOnlyInline):
    model = RecallEvent
    fields = ("at", "step_label", "from_state", "to_state", "by", "note")
    ordering = ("-pk",)

    @admin.display(description=_("step"))
    def step_label(self, event: RecallEvent) -> str:
        return str(STEPS_BY_NAME[event.step].label)


@admin.register(Recall)
class RecallAdmin(RecallRelatedAdmin[Recall]):
    """Every step is taken at the desk; here a recall and the steps it could take are only shown."""

    site_lookup = "site"
    patient_path = "patient_id"
    search_fields = ("exam__accession",)
    change_form_template = "admin/recalls/recall/change_form.html"
    list_display = (
        "recall_number",
        "patient",
        "site",
        "state",
        "due_at",
        "target_at",
        "next_action",
        "suspicious_result",
        "opened_at",
        "recall_link",
    )
    list_filter = (
        RecallOpenFilter,
        RecallDueFilter,
        "state",
        OwnSiteFilter,
        "kind",
        "suspicious",
        "closure_reason",
        ClosedThisMonthFilter,
    )
    list_select_related = ("patient", "site", "exam")
    inlines = (RecallEventInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Recall]:
        rows = super().get_queryset(request)
        return rows.prefetch_related("events", "appointments", "contact_attempts")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The rows of a page share the person's own sites, whose ladders are known."""
        shown = super().get_changelist_instance(request)
        user: Any = request.user
        sites = {site.pk: site for site in user.own_sites}
        for recall in shown.result_list:
            recall.site = sites.get(recall.site_id, recall.site)
        return shown

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Recall], search_term: str
    ) -> tuple[QuerySet[Recall], bool]:
        return (queryset.filter(recall_search_condition(search_term.strip())) if search_term else queryset), False

    @admin.display(description=_("recall"))
    def recall_number(self, recall: Recall) -> str:
        return str(recall)

    @admin.display(description=_("next action"))
    def next_action(self, recall: Recall) -> str:
        return describe_next_action(recall) if recall.state in State.values else gettext("no queue shows this state")

    @admin.display(description=_("result"))
    def suspicious_result(self, recall: Recall) -> str:
        return gettext("4 or 5") if recall.suspicious else ""

    @admin.display(description=_("page"))
    def recall_link(self, recall: Recall) -> str:
        return format_html('<a href="{}">{}</a>', reverse("recall", args=[recall.pk]), gettext("Open"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        recall = self.get_object(request, object_id)
        steps = [step for step in STEPS if recall is not None and recall.state in step.from_states]
        rows = [(step, ", ".join(str(role.label) for role in Role if role in step.roles)) for step in steps]
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "steps": rows})


class EventStepFilter(ValueFilter):
    title = _("step")
    parameter_name = "step"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(step.name, step.label) for step in STEPS]


@admin.register(RecallEvent)
class RecallEventAdmin(RecallRelatedAdmin[RecallEvent]):
    list_display = ("at", "recall", "step_label", "from_state", "to_state", "by", "note")
    list_filter = ("to_state", EventStepFilter)
    list_select_related = ("recall",)

    @admin.display(description=_("step"))
    def step_label(self, event: RecallEvent) -> str:
        return str(STEPS_BY_NAME[event.step].label)


class FindingInline(ReadOnlyInline):
    model = Finding
    fields = ("kind", "side", "place")


class SupersededReadingInline(ReadOnlyInline):
    model = SupersededReading
    fields = ("replaced_at", "replaced_by", "reading")


@admin.register(ScreeningExam)
class ScreeningExamAdmin(ReadOnlyAdmin[ScreeningExam]):
    patient_path = "patient_id"
    private_search = True
    list_display = ("accession", "site", "patient", "exam_date", "assessment", "recall_kind", "reported_at")
    list_filter = ("assessment", OwnSiteFilter, "recall_kind", "first_screen")
    list_select_related = ("site", "patient")
    search_fields = ("accession__exact",)
    search_help_text = _("Whole accession or record number")
    ordering = ("-pk",)
    inlines = (FindingInline, SupersededReadingInline)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ScreeningExam], search_term: str
    ) -> tuple[QuerySet[ScreeningExam], bool]:
        if not search_term:
            return queryset, False
        words = search_term.strip()
        patients = Patient.objects.filter(mrn=words).values_list("pk", flat=True)[:MAX_ROWS]
        return queryset.filter(Q(accession=words) | Q(patient__in=list(patients))), False


@admin.register(Appointment)
class AppointmentAdmin(RecallRelatedAdmin[Appointment]):
    list_display = ("starts_at", "recall", "site", "kind", "status", "sequence", "interpreter")
    list_filter = ("status", "kind", "overbooked", OwnSiteFilter)
    list_select_related = ("recall", "site")


@admin.register(ContactAttempt)
class ContactAttemptAdmin(RecallRelatedAdmin[ContactAttempt]):
    list_display = ("at", "recall", "channel", "result", "by", "next_try_at")
    list_filter = ("channel", "result")
    list_select_related = ("recall",)


class WorkItemDoneFilter(admin.SimpleListFilter):
    title = _("done")
    parameter_name = "done"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("no", _("Still to do")), ("yes", _("Done"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        chosen = {"no": True, "yes": False}.get(self.value() or "")
        return queryset if chosen is None else queryset.filter(done_at__isnull=chosen)


@admin.register(WorkItem)
class WorkItemAdmin(RecallRelatedAdmin[WorkItem]):
    site_lookup = "site"
    patient_path = "patient_id"
    list_display = ("kind", "reason", "patient", "recall", "site", "opened_at", "done_at", "done_by")
    list_filter = (WorkItemDoneFilter, "kind", OwnSiteFilter)
    list_select_related = ("patient", "recall", "site", "done_by")
    actions = ("mark_done",)

    def has_change_permission(self, request: HttpRequest, obj: WorkItem | None = None) -> bool:
        """Items are ticked off on the list; their own page only shows them."""
        return obj is None and request.user.has_perm("recalls.change_workitem")

    @admin.action(description=_("Mark as done"), permissions=["change"])
    def mark_done(self, request: HttpRequest, queryset: QuerySet[WorkItem]) -> None:
        user: Any = request.user
        items = list(queryset.filter(done_at__isnull=True))
        for item in items:
            actions.finish_work_item(item, by=user)
        words = ngettext("%(count)d task is done.", "%(count)d tasks are done.", len(items))
        self.message_user(request, words % {"count": len(items)}, messages.SUCCESS)
