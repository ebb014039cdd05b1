"""Call script in the patient's language: a few plain sentences with the facts filled in and no result.

The words ask the patient to come or to call; what was seen on the images is the doctor's to tell. Until the patient
has said who they are, only the caller's name and the clinic's neutral name are said, and no word about health.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Template
from types import MappingProxyType
from typing import Final

from clinic.models import User
from desk.languages import language_name
from patients.contact_plan.models import MayAnswer
from patients.contact_validation import format_phone
from patients.models import Patient
from recalls.enums import Assessment, FindingKind, RecallKind, State
from recalls.models import Recall
from recalls.next_state import newest_outcome
from recalls.presenters.moved_exam import is_exam_moved

_EN: Final = {
    "open": "Hello, may I speak with $name? This is $caller from $sender.",
    "check": "To be sure I have the right person: what is your date of birth?",
    "visit": "The doctor has looked at your pictures and would like to take a few more, to see better. "
    "This is common, and most people who are called back do not have cancer. When can you come?",
    "technical": "One of your pictures did not come out clear enough. We would like to take it again. "
    "When can you come?",
    "clinical": "You told us about a change. The doctor would like to take a closer look. When can you come?",
    "doctor": "The doctor would like to see you soon and will talk with you about your pictures. When can you come?",
    "again": "The doctor has looked at your new pictures and needs one more look to answer what is still open. "
    "The doctor can talk with you about it first. When can you come?",
    "interval": "It is time for the pictures that we planned with you. When can you come?",
    "biopsy": "The doctor would like to talk with you and plan the next step. What time is good for you?",
    "other": "I am calling about your care with us. Do you have a minute?",
    "close": "Do you have any question I can pass on to the doctor? You can reach us at $phone.",
    "voicemail": "This is $caller from $sender. Please call me at $phone. Thank you.",
    "voicemail_short": "This is $caller. Please call me at $phone. Thank you.",
    "other_person": "This is $caller. Could you ask $name to call me at $phone? Thank you.",
    "only_patient": "Thank you. I will call again.",
}
_ES: Final = {
    "open": "Hola, ¿puedo hablar con $name? Soy $caller, de $sender.",
    "check": "Para estar seguros de que hablo con la persona correcta: ¿cuál es su fecha de nacimiento?",
    "visit": "Nuestro equipo médico vio sus imágenes y quiere tomar unas más para ver mejor. Esto es común, y la "
    "mayoría de las personas a las que se pide volver no tienen cáncer. ¿Cuándo puede venir?",
    "technical": "Una de sus imágenes no salió clara. Queremos tomarla otra vez. ¿Cuándo puede venir?",
    "clinical": "Usted nos habló de un cambio. Nuestro equipo médico quiere verlo mejor. ¿Cuándo puede venir?",
    "doctor": "Nuestro equipo médico quiere verle pronto y hablará con usted sobre sus imágenes. ¿Cuándo puede venir?",
    "again": "Nuestro equipo médico vio sus imágenes nuevas y necesita mirar una vez más, para aclarar lo que falta. "
    "También puede hablar antes con usted. ¿Cuándo puede venir?",
    "interval": "Ya es hora de las imágenes que planeamos con usted. ¿Cuándo puede venir?",
    "biopsy": "Nuestro equipo médico quiere hablar con usted y planear el próximo paso. ¿Qué hora le queda bien?",
    "other": "Le llamo por su atención con nosotros. ¿Tiene un minuto?",
    "close": "¿Tiene alguna pregunta para nuestro equipo médico? Puede llamarnos al $phone.",
    "voicemail": "Soy $caller, de $sender. Por favor, llámeme al $phone. Gracias.",
    "voicemail_short": "Soy $caller. Por favor, llámeme al $phone. Gracias.",
    "other_person": "Soy $caller. ¿Puede pedirle a $name que me llame al $phone? Gracias.",
    "only_patient": "Gracias. Llamaré otra vez.",
}
# What may be said when the patient, who has given the birth date, asks what was seen; of a 4 or 5 the doctor speaks.
_SEEN_EN: Final = {
    FindingKind.MASS: "There is a spot that we want to see better. Most spots like it are harmless.",
    FindingKind.CALCIFICATIONS: "There are tiny white spots of calcium. They are very common, and most are harmless.",
    FindingKind.ARCHITECTURAL_DISTORTION: "In one place the tissue looks pulled together. More pictures will show why.",
    FindingKind.LYMPH_NODE: "A lymph node looks a little larger. That is common, and we want to see it better.",
    FindingKind.SKIN: "The skin looks a little different in one place, and we want to see it better.",
    FindingKind.NIPPLE: "We want to see the area of the nipple better.",
    FindingKind.DUCT: "A milk duct looks wider, and we want to see it better.",
    FindingKind.DENSITY: "The breast tissue is dense. That is normal, but it makes pictures harder to read.",
    FindingKind.TECHNICAL: "Nothing was seen. One picture did not come out clear enough.",
    FindingKind.SYMPTOM: "It is about the change that you told us of.",
    FindingKind.LUMP: "It is about the lump that you told us of.",
}
_SEEN_ES: Final = {
    FindingKind.MASS: "Hay una mancha que queremos ver mejor. La mayoría de las manchas así son inofensivas.",
    FindingKind.CALCIFICATIONS: "Hay puntitos blancos de calcio. Son muy comunes, y la mayoría son inofensivos.",
    FindingKind.ARCHITECTURAL_DISTORTION: "En un lugar el tejido se ve como encogido. Más imágenes dirán por qué.",
    FindingKind.LYMPH_NODE: "Un ganglio se ve un poco más grande. Eso es común, y queremos verlo mejor.",
    FindingKind.SKIN: "La piel se ve un poco diferente en un lugar, y queremos verla mejor.",
    FindingKind.NIPPLE: "Queremos ver mejor la zona del pezón.",
    FindingKind.DUCT: "Un conducto de la leche se ve más ancho, y queremos verlo mejor.",
    FindingKind.DENSITY: "El tejido del seno es denso. Eso es normal, pero hace más difícil leer las imágenes.",
    FindingKind.TECHNICAL: "No se vio nada. Una imagen no salió clara.",
    FindingKind.SYMPTOM: "Es por el cambio que usted nos contó.",
    FindingKind.LUMP: "Es por el bulto que usted nos contó.",
}
_UNEVEN_EN: Final = "One area looks different from the other side. This is common, and we want to see it better."
_UNEVEN_ES: Final = "Una zona se ve diferente del otro lado. Esto es común, y queremos verla mejor."
_SEEN: Final = {
    "en": (_SEEN_EN, _UNEVEN_EN, "I can pass your question on to the doctor, who will ring you."),
    "es": (_SEEN_ES, _UNEVEN_ES, "Puedo pasar su pregunta a nuestro equipo médico, que le llamará."),
}
_UNEVEN_KINDS: Final = frozenset(
    {
        FindingKind.ASYMMETRY, FindingKind.FOCAL_ASYMMETRY, FindingKind.GLOBAL_ASYMMETRY,
        FindingKind.DEVELOPING_ASYMMETRY,
    }
)  # fmt: skip
CALL_SCRIPTS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType({"en": _EN, "es": _ES})


@dataclass(frozen=True, slots=True)
class CallScript:
    """The sentences in the order of a call. `voicemail` is empty when none may be left."""

    language: str
    # The patient's language in the words of the page where no script is written in it: say it through an interpreter.
    interpreter_language: str
    lines: tuple[str, ...]
    voicemail: str
    other_person: str
    # What may be answered to "What did you see?"; of a result of 4 or 5 only that the doctor will ring.
    if_asked: tuple[str, ...]


def build_call_script(recall: Recall, caller: User) -> CallScript:
    """No query where the outcomes are prefetched."""
    patient, site = recall.patient, recall.site
    language = patient.language.partition("-")[0]
    words = CALL_SCRIPTS.get(language, _EN)
    facts = {
        "name": patient.first_name,
        "caller": caller.get_short_name() or caller.get_full_name() or caller.get_username(),
        "sender": site.sender_name,
        "phone": format_phone(site.phone, site.country),
    }

    def said(name: str) -> str:
        return Template(words[name]).substitute(facts)

    messages = {Patient.Voicemail.YES: "voicemail", Patient.Voicemail.ASK: "voicemail_short"}
    message = messages.get(Patient.Voicemail(patient.voicemail))
    return CallScript(
        language=language if words is not _EN else "en",
        interpreter_language="" if language in CALL_SCRIPTS else language_name(patient.language),
        lines=tuple(said(name) for name in ("open", "check", _reason_key(recall), "close")),
        voicemail=said(message) if message else "",
        other_person=said("only_patient" if _is_only_for_patient(patient) else "other_person"),
        if_asked=_answers_about_findings(recall, language if language in _SEEN else "en"),
    )


def _is_only_for_patient(patient: Patient) -> bool:
    """The patient asked that nobody else takes a message."""
    plan = getattr(patient, "contact_plan", None)
    return plan is not None and plan.may_answer == MayAnswer.ONLY_ME


def _answers_about_findings(recall: Recall, language: str) -> tuple[str, ...]:
    """A plain sentence for each finding of the screening, then the offer to pass the question on."""
    seen, uneven, pass_on = _SEEN[language]
    if recall.suspicious or recall.state != State.TO_CONTACT or recall.outcomes.all() or is_exam_moved(recall):
        return (pass_on,)
    kinds = [FindingKind(finding.kind) for finding in recall.exam.findings.all()]
    sentences = [uneven if kind in _UNEVEN_KINDS else seen.get(kind, "") for kind in kinds]
    return (*dict.fromkeys(filter(None, sentences)), pass_on)


def _reason_key(recall: Recall) -> str:
    """Why we ring, as much of it as may be said on the phone."""
    if recall.state == State.BIOPSY_TO_BOOK:
        # No talk with the doctor is on record: the caller must not be the one who breaks the news.
        return "biopsy"
    if recall.state != State.TO_CONTACT:
        return "other"
    if recall.suspicious:
        return "doctor"
    if _needs_another_look(recall):
        return "again"
    if recall.round:
        return "interval"
    kinds = {
        RecallKind.TECHNICAL: "technical",
        RecallKind.CLINICAL: "clinical",
        RecallKind.SUPPLEMENTAL: "doctor",
        RecallKind.INCIDENTAL: "doctor",
    }
    return kinds.get(RecallKind(recall.kind), "visit")


def _needs_another_look(recall: Recall) -> bool:
    """After a visit that left the question open, nothing comforts as before the first one."""
    outcome = newest_outcome(recall)
    return outcome is not None and outcome.assessment == Assessment.NEED_IMAGING
