"""Reads a text message that says nothing but what is in the way of a visit, such as "No ride" or "Tengo miedo".

Only a whole text of a known phrase counts; anything else stays a task for whoever reads the provider's messages.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from clinic.actors import PATIENT
from patients.models import Patient
from recalls.actions import StatedBarriers, state_barrier
from recalls.enums.barriers import BarrierKind, BarrierSource
from recalls.models import Recall

_PHRASES: Final[Mapping[BarrierKind, frozenset[str]]] = MappingProxyType(
    {
        BarrierKind.COST: frozenset(
            ["COST", "THE COST", "NO MONEY", "TOO EXPENSIVE", "NO INSURANCE", "COSTO", "EL COSTO", "MUY CARO",
             "NO TENGO DINERO", "NO TENGO SEGURO"]
        ),
        BarrierKind.RIDE: frozenset(
            ["RIDE", "NO RIDE", "NO CAR", "I HAVE NO RIDE", "I NEED A RIDE", "TRANSPORTE", "NO TENGO TRANSPORTE",
             "NO TENGO CARRO", "NO TENGO COMO IR", "NO TENGO CÓMO IR"]
        ),
        BarrierKind.WORK: frozenset(
            ["WORK", "I HAVE TO WORK", "I CANNOT LEAVE WORK", "TRABAJO", "TENGO QUE TRABAJAR"]
        ),
        BarrierKind.FEAR: frozenset(
            ["FEAR", "I AM AFRAID", "AFRAID", "SCARED", "I AM SCARED", "MIEDO", "TENGO MIEDO"]
        ),
        BarrierKind.LANGUAGE: frozenset(["INTERPRETER", "I NEED AN INTERPRETER", "INTÉRPRETE", "NECESITO INTÉRPRETE"]),
        BarrierKind.CARE: frozenset(
            ["CHILD CARE", "NO CHILD CARE", "NO SITTER", "NO TENGO QUIEN CUIDE", "NO TENGO QUIÉN CUIDE"]
        ),
    }
)  # fmt: skip


def read_barrier(words: str) -> BarrierKind | None:
    """None unless the whole text is one of the phrases, apart from marks and capital letters."""
    said = " ".join(re.findall(r"\w+", words.upper()))
    return next((kind for kind, phrases in _PHRASES.items() if said in phrases), None)


def note_barrier(patient: Patient, words: str) -> bool:
    """State the barrier on the one open recall of the patient; False where it is none, or the recall is not clear."""
    kind = read_barrier(words)
    recalls = list(Recall.objects.still_open().filter(patient=patient)[:2]) if kind is not None else []
    if kind is None or len(recalls) != 1:
        return False
    state_barrier(recalls[0], StatedBarriers((kind,), BarrierSource.TEXT), by=PATIENT)
    return True
