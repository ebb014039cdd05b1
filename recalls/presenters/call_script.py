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
from patients.contact_validation import format_phone
from patients.models import Patient
from recalls.enums import RecallKind, State
from recalls.models import Recall
from recalls.presenters.queue_rows import language_name

_EN: Final = {
    "open": "Hello, may I speak with $name? This is $caller from $sender.",
    "check": "To be sure I have the right person: what is your date of birth?",
    "visit": "The doctor has looked at your pictures and would like to take a few more, to see better. "
    "This is common, and most people who are called back do not have cancer. When can you come?",
    "technical": "One of your pictures did not come out clear enough. We would like to take it again. "
    "When can you come?",
    "clinical": "You told us about a change. The doctor would like to take a closer look. When can you come?",
    "doctor": "The doctor would like to see you soon and will talk with you about your pictures. When can you come?",
    "interval": "It is time for the pictures that we planned with you. When can you come?",
    "biopsy": "The doctor would like to talk with you and plan the next step. What time is good for you?",
    "other": "I am calling about your care with us. Do you have a minute?",
    "close": "Do you have any question I can pass on to the doctor? You can reach us at $phone.",
    "voicemail": "This is $caller from $sender. Please call me at $phone. Thank you.",
    "voicemail_short": "This is $caller. Please call me at $phone. Thank you.",
    "other_person": "This is $caller. Could you ask $name to call me at $phone? Thank you.",
}
_ES: Final = {
    "open": "Hola, ¿puedo hablar con $name? Soy $caller, de $sender.",
    "check": "Para estar seguros de que hablo con la persona correcta: ¿cuál es su fecha de nacimiento?",
    "visit": "El médico vio sus imágenes y quiere tomar unas más para ver mejor. Esto es común, y la mayoría de las "
    "personas a las que volvemos a llamar no tienen cáncer. ¿Cuándo puede venir?",
    "technical": "Una de sus imágenes no salió clara. Queremos tomarla otra vez. ¿Cuándo puede venir?",
    "clinical": "Usted nos habló de un cambio. El médico quiere verlo mejor. ¿Cuándo puede venir?",
    "doctor": "El médico quiere verle pronto y hablará con usted sobre sus imágenes. ¿Cuándo puede venir?",
    "interval": "Ya es hora de las imágenes que planeamos con usted. ¿Cuándo puede venir?",
    "biopsy": "El médico quiere hablar con usted y planear el próximo paso. ¿Qué hora le queda bien?",
    "other": "Le llamo por su atención con nosotros. ¿Tiene un minuto?",
    "close": "¿Tiene alguna pregunta para el médico? Puede llamarnos al $phone.",
    "voicemail": "Soy $caller, de $sender. Por favor, llámeme al $phone. Gracias.",
    "voicemail_short": "Soy $caller. Por favor, llámeme al $phone. Gracias.",
    "other_person": "Soy $caller. ¿Puede pedirle a $name que me llame al $phone? Gracias.",
}
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


def build_call_script(recall: Recall, caller: User) -> CallScript:
    """No query."""
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
        other_person=said("other_person"),
    )


def _reason_key(recall: Recall) -> str:
    """Why we ring, as much of it as may be said on the phone."""
    if recall.state == State.BIOPSY_TO_BOOK:
        # No talk with the doctor is on record: the caller must not be the one who breaks the news.
        return "biopsy"
    if recall.state != State.TO_CONTACT:
        return "other"
    if recall.round:
        return "interval"
    if recall.suspicious:
        return "doctor"
    kinds = {RecallKind.TECHNICAL: "technical", RecallKind.CLINICAL: "clinical"}
    return kinds.get(RecallKind(recall.kind), "visit")
