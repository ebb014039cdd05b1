"""Fits a small logistic regression with a light ridge, and says how likely a visit is missed by it.

scipy does the minimising; the ridge makes the answer one also where a column says nothing, and draws the numbers of few
visits towards none. Rows are sorted first and the answer is rounded, so that the same rows give the same numbers.
"""

from collections.abc import Sequence
from typing import Any

_RIDGE = 1.0  # weight of the squares of the coefficients, the intercept's apart
_DIGITS = 6
_GRADIENT = 1e-8  # where the minimising stops
Rows = Sequence[tuple[Sequence[float], bool]]


def fit_logistic(rows: Rows) -> list[float]:
    """The intercept and a coefficient for each column, from values and whether the visit was missed.

    Raises ValueError without a missed and a kept visit.
    """
    import numpy as np  # half a second: only a process that fits needs it
    from scipy.optimize import minimize
    from scipy.special import expit

    ordered = sorted((tuple(values), bool(missed)) for values, missed in rows)
    if len({missed for _values, missed in ordered}) < 2:
        raise ValueError("A fit needs a visit that was missed and one that was kept.")
    x = np.array([(1.0, *values) for values, _missed in ordered])
    y = np.array([float(missed) for _values, missed in ordered])
    ridge = np.full(x.shape[1], _RIDGE)
    ridge[0] = 0.0

    def loss(beta: Any) -> float:
        z = x @ beta
        return float(np.logaddexp(0.0, z).sum() - y @ z + 0.5 * ridge @ beta**2)

    def gradient(beta: Any) -> Any:
        return x.T @ (expit(x @ beta) - y) + ridge * beta

    def hessian(beta: Any) -> Any:
        p = expit(x @ beta)
        return (x.T * (p * (1 - p))) @ x + np.diag(ridge)

    found = minimize(
        loss,
        np.zeros(x.shape[1]),
        jac=gradient,
        hess=hessian,
        method="trust-exact",
        options={"gtol": _GRADIENT * len(y)},
    )
    return [round(float(value), _DIGITS) + 0.0 for value in found.x]


def predict(coefficients: Sequence[float], values: Sequence[float]) -> float:
    """The share of such visits that is missed, between 0 and 1."""
    import math

    z = coefficients[0] + sum(weight * value for weight, value in zip(coefficients[1:], values, strict=True))
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))
