"""Admin pages of results: outcomes, lesions, tissue, what was told, refusals, referrals, outside reports, signatures.

All of them are only shown; the desk records them.
"""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from recalls.admin.recalls import RecallRelatedAdmin
from recalls.models import (
    Biopsy,
    Concordance,
    Lesion,
    LesionAssessment,
    Outcome,
    OutsideReport,
    PathologyResult,
    Referral,
    Refusal,
    ReportRequest,
    ResultDisclosure,
    SignOffRequest,
)
from recalls.workflow import STEPS_BY_NAME


@admin.register(Outcome)
class OutcomeAdmin(RecallRelatedAdmin[Outcome]):
    list_display = ("at", "recall", "assessment", "round", "by", "amends")
    list_filter = ("assessment", ("amends", admin.EmptyFieldListFilter))
    list_select_related = ("recall", "amends")


@admin.register(PathologyResult)
class PathologyResultAdmin(RecallRelatedAdmin[PathologyResult]):
    list_display = ("at", "recall", "result", "specimen", "by")
    list_filter = ("result",)
    list_select_related = ("recall",)


@admin.register(Concordance)
class ConcordanceAdmin(RecallRelatedAdmin[Concordance]):
    list_display = ("at", "recall", "verdict", "pathology", "by")
    list_filter = ("verdict",)
    list_select_related = ("recall", "pathology")


@admin.register(Lesion)
class LesionAdmin(RecallRelatedAdmin[Lesion]):
    list_display = ("at", "recall", "number", "side", "kind", "location", "size_mm", "by")
    list_filter = ("side", "kind")
    list_select_related = ("recall",)


@admin.register(LesionAssessment)
class LesionAssessmentAdmin(RecallRelatedAdmin[LesionAssessment]):
    site_lookup = "lesion__recall__site"
    patient_path = "lesion.recall.patient_id"
    recall_lookup = "lesion__recall"
    list_display = ("at", "lesion", "assessment", "read_at", "by")
    list_filter = ("assessment",)
    list_select_related = ("lesion",)


@admin.register(Biopsy)
class BiopsyAdmin(RecallRelatedAdmin[Biopsy]):
    list_display = ("at", "recall", "lesion", "done_on", "device", "guidance", "by")
    list_filter = ("device", "guidance")
    list_select_related = ("recall", "lesion")


@admin.register(ResultDisclosure)
class ResultDisclosureAdmin(RecallRelatedAdmin[ResultDisclosure]):
    list_display = ("told_at", "recall", "method", "told_by", "told_to", "interpreter")
    list_filter = ("method", "told_to", "interpreter")
    list_select_related = ("recall",)


@admin.register(Refusal)
class RefusalAdmin(RecallRelatedAdmin[Refusal]):
    list_display = ("at", "recall", "reason", "explained_by", "offer_again_on", "by")
    list_select_related = ("recall",)


@admin.register(Referral)
class ReferralAdmin(RecallRelatedAdmin[Referral]):
    list_display = ("at", "recall", "clinician", "facility", "first_visit_on", "by")
    list_select_related = ("recall",)


@admin.register(OutsideReport)
class OutsideReportAdmin(RecallRelatedAdmin[OutsideReport]):
    list_display = ("at", "recall", "kind", "facility", "performed_on", "source", "by")
    list_filter = ("kind", "source")
    list_select_related = ("recall",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutsideReport]:
        """Without the files: they are given out on the recall's own page."""
        return super().get_queryset(request).defer("content")


@admin.register(ReportRequest)
class ReportRequestAdmin(RecallRelatedAdmin[ReportRequest]):
    site_lookup = "site"
    list_display = ("opened_at", "recall", "kind", "facility", "times_asked", "ask_on", "closed_at", "received")
    list_filter = (("closed_at", admin.EmptyFieldListFilter), "kind")
    list_select_related = ("recall",)


@admin.register(SignOffRequest)
class SignOffRequestAdmin(RecallRelatedAdmin[SignOffRequest]):
    site_lookup = "site"
    list_display = ("requested_at", "recall", "step_label", "requested_by", "decided_at", "decided_by", "granted")
    list_filter = (("decided_at", admin.EmptyFieldListFilter), "granted")
    list_select_related = ("recall", "requested_by", "decided_by")

    @admin.display(description=_("step"))
    def step_label(self, request: SignOffRequest) -> Any:
        return STEPS_BY_NAME[request.step].label
