"""Carries what one record says of the patient over to the record that stays, and gives it back."""

from collections.abc import Iterator, Mapping

from django.utils.translation import gettext as _

from patients.actions import (
    mark_contact_unusable,
    record_consent,
    remove_contact_point,
    set_contact_point,
    set_result_wish,
    update_details,
)
from patients.address_faults import fold_address
from patients.addresses import mark_address_unusable
from patients.background import BACKGROUND_FIELDS
from patients.channels import PHONE_KINDS
from patients.models import AddressFault, Consent, ContactPlan, ContactPoint, Patient, PatientChange, ResultWish
from patients.record_history import log_changes
from recalls.actions.records.details import set_visit_wish
from recalls.actions.transition import UserOrActor
from recalls.models import CallPreference, VisitWish

MERGE_SOURCE = "merge"
UNMERGE_SOURCE = "merge undone"
# True on one record is true of the patient.
_STRICTER_IF_TRUE = ("do_not_call", "interpreter_needed", "implants")
# What stands on one record only is taken over.
_FILLED_IF_EMPTY = ("deceased_on", "middle_name", "preferred_name", "mobility", *BACKGROUND_FIELDS)
_ADDRESS = ("address_line", "city", "state", "postal_code")
POINT_KIND_BY_CONSENT = {
    Consent.Subject.EMAIL: ContactPoint.Kind.EMAIL,
    Consent.Subject.DETAIL: ContactPoint.Kind.EMAIL,
    Consent.Subject.SMS: ContactPoint.Kind.MOBILE,
    Consent.Subject.EDUCATION: ContactPoint.Kind.EMAIL,
}
_NO_WISH: Mapping[str, object] = {"weekdays": "", "part": "", "travel_minutes": 0}
_SECOND = "_second"  # a number that the record in use has another one for: in the history only
_CONSENT = "consent_"


def carry_over(loser: Patient, survivor: Patient, *, by: UserOrActor) -> list[str]:
    """Write what the record in use lacks or says less strictly; what a person has to check, in sentences."""
    update_details(survivor, _details_to_carry(loser, survivor), by=by, source=MERGE_SOURCE, from_record=loser)
    to_check = [*_carry_contact_points(loser, survivor, by), *_differences(loser, survivor)]
    to_check += _carry_address_faults(loser, survivor, by)
    _carry_consents(loser, survivor, by)
    _carry_call_preference(loser, survivor, by)
    _carry_visit_wish(loser, survivor, by)
    _carry_result_wish(loser, survivor, by)
    return to_check + list(_contact_plan_to_make(loser, survivor))


def _contact_plan_to_make(loser: Patient, survivor: Patient) -> Iterator[str]:
    """Who may answer is the patient's to say: of two records the one in use keeps its plan, and nothing is mixed."""
    plans = {plan.patient_id: plan for plan in ContactPlan.objects.filter(patient__in=(loser, survivor))}
    theirs, known = plans.get(loser.pk), plans.get(survivor.pk)
    if theirs is None or (not theirs.number_at and not theirs.may_answer):
        return
    if known is None or (theirs.may_answer, theirs.other_name) != (known.may_answer, known.other_name):
        yield _("the other record has another contact plan: ask the patient how to reach them, and who may answer.")


def _details_to_carry(loser: Patient, survivor: Patient) -> dict[str, object]:
    changes: dict[str, object] = {name: True for name in _STRICTER_IF_TRUE if getattr(loser, name)}
    changes |= {
        name: getattr(loser, name) for name in _FILLED_IF_EMPTY if getattr(loser, name) and not getattr(survivor, name)
    }
    if loser.voicemail == Patient.Voicemail.NO:
        changes["voicemail"] = Patient.Voicemail.NO
    if survivor.sex == Patient.Sex.UNKNOWN:
        changes["sex"] = loser.sex
    if loser.address_line and not survivor.address_line:
        changes |= {name: getattr(loser, name) for name in _ADDRESS}
    return changes


def _carry_contact_points(loser: Patient, survivor: Patient, by: UserOrActor) -> Iterator[str]:
    """A kind that is missing, or does not work, is filled; of two phones the second is dialled as the other phone.

    Where there is an other phone already, and of two addresses, the second is kept in the history.
    """
    present = {point.kind: point for point in survivor.contact_points.all()}
    for point in sorted(loser.contact_points.all(), key=lambda one: one.kind != ContactPoint.Kind.OTHER):
        kind, known = ContactPoint.Kind(point.kind), present.get(point.kind)
        if takes_the_place(point, known):
            present[kind] = joined = set_contact_point(
                survivor, kind, point.value, by=by, source=MERGE_SOURCE, from_record=loser
            )
            if point.unusable and not joined.unusable:
                mark_contact_unusable(joined, ContactPoint.UnusableReason(point.unusable), by=by)
        elif known is not None and known.value != point.value:
            if becomes_other_phone(point, known, present):
                other = ContactPoint.Kind.OTHER
                present[other] = set_contact_point(
                    survivor, other, point.value, by=by, source=MERGE_SOURCE, from_record=loser
                )
                yield _("there is a second %(kind)s, kept as the other phone: ask which one is right.") % {
                    "kind": str(kind.label).lower()
                }
                continue
            second = {f"{kind}{_SECOND}": ("", point.value)}
            log_changes(survivor, second, by=by, source=MERGE_SOURCE, from_record=loser)
            yield _("there is a second %(kind)s in the record's history: ask which one is right.") % {
                "kind": str(kind.label).lower()
            }


def _carry_address_faults(loser: Patient, survivor: Patient, by: UserOrActor) -> Iterator[str]:
    """Where the record that goes is not reached, the other is not either, also when both have that address."""
    for fault in AddressFault.objects.filter(patient=loser):
        why = ContactPoint.UnusableReason(fault.reason)
        if mark_address_unusable(fault.address, why, by=by, patient=survivor):
            yield _("an address or number of both records is marked as not the patient's: ask for a right one.")


def becomes_other_phone(point: ContactPoint, known: ContactPoint | None, present: Mapping[str, ContactPoint]) -> bool:
    """Whether a second phone of its kind is dialled as the other phone, of which there is none."""
    is_second = known is not None and known.value != point.value and not point.unusable
    return is_second and point.kind in PHONE_KINDS and ContactPoint.Kind.OTHER not in present


def takes_the_place(point: ContactPoint, known: ContactPoint | None) -> bool:
    """Whether a number or address of the record that goes is used: the other has none of its kind, or a bad one."""
    return known is None or bool(known.unusable and not point.unusable and known.value != point.value)


def _differences(loser: Patient, survivor: Patient) -> Iterator[str]:
    """What only the patient can say: the record in use stays as it is."""
    if loser.language != survivor.language:
        yield _("the records name two languages: ask which one the patient wants.")
    if loser.address_line and (loser.address_line, loser.city) != (survivor.address_line, survivor.city):
        yield _("the records have two addresses: ask which one is right.")


def _carry_consents(loser: Patient, survivor: Patient, by: UserOrActor) -> None:
    theirs, known = _newest_consents(loser), _newest_consents(survivor)
    points = [{row.kind: row.value for row in one.contact_points.all()} for one in (loser, survivor)]
    for subject, granted in theirs.items():
        before, kind = known.get(subject), POINT_KIND_BY_CONSENT[subject]
        goes_along = kind in points[0] and points[0][kind] == points[1].get(kind)
        after = consent_after(granted, before, goes_along=goes_along)
        if after is None or after == before:
            continue
        record_consent(survivor, subject, granted=after, source=MERGE_SOURCE, by=by)
        change = {f"{_CONSENT}{subject}": (before, after)}
        log_changes(survivor, change, by=by, source=MERGE_SOURCE, from_record=loser)


def consent_after(goes: bool | None, stays: bool | None, *, goes_along: bool) -> bool | None:
    """A no of either record stands. A yes goes along only with the number or address for which it was given."""
    if False in (goes, stays):
        return False
    return True if goes and goes_along else stays


def _newest_consents(patient: Patient) -> dict[Consent.Subject, bool]:
    return {Consent.Subject(row.subject): row.granted for row in patient.consents.order_by("pk")}


def _carry_call_preference(loser: Patient, survivor: Patient, by: UserOrActor) -> None:
    said = CallPreference.objects.filter(patient=loser).first()
    if said is None or CallPreference.objects.filter(patient=survivor).exists():
        return
    CallPreference.objects.create(patient=survivor, part=said.part, changed_at=said.changed_at, user=said.user)
    log_changes(survivor, {"best_time": ("", said.part)}, by=by, source=MERGE_SOURCE, from_record=loser)


def _carry_visit_wish(loser: Patient, survivor: Patient, by: UserOrActor) -> None:
    said = VisitWish.objects.filter(patient=loser).first()
    if said is not None and not VisitWish.objects.filter(patient=survivor).exists():
        columns = {name: getattr(said, name) for name in _NO_WISH}
        set_visit_wish(survivor, columns, by=by, source=MERGE_SOURCE, from_record=loser)


def _carry_result_wish(loser: Patient, survivor: Patient, by: UserOrActor) -> None:
    """How results are told: taken over where nothing was said; what either record asks to be spared is spared."""
    said, known = (ResultWish.objects.filter(patient=one).first() for one in (loser, survivor))
    if said is None:
        return
    spared = {"no_details": said.no_details, "not_before_weekend": said.not_before_weekend}
    wish: dict[str, object] = {name: value for name, value in spared.items() if value}
    if known is None:
        words = {name: getattr(said, name) for name in ("channel", "proxy_name", "proxy_phone", "note")}
        wish = {**words, **spared}
    if wish:
        set_result_wish(survivor, wish, by=by)
        change = {"result_wish": (known or "", ResultWish.objects.get(patient=survivor))}
        log_changes(survivor, change, by=by, source=MERGE_SOURCE, from_record=loser)


def give_back(loser: Patient, survivor: Patient, *, by: UserOrActor) -> list[str]:
    """Set the values that this merge brought back to what they were, unless changed since; what a person checks."""
    last_merge = loser.changes.filter(field="merged_into_id", old="", new=str(survivor.pk)).first()
    since = last_merge.at if last_merge else None
    rows = PatientChange.objects.filter(patient=survivor, from_record=loser).order_by("pk")
    carried = list(rows.filter(at__gte=since) if since else rows)
    update_details(survivor, _details_to_return(carried, survivor), by=by, source=UNMERGE_SOURCE)
    for change in carried:
        if change.field in ContactPoint.Kind.values:
            _return_contact_point(change, survivor, by)
        elif change.field == "best_time":
            CallPreference.objects.filter(patient=survivor, part=change.new).delete()
            log_changes(survivor, {"best_time": (change.new, "")}, by=by, source=UNMERGE_SOURCE)
        elif change.field == "visit_wish":
            wish = VisitWish.objects.filter(patient=survivor).first()
            if str(wish or "") == change.new:  # as the merge left it
                set_visit_wish(survivor, _NO_WISH, by=by, source=UNMERGE_SOURCE)
        elif change.field == "result_wish" and not change.old:
            ResultWish.objects.filter(patient=survivor, changed_at__lte=change.at).delete()
            log_changes(survivor, {"result_wish": (change.new, "")}, by=by, source=UNMERGE_SOURCE)
    to_check = [sentence for change in carried for sentence in _return_consent(change, survivor, by)]
    return to_check + list(_faults_that_stay(loser, survivor))


def _faults_that_stay(loser: Patient, survivor: Patient) -> Iterator[str]:
    """What was said of an address of the other record holds until somebody has asked."""
    theirs = set(AddressFault.objects.filter(patient=loser).values_list("address", flat=True))
    if any(point.unusable and fold_address(point.value) in theirs for point in survivor.contact_points.all()):
        yield _("an address or number marked for the other record stays off here too: ask the patient.")


def _details_to_return(carried: list[PatientChange], survivor: Patient) -> dict[str, object]:
    columns = {column.name: column for column in Patient._meta.concrete_fields}
    return {
        change.field: _from_text(change.old, columns[change.field].null, columns[change.field].to_python)
        for change in carried
        if change.field in columns and str(getattr(survivor, change.field)) == change.new
    }


def _from_text(text: str, is_nullable: bool, parse: object) -> object:
    return None if is_nullable and not text else parse(text)  # type: ignore[operator]


def _return_contact_point(change: PatientChange, survivor: Patient, by: UserOrActor) -> None:
    kind = ContactPoint.Kind(change.field)
    if not survivor.contact_points.filter(kind=kind, value=change.new).exists():
        return
    if change.old:
        set_contact_point(survivor, kind, change.old, by=by, source=UNMERGE_SOURCE)
    else:
        remove_contact_point(survivor, kind, by=by, source=UNMERGE_SOURCE)


def _return_consent(change: PatientChange, survivor: Patient, by: UserOrActor) -> Iterator[str]:
    """A consent is never deleted: what was said before stands again, and a yes of the other record ends.

    Where nothing had been said, the other record's no stays until somebody asks.
    """
    if not change.field.startswith(_CONSENT):
        return
    subject = Consent.Subject(change.field.removeprefix(_CONSENT))
    newest = survivor.consents.filter(subject=subject).first()
    if newest is None or newest.source != MERGE_SOURCE or str(newest.granted) != change.new:
        return
    if change.old or newest.granted:
        record_consent(survivor, subject, granted=change.old == "True", source=UNMERGE_SOURCE, by=by)
    else:
        yield _("the other record said no to this, so it stays off: %(what)s. Ask the patient.") % {
            "what": str(subject.label).lower()
        }
