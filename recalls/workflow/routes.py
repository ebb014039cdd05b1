"""Says where an outcome or a concordance verdict leads, and when each short-interval round is due."""

from recalls.enums import Assessment, ClosureReason, ConcordanceVerdict, State

# Where an outcome leads once the patient was told (BI-RADS 5th edition management), and why a closing one closes.
NextState = tuple[State, ClosureReason | None]
_BIOPSY_TO_BOOK: NextState = (State.BIOPSY_TO_BOOK, None)
_REFERRAL: NextState = (State.TO_HAND_OVER, None)
NEXT_STATE_BY_ASSESSMENT: dict[Assessment, NextState] = {
    Assessment.NEGATIVE: (State.CLOSED, ClosureReason.NORMAL),
    Assessment.BENIGN: (State.CLOSED, ClosureReason.BENIGN),
    Assessment.PROBABLY_BENIGN: (State.FOLLOW_UP, None),
    Assessment.SUSPICIOUS: _BIOPSY_TO_BOOK,
    Assessment.SUSPICIOUS_A: _BIOPSY_TO_BOOK,
    Assessment.SUSPICIOUS_B: _BIOPSY_TO_BOOK,
    Assessment.SUSPICIOUS_C: _BIOPSY_TO_BOOK,
    Assessment.HIGHLY_SUGGESTIVE: _BIOPSY_TO_BOOK,
    Assessment.NEED_IMAGING: (State.TO_CONTACT, None),
    Assessment.KNOWN_MALIGNANCY: _REFERRAL,
}

NEXT_STATE_BY_VERDICT: dict[ConcordanceVerdict, NextState] = {
    ConcordanceVerdict.CONCORDANT_BENIGN: (State.CLOSED, ClosureReason.BENIGN_CONCORDANT),
    ConcordanceVerdict.DISCORDANT: _BIOPSY_TO_BOOK,
    ConcordanceVerdict.INSUFFICIENT: _BIOPSY_TO_BOOK,
    ConcordanceVerdict.HIGH_RISK: _REFERRAL,
    ConcordanceVerdict.MALIGNANT: _REFERRAL,
}

# Months after the first probably benign outcome at which each round is due (BI-RADS category 3 surveillance).
FOLLOW_UP_MONTHS: tuple[int, ...] = (6, 12, 24, 36)
