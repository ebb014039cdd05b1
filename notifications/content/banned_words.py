"""Patterns of words that texts must not hold, by language: private details, frightening, gendered or blaming words."""

import re
from collections.abc import Mapping
from typing import Final

FLAGS: Final = re.VERBOSE | re.IGNORECASE

_DETAIL_EN: Final = r"""
    breasts? | mammogra\w* | cancer\w* | tumou?rs? | malignan\w* | benign | biops\w* | dens\w+ | calcif\w* | calcium
  | mass(es)? | lumps? | nodules? | cysts? | asymmetr\w* | distort\w* | nipples? | ducts? | lymph\w* | nodes? | skin
  | left | right | bi-?rads | categor\w+ | patholog\w* | tissue | needles? | ultrasound | mri | x-?rays?
  | tomosynthesis | symptoms? | findings? | armpits? | bras? | abnormal\w* | suspicious\w* | screening
  | technolog\w+ | radiolog\w+ | implants?
"""
_DETAIL_ES: Final = r"""
    senos? | mamas? | mamari\w* | mamogra\w* | pechos? | c[áa]ncer\w* | tumor\w* | malign\w* | benign\w* | biopsi\w*
  | dens\w+ | calcif\w* | calcio | masas? | bultos? | bolitas? | puntitos? | n[óo]dulos? | quistes? | asimetr\w*
  | distorsi\w* | pez[óo]n\w* | conductos? | linf\w* | ganglios? | piel | izquierd\w* | derech\w* | bi-?rads
  | categor\w+ | patol\w+ | tejidos? | agujas? | ultrasonidos? | sonogra\w* | ecogra\w* | resonancias?
  | rayos[ ]x | radiogra\w* | tomos\w* | s[íi]ntomas? | hallazgos? | axilas? | sost[ée]n\w* | brasier\w*
  | anormal\w* | anomal\w* | sospech\w* | detecci[óo]n | tamiza\w* | cribado | radiol\w+ | radi[óo]log\w+ | implantes?
"""
_HEALTH_EN: Final = r"health|results?|pictures?|scans?|tests?|call(ed)?[ ]back|recall\w*|medical|doctor|patient"
_HEALTH_ES: Final = (
    r"salud|resultados?|im[áa]gen(es)?|estudios?|pruebas?|ex[áa]men(es)?|an[áa]lisis|m[ée]dic\w*|doctor\w*|pacientes?"
)

CLINICAL_DETAIL: Final[Mapping[str, re.Pattern[str]]] = {
    "en": re.compile(rf"\b({_DETAIL_EN})\b", FLAGS),
    "es": re.compile(rf"\b({_DETAIL_ES})\b", FLAGS),
}
"""Forbidden in a message that anyone might see."""

HEALTH_RELATED: Final[Mapping[str, re.Pattern[str]]] = {
    "en": re.compile(rf"\b({_DETAIL_EN}|{_HEALTH_EN})\b", FLAGS),
    "es": re.compile(rf"\b({_DETAIL_ES}|{_HEALTH_ES})\b", FLAGS),
}
"""Forbidden in a subject or a text message, which a locked phone shows."""

FINDING_DETAIL: Final[Mapping[str, re.Pattern[str]]] = {
    "en": re.compile(
        r"\b(calcif\w*|mass(es)?|lumps?|nodules?|asymmetr\w*|distort\w*|nipples?|ducts?|lymph\w*|left|right"
        r"|bi-?rads|categor\w+)\b",
        re.IGNORECASE,
    ),
    "es": re.compile(
        r"\b(calcif\w*|masas?|bultos?|n[óo]dulos?|asimetr\w*|distorsi\w*|pez[óo]n\w*|conductos?|linf\w*|ganglios?"
        r"|izquierd\w*|derech\w*|bi-?rads|categor\w+)\b",
        re.IGNORECASE,
    ),
}
"""Forbidden in a letter, unless the patient agreed to detail in writing."""

REASSURANCE: Final[Mapping[str, re.Pattern[str]]] = {
    "en": re.compile(r"\b(fine|good news|most people|no visit|harmless|all is well)\b", re.IGNORECASE),
    "es": re.compile(
        r"\b(buenas noticias|casi todas|la mayor[íi]a de las personas|est[áa]n? bien|inofensiv\w+)\b", re.IGNORECASE
    ),
}
"""Reassurance that may be false: forbidden in a message that may come before bad news."""

_FRIGHTENING_EN: Final = (
    r"abnormal\w*|suspicious\w*|suspicion|urgent\w*|alarming|worrisome|malignan\w*|BI-?RADS|positive|negative"
)
_GENDERED_EN: Final = (
    r"she|her|hers|herself|he|him|his|himself|wom[ae]n|m[ae]n|lad(y|ies)|ladies|mrs|mr|ms|miss|gentlem[ae]n"
)
_BLAMING_EN: Final = (
    r"fail(ed|ure)?|no-show|non-?complian\w*|refus\w*|you must|you should have|you forgot|you missed|neglect\w*"
)
_FRIGHTENING_ES: Final = (
    r"anormal\w*|anomal\w*|sospech\w*|urgen\w*|alarm\w*|preocupante\w*|malign\w*|BI-?RADS|positiv\w*|negativ\w*"
    r"|grave\w*"
)
_GENDERED_ES: Final = (
    r"ella|ellas|se[ñn]or(a|es|as|ita)?|sra?|mujer(es)?|hombres?|damas?|caballeros?"
    r"|(bienvenid|estimad|querid|preocupad|nervios|invitad|acompañad|cansad|asustad|embarazad|sentad|acostad)[oa]s?"
)
_BLAMING_ES: Final = (
    r"falt[óo] a|no se present[óo]|incumpl\w*|neglig\w*|rechaz\w*|usted debe|debe(r[íi]a)?|tiene la obligaci[óo]n"
    r"|olvid[óo]|debi[óo]|por su culpa|se neg[óo]"
)
INSENSITIVE: Final[Mapping[str, re.Pattern[str]]] = {
    "en": re.compile(rf"\b({_FRIGHTENING_EN}|{_GENDERED_EN}|{_BLAMING_EN})\b|!|\u2014", re.IGNORECASE),
    "es": re.compile(rf"\b({_FRIGHTENING_ES}|{_GENDERED_ES}|{_BLAMING_ES})\b|[!¡]|\u2014", re.IGNORECASE),
}
"""Forbidden in any text: words that frighten, guess a gender or blame."""
