"""How far a closed form lies from a reference: as a relative error, or in standard errors."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

# What quadrature at 30 digits leaves of an exact zero. Any other value, however small, is held against its own size.
VANISHING = 1e-30

Values = Float[np.ndarray, "points ..."]


def relative_error(value: Values, reference: Values) -> float:
    """The largest deviation over points, relative to the largest component there; absolute where all vanish."""
    axes = tuple(range(1, reference.ndim))
    scale = np.abs(reference).max(axis=axes) if axes else np.abs(reference)
    scale = np.where(scale < VANISHING, 1.0, scale)
    deviation = np.abs(value - reference).max(axis=axes) if axes else np.abs(value - reference)
    return float((deviation / scale).max())


def z_score(value: Values, mean: Values, error: Values) -> float:
    """The largest deviation over points and components from a mean, in standard errors; NaN where one of those is 0."""
    if not (error > 0).all():
        return float("nan")
    return float((np.abs(value - mean) / error).max())
