"""Rounds rates and shares as published tables print them: half up, never to the even digit."""

from decimal import ROUND_HALF_UP, Decimal

_TENTH, _WHOLE = Decimal("0.1"), Decimal(1)
# A share of a curve is a product of fractions: it misses a half by the last of its sixteen digits.
_DIGITS_OF_A_SHARE = 12


def format_rate(numerator: int, denominator: int, per: int) -> str:
    """To one decimal: 1 of 80 is "1.3" per cent. The denominator is not 0."""
    return str((Decimal(numerator) * per / Decimal(denominator)).quantize(_TENTH, ROUND_HALF_UP))


def format_share(share: float, per: int = 100) -> str:
    """A share that was worked out as a fraction of 1, to one decimal."""
    exact = Decimal(f"{share:.{_DIGITS_OF_A_SHARE}f}")
    return str((exact * per).quantize(_TENTH, ROUND_HALF_UP))


def whole_percent(numerator: int, denominator: int) -> int:
    """The denominator is not 0."""
    return int((Decimal(numerator) * 100 / Decimal(denominator)).quantize(_WHOLE, ROUND_HALF_UP))
