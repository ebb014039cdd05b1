"""Says of whom and of which exams the time is over, by the years of each site, and what keeps them longer."""

from datetime import date

from dateutil.relativedelta import relativedelta
from django.db.models import Exists, OuterRef, Q, QuerySet

from clinic.models import Site
from notifications.enums import UNSENT_SUMMARY_STATES, NotificationState
from notifications.models import LaySummary, Notification
from patients.models import Patient
from recalls.models import Recall, ReportRequest, ScreeningExam, WorkItem
from retention.models import LegalHold, Minimisation

# Laws of states keep a minor's record until some years after the eighteenth birthday.
MINORS_KEPT_UNTIL_AGE = 21
_UNSENT = (NotificationState.PLANNED, NotificationState.SENDING, NotificationState.TO_PRINT)


def due_persons(today: date) -> "QuerySet[Patient]":
    """Records in use whose last exam at every site is older than that site keeps it; merged ones go with them."""
    exams = ScreeningExam.objects.filter(patient=OuterRef("pk"))
    young = exams.filter(_younger(today, "keep_years_last"))
    unused = Q(~Exists(exams), _created_late(today))
    free = _free_patients(today, "pk").filter(merged_into=None)
    return free.exclude(Exists(young)).exclude(unused)


def due_exams(today: date) -> "QuerySet[ScreeningExam]":
    """Exams that a later one at the same site followed, older than it keeps these; none of a person who is due."""
    same = ScreeningExam.objects.filter(patient=OuterRef("patient"), site=OuterRef("site"))
    later = same.filter(exam_date__gt=OuterRef("exam_date"))
    done = Minimisation.objects.filter(exam=OuterRef("pk"))
    free = _free_patients(today, "pk").filter(pk=OuterRef("patient"))
    person = due_persons(today).filter(pk=OuterRef("patient"))
    old = ScreeningExam.objects.exclude(_younger(today, "keep_years"))
    return old.filter(Exists(later), ~Exists(done), Exists(free), ~Exists(person))


def person_due_on(patient: Patient) -> date:
    """The last day on which anything of the person has to be kept."""
    exams = patient.exams.values_list("exam_date", "site__keep_years_last")
    days = [day + relativedelta(years=years) for day, years in exams]
    return max(days, default=patient.created_at.date() + relativedelta(years=patient.site.keep_years_last))


def exam_due_on(exam: ScreeningExam) -> date:
    due: date = exam.exam_date + relativedelta(years=exam.site.keep_years)
    return due


def _free_patients(today: date, pk: str) -> "QuerySet[Patient]":
    """Of whom nothing is open, untold, unsent or held, who are of age, and whose data is still there."""

    def of_person(path: str) -> Q:
        return Q(**{path: OuterRef(pk)}) | Q(**{f"{path}__merged_into": OuterRef(pk)})

    kept = (
        Recall.objects.still_open().filter(of_person("patient")),
        Recall.objects.filter(of_person("patient"), result_since__isnull=False),
        WorkItem.objects.filter(of_person("patient"), done_at=None),
        ReportRequest.objects.filter(of_person("recall__patient"), closed_at=None),
        LaySummary.objects.filter(of_person("exam__patient"), state__in=UNSENT_SUMMARY_STATES),
        Notification.objects.filter(of_person("patient"), state__in=_UNSENT),
        LegalHold.objects.filter(of_person("patient"), lift=None),
    )
    patients = Patient.objects.filter(
        minimised_at=None, birth_date__lte=today - relativedelta(years=MINORS_KEPT_UNTIL_AGE)
    )
    return patients.filter(*(~Exists(rows) for rows in kept))


def _younger(today: date, years: str) -> Q:
    """Exams that their site still keeps, today included."""
    kept = Q(pk__in=())
    for site in Site.objects.all():
        kept |= Q(site=site, exam_date__gte=today - relativedelta(years=getattr(site, years)))
    return kept


def _created_late(today: date) -> Q:
    """Records without an exam count from the day on which they were made."""
    kept = Q(pk__in=())
    for site in Site.objects.all():
        kept |= Q(site=site, created_at__date__gte=today - relativedelta(years=site.keep_years_last))
    return kept
