r"""The Runge-Kutta method that follows many geodesics at once, each to a tolerance of its own.

They share their steps. SciPy's DOP853 goes by the root mean square of the errors of all numbers of the state, in which
many geodesics that are easy hide one that is not; here a step is as short as the hardest geodesic would take it alone,
by the same estimate (Hairer, Norsett and Wanner, Solving Ordinary Differential Equations I, section II.10):

    error = max over geodesics of h |e_5|^2 / sqrt((|e_5|^2 + |e_3|^2 / 100) n)

with e_5, e_3 the embedded errors of its n numbers over their tolerances.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.integrate import DOP853


class Solver(DOP853):
    """DOP853 on states that have a row a geodesic."""

    def __init__(
        self,
        rate: Callable[[float, np.ndarray], np.ndarray],
        time: float,
        state: np.ndarray,
        stop: float,
        step: float | None,
        rtol: float,
        atol: np.ndarray,
    ) -> None:
        self.count = len(state)
        super().__init__(rate, time, state.ravel(), stop, first_step=step, rtol=rtol, atol=atol.ravel())

    def _estimate_error_norm(self, K: np.ndarray, h: float, scale: np.ndarray) -> float:
        fifth, third = (
            np.square(K.T @ weights / scale).reshape(self.count, -1).sum(1) for weights in (self.E5, self.E3)
        )
        size = np.sqrt((fifth + 0.01 * third) * (len(scale) // self.count))
        return float(abs(h) * (fifth / np.where(size > 0, size, 1)).max())
