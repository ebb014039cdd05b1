"""Fixed phrases of each language and invented values that fill its texts.

The values of a text message are about the longest that the guide allows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class LanguagePhrases:
    """Sayings that tests look for, and sample values by where they are used."""

    greeting: str
    stop_emails: str
    stop_texts: str
    subjects: tuple[str, str]
    feelings_sentence: str
    first_or_later: str
    called_back: str
    per_hundred: str
    always_values: Mapping[str, str]
    appointment_values: Mapping[str, str]
    follow_up_values: Mapping[str, str]
    patient_page_values: Mapping[str, str]
    sms_values: Mapping[str, str]
    written_results_line: str
    silence_line: str
    series: Mapping[str, str]
    lay_summary: Mapping[str, str]
    referrer: Mapping[str, str]


CLINIC: Final = {
    "clinic_name": "Sample Imaging",
    "clinic_phone": "412-555-0100",
    "clinic_address": "100 Sample Street, Pittsburgh",
}
FACILITY: Final = {
    "facility_name": "Sample Valley Breast Imaging Center, Inc.",
    "facility_address": "100 Sample Street, Pittsburgh, PA 15222",
}
TEXT_MESSAGE: Final = {
    "clinic_name": "Sample Valley Imaging Center",
    "clinic_phone": "(412) 555-0100",
}

ENGLISH: Final = LanguagePhrases(
    greeting="Hello $first_name,",
    stop_emails="Reply or call to stop emails. We will call or write instead.",
    stop_texts="Reply STOP to end texts.",
    subjects=("A message from $clinic_name", "Your appointment at $clinic_name"),
    feelings_sentence="It is normal to ",
    first_or_later="after a first mammogram or a later one",
    called_back=r"about (\d+) are called back",
    per_hundred=r"\b(of|in) 100\b",
    always_values=CLINIC
    | {
        "first_name": "Testa",
        "clinic_hours": "Monday to Friday, 8 am to 5 pm",
        "signer": "Ana Sample",
        "language_line": "We have interpreters. They are free.",
    },
    appointment_values={
        "visit_day": "Thursday, November 26, 2026",
        "visit_time": "9:00 am",
        "visit_place": "Sample Imaging, 100 Sample Street",
        "visit_length": "about an hour",
    },
    follow_up_values={"follow_up_month": "June 2027", "follow_up_by": "June 30, 2027"},
    patient_page_values={
        "my_page": "On your own page you can see what comes next. You open it with your birth date.\n\n"
        "[Open my page](https://recall.example.org/my/sample/)"
    },
    sms_values=TEXT_MESSAGE
    | {"visit_day_short": "Wed, Nov 25", "visit_time": "10:30 am", "follow_up_month": "September 2027"}
    | {"times": "4 for Thu Nov 12 10:30am, 5 for Fri Nov 13 11:30am, 6 for Wed Nov 18 12:30pm", "code": "123456"}
    | {"change_line": "Reply MOVE, CAN'T COME or call"}
    | {"cancel_reasons": "11 fear, 12 cost, 13 ride, 14 work, 15 care for someone, 16 other"},
    written_results_line="You will also get your results in writing.",
    series={
        "confirm_series": "[Yes, send me the emails](https://recall.example.org/texts/confirm/sample/)",
        "stop_series": "You can stop these emails at any time. Our messages about your own visits go on.\n\n"
        "[Stop these emails](https://recall.example.org/texts/stop/sample/)",
    },
    silence_line="We hold it for you until Tuesday, November 24, 2026. After that we may give it to somebody else, "
    "and we call you.",
    lay_summary=FACILITY
    | {
        "patient_name": "Testa Sample-Oak",
        "exam_day": "November 20, 2026",
        "report_line": "You did not give us the name of a doctor. So we send the full report to you, too.",
        "replaces_line": "We wrote to you about these pictures before. We have looked at them again. This letter takes "
        "the place of the earlier one.",
        "state_notice": "Your state has words of its own about this. They stand in the next block.",
    },
    referrer=CLINIC | {"referrer_name": "Testa Example-Referrer, MD"},
)
SPANISH: Final = LanguagePhrases(
    greeting="Hola, $first_name:",
    stop_emails="Responda o llame para no recibir más correos. En su lugar, le llamaremos o le mandaremos una carta.",
    stop_texts="Responda ALTO para no recibir textos.",
    subjects=("Un mensaje de $clinic_name", "Su cita en $clinic_name"),
    feelings_sentence="Es normal sentir",
    first_or_later="tras una primera mamografía o una posterior",
    called_back=r"a unas (\d+) se les pide volver",
    per_hundred=r"\bde cada 100\b",
    always_values=CLINIC
    | {
        "first_name": "Testa",
        "clinic_hours": "de lunes a viernes, de 8 am a 5 pm",
        "signer": "Ana Sample",
        "language_line": "Tenemos intérpretes. Son gratis.",
    },
    appointment_values={
        "visit_day": "jueves, 26 de noviembre de 2026",
        "visit_time": "9:00 am",
        "visit_place": "Sample Imaging, 100 Sample Street",
        "visit_length": "cerca de una hora",
    },
    follow_up_values={"follow_up_month": "junio de 2027", "follow_up_by": "30 de junio de 2027"},
    patient_page_values={
        "my_page": "En su propia página puede ver lo que sigue. La abre con su fecha de nacimiento.\n\n"
        "[Abrir mi página](https://recall.example.org/my/sample/)"
    },
    sms_values=TEXT_MESSAGE
    | {"visit_day_short": "mié, 25 nov", "visit_time": "10:30 am", "follow_up_month": "septiembre 2027"}
    | {"times": "4=jue 12 nov 10:30am, 5=vie 13 nov 11:30am, 6=mié 18 nov 12:30pm", "code": "123456"}
    | {"change_line": "Responda CAMBIAR, NO PUEDO o llame al"}
    | {"cancel_reasons": "11 miedo, 12 costo, 13 viaje, 14 trabajo, 15 cuidar, 16 otra"},
    written_results_line="También va a recibir sus resultados por escrito.",
    series={
        "confirm_series": "[Sí, mándenme los correos](https://recall.example.org/texts/confirm/sample/)",
        "stop_series": "Puede parar estos textos cuando quiera. Nuestros mensajes sobre sus propias citas siguen.\n\n"
        "[Parar estos correos](https://recall.example.org/texts/stop/sample/)",
    },
    silence_line="Se la guardamos hasta el martes, 24 de noviembre de 2026. Después podemos darla a otra persona, y le "
    "llamamos.",
    lay_summary=FACILITY
    | {
        "patient_name": "Testa Sample-Oak",
        "exam_day": "20 de noviembre de 2026",
        "report_line": "Usted no nos dio el nombre de un médico. Por eso le mandamos también a usted el informe "
        "completo.",
        "replaces_line": "Ya le escribimos sobre estas imágenes. Las miramos otra vez. Esta carta reemplaza a la "
        "anterior.",
        "state_notice": "Su estado tiene sus propias palabras sobre esto. Están en el bloque que sigue.",
    },
    referrer=CLINIC | {"referrer_name": "Testa Example-Referrer, MD"},
)
LANGUAGES: Final[Mapping[str, LanguagePhrases]] = {"en": ENGLISH, "es": SPANISH}
