"""The words of mammography reports that decide whether a number is an assessment, in English and Spanish.

All words are folded: lower case, without accents.
"""

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# "BI-RADS" as it is typed, dictated and mistyped.
ANCHOR = (
    r"(?<![a-z])(?:acr[\s-]{0,2})?(?:"
    r"b\.?[\s-]?i\.?[\s\-_./]{0,3}r\.?\s?a\.?\s?d\.?\s?s?(?![a-z])\.?"
    r"|(?:bi|by|buy|bye|b1|bl)[\s\-_./]{0,3}(?:rads|rad's|rats|raids|radds|radss|rades|radz)(?![a-z])"
    r"|bi[\s\-_./]{1,3}(?:rds|rdas|ards|tads)(?![a-z])"
    r"|briads|birdas|bidars|birasd|biradas|biards"
    r")(?:\((?:r|tm)\))?"
)
OTHER_SYSTEM = (
    r"(?<![a-z])(?:lung|pi|ti|li|o|c|cad|hi|ni|vi|co|mi|st|ri|ge|pr|us|ceus|ovarian|prostate|thyroid|liver|colon|node)"
    r"[\s\-_]{0,3}rads?(?![a-z])"
)

SIDES: dict[str, str] = {
    **dict.fromkeys(("right", "rt", "derecha", "derecho"), "right"),
    **dict.fromkeys(("left", "lt", "izquierda", "izquierdo"), "left"),
    **dict.fromkeys(("bilateral", "bilaterally", "both", "ambas", "ambos", "bilaterales"), "both"),
}
SIDE_LETTERS = {"R": "right", "L": "left"}
BREAST_WORDS = _words("breast breasts mama mamas mammogram mammography mamografia side")

_ENGLISH = ("zero", "one", "two", "three", "four", "five", "six")
_SPANISH = ("cero", "uno", "dos", "tres", "cuatro", "cinco", "seis")
NUMBER_WORDS = {word: str(number) for spoken in (_ENGLISH, _SPANISH) for number, word in enumerate(spoken)}
ROMAN = {"I": "1", "II": "2", "III": "3", "IV": "4", "V": "5", "VI": "6"}
UNITS = _words(
    "mm cm mg ml month months mo mos week weeks year years yr yrs day days view views o'clock oclock x percent "
    "hour hours d "
    "edition ed th mes meses ano anos dia dias am pm"
)

# Between "BI-RADS" and its value.
GAP = _words(
    "category cat code score assessment final overall class classification rating rated is of for the this exam "
    "study level "
    "grade number no impression result results assigned as acr value equals combined in breast breasts mammogram "
    "mammographic "
    "mammography categoria clasificacion es de del la el mama mamas numero grado evaluacion examination be usg us mg"
)
# Words that begin a category without "BI-RADS".
WEAK = _words("category cat assessment categoria")
WEAK_FIRM = _words("final overall acr mqsa assessment evaluacion")

# The wordings of the categories; allowed directly behind a value and around it.
DESCRIPTORS = _words(
    "negative normal benign probably probable likely suspicious suspicion highly suggestive malignancy malignant "
    "cancer carcinoma "
    "known biopsy proven incomplete finding findings abnormality low moderate intermediate high "
    "need needs additional further imaging evaluation required prior mammograms comparison "
    "appearing changes negativo negativa normal benigno benigna benignos benignas hallazgo hallazgos probablemente "
    "sospechoso sospechosa sospechosos altamente sugestivo sugestiva malignidad incompleto incompleta conocida maligno"
)
# Directly behind a value: "BI-RADS 2 benign"; but "the BI-RADS 3 finding is stable" is of a finding.
FIRST_AFTER = _words(
    "negative normal benign probably probable suspicious low moderate intermediate high highly known "
    "incomplete need needs "
    "additional category assessment overall bilaterally today recommendation recommend recommended breast breasts "
    "negativo negativa benigno benigna benignos probablemente sospechoso sospechosa altamente incompleto "
    "conocida mama mamas"
)
AFTER = DESCRIPTORS | _words(
    "category assessment overall bilaterally today recommendation recommend recommended breast breasts"
)
# Words that may stand before the anchor in its own clause without making the statement doubtful.
BEFORE = (
    (DESCRIPTORS - _words("known prior comparison"))
    | GAP
    | BREAST_WORDS
    | frozenset(SIDES)
    | _words(
        "impression conclusion opinion summary diagnosis a an are these with and at on to from consistent "
        "compatible given "
        "we have has new stable unchanged screening diagnostic digital tomosynthesis ultrasound sonographic mri "
        "mass masses calcification calcifications microcalcifications asymmetry asymmetries distortion architectural "
        "lesion nodule nodules cyst cysts node nodes lymph focal developing global grouped group cluster "
        "clustered pleomorphic "
        "amorphous linear branching irregular spiculated circumscribed oval round simple complicated solid indistinct "
        "fibroadenoma lipoma scattered typical typically vascular postsurgical surgical scar implant implants "
        "upper outer inner lower quadrant central retroareolar subareolar axillary axilla tail region posterior "
        "anterior middle "
        "depth nipple o'clock mm cm size measuring evidence no mammographic radiographic sonographically "
        "mammographically "
        "us usg mammo sono sonogram imaging without area areas there present noted seen identified code en una "
        "un con masa calcificaciones nodulo quiste "
        "impresion diagnostica conclusion se observa observan asigna clasifica signos mamografico mamograficos "
        "por lo tanto sin estudio "
        "su american college radiology this that it exam examination therefore thus hence"
    )
)
# A finding is meant, not the exam: "BI-RADS 4 lesions", "two BI-RADS 3 nodules".
FINDING_NOUNS = _words(
    "mass masses lesion lesions nodule nodules calcification calcifications finding's asymmetry asymmetries cyst "
    "cysts "
    "patients patient cases case women exams studies categories category-based follow followup followups "
    "protocol callback "
    "callbacks recall assessments densities density tissue parenchyma lymph area areas abnormalities mammogram "
    "mammograms "
    "lesiones nodulos masas pacientes microcalcifications distortion biopsy biopsies group cluster"
)
COUNTS = _words(
    "two three four five six several multiple many few all each any both these those dos tres varios varias"
)

DENSITY = _words(
    "density densities dense composition tissue parenchyma parenchymal fibroglandular densidad composicion type tipo"
)
DENSITY_IN_SENTENCE = re.compile(
    r"\b(?:dens\w+|composition|parenchym\w*|fibroglandular|fat|fatty|bpe|enhancement|densidad|composicion)\b"
)
EXPLAINED_BARE = DENSITY | _words(
    "atlas edition lexicon terminology system standard standards reporting descriptor descriptors criteria "
    "guidelines guideline "
    "guide th 5th 4th fifth fourth sixth v2025 2013 2025 2003 manual fatty a b c d"
)
LEGEND = re.compile(
    r"\b(?:legend|lexicon|atlas|edition|means|meaning|denotes?|refers?|defined|definitions?|scale|examples?|glossary|"
    r"stands for|"
    r"explanation|categories|categorias|leyenda|significa|key:|sample|severity|criteria)\b"
)
# Directly before the anchor, with only HISTORY_BRIDGE words between: an earlier exam is told.
HISTORY = _words(
    "prior previous previously last old older earlier former formerly history hx historical outside preceding "
    "priors past "
    "yesterday previo previa previos anterior anteriores antes antecedente antecedentes"
)
HISTORY_BRIDGE = GAP | _words(
    "was were had a an rated reported called given dated from on at read report categorized classified classed "
    "labeled labelled "
    "screening diagnostic ultrasound mri right left described graded designated final known to with and year s "
    "fue era con"
)
HISTORY_BEHIND = re.compile(
    r"^[^\S\n]*[,(]?[^\S\n]*(?:(?:in|on|from|of|en|de|dated)\s+)*(?:(?:the|el|la|their)\s+)?"
    r"(?:(?:19|20)\d\d\b|\d{1,2}/\d|prior|previous|previously|last|earlier|january|february|march|april|may|june|"
    r"july|august|"
    r"september|october|november|december|outside|\w+ (?:months?|years?|weeks?) (?:ago|prior)|previo|anterior|hace)"
)
HISTORY_ON_NEXT_LINE = re.compile(
    r"^\s*(?:in|on|from|of|dated)\s+(?:the\s+)?(?:(?:19|20)\d\d\b|prior|previous|last|earlier)"
)
# Behind a value these lead to the breast it is said of, or to the exam.
LINKS = _words("for in on of en")
LINKED = _words("breast breasts exam examination study") | frozenset(SIDES)
# Anywhere in the sentence, whose mention is written as "¤", these make the statement doubtful.
DOUBTFUL = re.compile(
    r"\b(?:prior|previous|previously|last|former|formerly|history|hx|ago|outside|was|were|had|been|upgrad\w*|"
    r"downgrad\w*|"
    r"chang(?:ed|ing)|revis\w*|correct(?:ed|ion)|amend\w*|instead|rather|error\w*|erroneous\w*|mistak\w*|typo|"
    r"if|unless|would|could|might|pending|possible|possibly|versus|vs|cannot|exclude|excluding|rule out|r/o|"
    r"denies|reportedly|told|"
    r"mother|sister|daughter|father|family|aunt|preliminary|provisional|tentative|tentatively|draft|resident|"
    r"hypothetical\w*|"
    r"increased|decreased|equivocal|between|previo|previa|anterior|fue|era|antecedente\w*|si|podria|"
    r"per patient|other hospital|computer|cad|artificial|ai|software|algorithm|borderline|"
    r"i think|i believe|i mean|make that|(?:scratch|strike) that|capital|negative for|presum\w*|favou?r(?:s|ed)?|"
    r"lung|lungs|liver|hepatic|pulmonary|thyroid|prostate|renal|kidney|ovarian|adnexal|subcategory|subtype|"
    r"question|questionable|disagree\w*|discrepan\w*|discordan\w*|voided|void|retract\w*|withdrawn|delete\w*|"
    r"ignore|disregard)\b"
    r"|\b(?:letter|auto\w*|default|template|placeholder|macro|interval since)\b|"
    r"[<>\u2265\u2264~\u2192\u00b1\u2248+]|-like\b|-type\b"
    r"|\b(?:suggest\w*|worrisome|concerning)\W+(?:of|for)?\W*\u00a4|\be\.?g\b|\bi\.?e\b"
    r"|(?:table|figure|fig)\.? ?\d*\W*\u00a4|\bn ?= ?\d|\u00a4\W*\d+(?:\.\d+)?\s*(?:%|cases|patients|exams|"
    r"women|percent)"
    r"|\b(?:likely|probably|probable|screening|probablemente)\W*\u00a4"
    r"|\b(?:exam\w*|study|part)\W*\d of [2-9]|\.(?:pdf|docx?|txt)\b"
    r"|\?|\b(?:19|20)\d\d\b|\b\d{1,2}/\d{1,2}/\d{2,4}\b"
)
# Wordings that hold such a word and are the plain text of a category.
PLAIN_WORDINGS = re.compile(
    r"need(?:s|ed)?(?: for)? prior mammo\w*(?: for comparison)?|(?:awaiting|obtain) prior (?:mammo\w*|images|studies)"
    r"|(?:no|without)(?: significant| suspicious| interval| mammographic)* change\w*(?: (?:from|"
    r"since) (?:the )?prior\w*"
    r"(?: (?:exams?|stud(?:y|ies)|mammo\w*))?)?"
    r"|(?:and|or|and/or) prior mammo\w*(?: for comparison)?|(?:should|could|may) be considered|may be needed|"
    r"prior images needed|need prior (?:images|studies|exams?)"
)
NEGATION = re.compile(r"\b(?:no|not|without|nor|never|non|denies|sin|ni|neither|isn't|lacks?)\b")
# Negative findings are no negation of the category that follows.
NEGATIVE_FINDING = re.compile(
    r"\b(?:no|without|sin|not?)(?: (?:se|observan?|mammographic|sonographic|radiographic|specific|suspicious|"
    r"significant|dominant|"
    r"definite|evidence|signs?|of|for|malignancy|findings?|abnormalit\w+|change|interval|new|masses|mass|or|and|"
    r"calcifications?|"
    r"microcalcifications?|architectural|distortions?|features|signos|evidencia|de|malignidad|hallazgos|"
    r"sospechosos|mamografica|"
    r"mamograficos?|mri))+"
)
SUSPICIOUS_WORDS = re.compile(
    r"\b(?:suspicious|highly suggestive|biopsy (?:is |was )?(?:strongly )?(?:recommended|advised|suggested|indicated)|"
    r"recommend(?:ed|s)?(?: \w+){0,4} biopsy|sospechos[oa]s?|se recomienda biopsia|incomplete)\b"
)
KIND_APART = re.compile(r"\bsub-?(?: ?categor\w*|type|class)\b")
# A clause with a finding and one breast, before the category: "left breast mass, BI-RADS 4".
FINDING = re.compile(
    r"\b(?:mass(?:es)?|calcifications?|microcalcifications|asymmetry|distortion|nodules?|cysts?|lesions?|"
    r"fibroadenomas?|lymph nodes?|"
    r"masa|calcificaciones|nodulo|quiste)\b"
)
NOT_A_FINDING = re.compile(
    r"\b(?:no|not|without|unremarkable|negative|normal|resolved|absent|removed|gone|excised|sin|stable|unchanged)\b"
)
SIDE_HEADING = re.compile(
    r"(?:^|(?<=[\n.]))[^\S\n]*(?P<side>right|left|rt|lt|mama derecha|mama izquierda)(?: breast)?[^\S\n]*(?::|(?=\n))"
)
# The other breast is gone: nothing is read of it.
MASTECTOMY = re.compile(r"mastectom\w+")
UK_CODE = re.compile(r"(?<![a-z0-9])[mu] ?[1-5](?:[ab])?(?![a-z0-9])")
# Of the same system; but "L2 R4" are the breasts.
UK_RADIOLOGY_CODE = re.compile(r"(?<![a-z0-9])r[1-5](?:[ab])?(?![a-z0-9])")
LEFT_CODE = re.compile(r"(?<![a-z0-9])l[0-6](?![0-9])")
ADDENDUM = re.compile(r"(?<![a-z])(?:addend(?:um|a)|adenda|adendum|addemdum)\b[^\n:]{0,60}[:\n]?")
CHANGE = re.compile(r"\b(?:chang|correct|revis|amend|upgrad|downgrad|corrig|modific)\w*|\b(?:error|should|instead)\b")
ORIGINAL_REPORT = re.compile(r"\b(?:original report|end of addendum|original interpretation|informe original)\b")
ADDENDUM_MATTERS = re.compile(
    r"\b(?:benign|negative|suspicious|biopsy|malignan\w*|categor\w*|assess\w*|chang\w*|correct\w*|revis\w*|error|"
    r"lateral\w*|left|"
    r"right|recommend\w*|upgrad\w*|downgrad\w*|amend\w*|recall\w*|imaging|compar\w*|finding\w*|impression)\b"
)

_HISTORY_HEADING = (
    r"(?:clinical |patient |relevant |breast )?(?:history|hx|indications?|information|data)|comparisons?|techniques?|"
    r"(?:prior|previous)(?: \w+){0,2}|reason for (?:the )?(?:exam|study|visit|examination)|"
    r"exam(?:ination)?(?: type)?|stud(?:y|ies)|"
    r"symptoms|legend|key|reference|disclaimer|note to patient|antecedentes|indicacion(?:es)?|comparacion|tecnica|"
    r"motivo|estudio|"
    r"estudios? previos?|datos clinicos"
)
_FINDINGS_HEADING = (
    r"(?:mammograph(?:y|ic) |ultrasound |us |mri )?findings?|hallazgos|report|description|narrative|body"
)
_IMPRESSION_HEADING = (
    r"(?:final )?impressions?|conclusions?|(?:final |overall |current )?assessments?|opinion|summary|"
    r"impresion(?: diagnostica)?|conclusion|"
    r"diagnosis|diagnostico|recommendations?|recomendacion(?:es)?|management|addendum"
)
HEADING = re.compile(
    rf"(?:^|(?<=[\n.]))[^\S\n]*(?:(?P<history>{_HISTORY_HEADING})|(?P<findings>{_FINDINGS_HEADING})"
    rf"|(?P<impression>{_IMPRESSION_HEADING}))[^\S\n]*(?::|(?=\n)|-[^\S\n])"
)
LEGEND_ENTRY = re.compile(
    rf"(?:{ANCHOR}\s*)?(?:cat(?:egory)?\.?\s*)?(?<![\w.])(?P<main>[0-6])(?P<letter>[abc])?\s*[=:\-).(|]+\s*"
    r"(?:incomplete|negative|benign|probabl|suspicious|highly|known|low|moderate|intermediate|high|need|"
    r"additional|normal|"
    r"assessment|incompleto|negativo|benigno|sospechos|altamente|malign)"
)
