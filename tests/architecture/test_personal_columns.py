"""Holds that every column of free text about a patient is either removed with the person or named here as kept."""

from django.apps import apps
from django.db import models

from history.sealed_tables import personal_columns, sealed_models
from patients.models import Patient
from retention import personal_rows
from retention.minimise import PARKED_VALUES

# Names of staff, clinics and mail servers' answers, numbers of other systems, and digests: no words about the patient.
KEPT = frozenset({
    "admin.LogEntry.change_message", "admin.LogEntry.object_id", "admin.LogEntry.object_repr",
    "exchange.Hl7Message.application", "exchange.Hl7Message.control_id", "exchange.Hl7Message.digest",
    "exchange.Hl7Message.facility", "exchange.Hl7Message.field", "exchange.Hl7Message.key",
    "exchange.Hl7Message.message_type", "exchange.Hl7Message.reason",
    "exchange.Hl7StatusMessage.answer", "exchange.Hl7StatusMessage.control_id",
    "exchange.Hl7Appointment.filler_id", "exchange.Hl7Appointment.placer_id",
    "exchange.ParkedCancer.file_name", "exchange.ParkedRow.source_digest",
    "exchange.RowMend.changed", "exchange.RowMend.confirmed", "exchange.RowMend.result",
    "fhir.ReceivedAppointment.system", "fhir.ReceivedAppointment.value", "fhir.WebhookDelivery.last_answer",
    "notifications.DeliveryAttempt.copy_seal", "notifications.DeliveryAttempt.detail",
    "notifications.DeliveryReport.detail",
    "notifications.LaySummary.failed_channels", "notifications.LaySummary.result",
    "notifications.LaySummaryCopy.text_version", "notifications.LaySummaryEvent.by",
    "notifications.Notification.failed_channels", "notifications.Notification.language",
    "notifications.Notification.message_id", "notifications.Notification.occasion",
    "patients.Consent.source", "patients.DifferentPeople.by",
    "patients.Patient.assigning_authority", "patients.Patient.language", "patients.Patient.state",
    "patients.PatientChange.by", "patients.PatientChange.field", "patients.PatientChange.source",
    "reports.CaseRating.by", "reports.CaseReview.by",
    "recalls.Appointment.in_room_by", "recalls.Barrier.by",
    "recalls.BarrierHelp.by", "recalls.Biopsy.by", "recalls.Biopsy.clip", "recalls.Biopsy.facility",
    "recalls.BiopsyRetraction.by", "recalls.CancerDiagnosis.by",
    "recalls.CaseMinutes.by", "recalls.Concordance.by",
    "recalls.ContactAttempt.by", "recalls.DisclosureRetraction.by", "recalls.Finding.place",
    "recalls.ImagingOrder.guideline", "recalls.Lesion.by", "recalls.LesionAssessment.by", "recalls.Outcome.by",
    "recalls.Outcome.facility", "recalls.Outcome.reader_name", "recalls.OutcomeRelease.by",
    "recalls.OutcomeRetraction.by",
    "recalls.OutsideReport.by", "recalls.OutsideReport.content_type", "recalls.OutsideReport.facility",
    "recalls.PathologyResult.by", "recalls.PathologyResult.facility",
    "recalls.Recall.closed_by", "recalls.Recall.head_hash",
    # Numbers, codes and instants that the history of the recall is shown and counted by.
    "recalls.RecallEvent.data",
    "recalls.RecallEvent.by", "recalls.RecallEvent.hash", "recalls.RecallEvent.previous_hash",
    "recalls.RecallEvent.request_key", "recalls.RecallEvent.seals", "recalls.RecallEvent.step",
    "recalls.RecallFacts.closure_reason", "recalls.RecallFacts.language", "recalls.RecallFacts.state",
    "recalls.Referral.by", "recalls.Referral.clinician", "recalls.Referral.facility", "recalls.Referral.phone",
    "recalls.OutsideReportRetraction.by", "recalls.ReferralRetraction.by",
    "recalls.Refusal.by", "recalls.Refusal.explained_by",
    "recalls.ReportRequest.closed_by", "recalls.ReportRequest.facility", "recalls.ReportRequest.phone",
    "recalls.ResultDisclosure.by", "recalls.ResultDisclosure.told_by", "recalls.RoomHold.kind",
    "recalls.ScreeningExam.reader_name", "recalls.ScreeningExam.risk_source", "recalls.SignOffRequest.step",
    "recalls.SupersededReading.corrected_seal", "recalls.SupersededReading.replaced_by",
    "recalls.SupplementalScreening.advised_by", "recalls.SupplementalScreening.recorded_by",
    "recalls.VisitPart.modality", "recalls.WaitingListEntry.by",
})  # fmt: skip
_FREE = (models.CharField, models.TextField, models.JSONField, models.BinaryField)
_OWN_APPS = frozenset({"patients", "recalls", "notifications", "exchange", "fhir", "reports"})


def _about_patients() -> set[type[models.Model]]:
    """Every model that leads to a patient, by however many steps."""
    found: set[type[models.Model]] = {Patient}
    while True:
        more = {
            model
            for model in apps.get_models()
            if any(field.is_relation and field.related_model in found for field in model._meta.concrete_fields)
        }
        if more <= found:
            return {model for model in found if model._meta.app_label in _OWN_APPS}
        found |= more


def _free_text(model: type[models.Model]) -> set[str]:
    fields = (field for field in model._meta.concrete_fields if isinstance(field, _FREE) and not field.choices)
    return {f"{model._meta.label}.{field.name}" for field in fields}


def _removed() -> set[str]:
    names: set[str] = {f"{Patient._meta.label}.{name}" for name in personal_rows.PATIENT_VALUES}
    names |= {f"exchange.ParkedRow.{name}" for name in PARKED_VALUES}
    names |= {"recalls.ScreeningExam.source_digest"}
    for model in (*personal_rows.SEALED_OF_EXAM, *personal_rows.SEALED_OF_PERSON):
        columns = (*personal_columns(model), *getattr(model, "PERSONAL_NUMBERS", ()))
        names |= {f"{model._meta.label}.{name}" for name in columns}
    for one in (*personal_rows.EMPTIED_OF_EXAM, *personal_rows.EMPTIED_OF_PERSON):
        names |= {f"{one.model._meta.label}.{name}" for name in one.values}
    for model in personal_rows.DELETED_OF_PERSON:
        names |= _free_text(model)
    return names


def test_each_column_of_free_text_about_a_patient_is_removed_or_named_as_kept() -> None:
    free = {name for model in _about_patients() for name in _free_text(model)}
    assert free - _removed() - KEPT == set()
    assert _removed() & KEPT == set()


def test_each_sealed_table_with_personal_columns_is_reached() -> None:
    reached = {*personal_rows.SEALED_OF_EXAM, *personal_rows.SEALED_OF_PERSON}
    assert {model for model in sealed_models() if personal_columns(model)} <= reached
