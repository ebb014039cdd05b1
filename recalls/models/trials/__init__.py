"""Trials: what is compared, who started it, which recalls take part, how it ended and what it found."""

from recalls.models.trials.rows import Trial, TrialEnd, TrialPlace, TrialResult, TrialStart

__all__ = ["Trial", "TrialEnd", "TrialPlace", "TrialResult", "TrialStart"]
