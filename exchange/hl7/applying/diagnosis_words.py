"""Reads what the tissue of a specimen showed from the words of its diagnosis; None where they leave a doubt."""

import re

from recalls.enums.lesions import CLASS_BY_HISTOLOGY, Histology, PathologyClass

# What is denied in a clause is not there.
_DENIED = re.compile(
    r"\b(?:no(?: evidence of| definite)?|negative for|without|free of|not identified|absent|excluded?)\b[^.;\n]*",
    re.IGNORECASE,
)
_DENIED_BEFORE = re.compile(r"[^.;,\n]*\b(?:not (?:seen|identified|present)|is absent|are absent)\b", re.IGNORECASE)
_DOUBTFUL = re.compile(
    r"suspicious|cannot (?:be )?exclude|at least|favou?r|possible|possibly|probable|suggestive|versus|\bvs\b|borderline"
    r"|pending|defer|history of|previous|prior|consult|see comment|differential|\?",
    re.IGNORECASE,
)
# From the worst down; the words of a worse one are taken out before the next is looked for.
_HISTOLOGIES: tuple[tuple[Histology, str], ...] = (
    (Histology.INVASIVE_LOBULAR, r"(?:invasive|infiltrating) lobular(?: carcinoma)?"),
    (Histology.INVASIVE_DUCTAL,
     r"(?:invasive|infiltrating) ductal(?: carcinoma)?|invasive (?:mammary )?carcinoma(?: of)?,? no special type"
     r"|invasive (?:mammary )?carcinoma \(?nst\)?"),
    (Histology.OTHER_INVASIVE,
     r"(?:invasive|infiltrating) (?:\w+ )?carcinoma|metasta\w+|lymphoma|sarcoma|malignant phyllodes|adenocarcinoma"),
    (Histology.DCIS, r"ductal carcinoma[ -]in[ -]situ|\bdcis\b|intraductal carcinoma"),
    (Histology.OTHER_IN_SITU,
     r"(?:pleomorphic|florid) (?:lobular carcinoma[ -]in[ -]situ|lcis)|papillary carcinoma[ -]in[ -]situ|paget"),
    (Histology.CLASSIC_LCIS, r"(?:classic(?:al)?(?: type)? )?(?:lobular carcinoma[ -]in[ -]situ|\blcis\b)"),
    (Histology.DUCTAL_ATYPIA, r"atypical (?:intra)?ductal hyperplasia|\badh\b"),
    (Histology.LOBULAR_ATYPIA, r"atypical lobular hyperplasia|\balh\b|lobular neoplasia"),
    (Histology.FLAT_ATYPIA, r"flat epithelial atypia|\bfea\b"),
    (Histology.RADIAL_SCAR, r"radial scar|complex sclerosing lesion"),
    (Histology.PAPILLOMA, r"papilloma"),
    (Histology.OTHER_HIGH_RISK, r"phyllodes|fibroepithelial lesion|mucocele"),
    (Histology.FIBROADENOMA, r"fibroadenoma\w*"),
    (Histology.FAT_NECROSIS, r"fat necrosis"),
    (Histology.BENIGN_LYMPH_NODE, r"(?:benign|reactive) lymph node"),
    (Histology.FIBROCYSTIC, r"fibrocystic"),
    (Histology.CYST, r"\bcysts?\b"),
    (Histology.OTHER_BENIGN,
     r"usual (?:type )?ductal hyperplasia|sclerosing adenosis|\bpash\b|pseudoangiomatous"
     r"|benign breast (?:tissue|parenchyma)|stromal fibrosis|duct ectasia|hamartoma|lipoma"
     r"|apocrine metaplasia|columnar cell change"),
)  # fmt: skip
_INSUFFICIENT = re.compile(r"insufficient|non-?diagnostic|inadequate|no tissue", re.IGNORECASE)
_UNREAD_MALIGNANCY = re.compile(r"carcinoma|malignan|atypi|neoplas|in[ -]situ|cancer|tumou?r", re.IGNORECASE)


def read_diagnosis(words: str) -> tuple[PathologyClass, Histology] | tuple[PathologyClass, str] | None:
    """The class and the diagnosis that leads; "" for an insufficient sample. The worst of several counts."""
    said = _DENIED_BEFORE.sub(" ", _DENIED.sub(" ", words))
    if _INSUFFICIENT.search(words):
        return None if _find(said) or _UNREAD_MALIGNANCY.search(said) else (PathologyClass.INSUFFICIENT, "")
    if _DOUBTFUL.search(said):
        return None
    found = _find(said)
    if not found or _UNREAD_MALIGNANCY.search(_rest(said)):
        return None
    return CLASS_BY_HISTOLOGY[found[0]], found[0]


def _find(said: str) -> list[Histology]:
    found = []
    for histology, pattern in _HISTOLOGIES:
        said, count = re.subn(pattern, " ", said, flags=re.IGNORECASE)
        if count:
            found.append(histology)
    return found


def _rest(said: str) -> str:
    """What no diagnosis explains."""
    for _histology, pattern in _HISTOLOGIES:
        said = re.sub(pattern, " ", said, flags=re.IGNORECASE)
    return said
