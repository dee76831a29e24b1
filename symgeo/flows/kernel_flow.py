r"""Flows of a metric with a fixed kernel: networks of infinite width, and linearised ones.

    dg(x)/dt = -sum_x' Theta(x, x') l(x'),      l = dL/dg

For L = |g - target|^2 / 2 on a sample X with Theta(X, X) = U diag(lam) U^T,

    g_t(x) = g_0(x) + Theta(x, X) Theta(X, X)^{-1} (1 - e^{-Theta(X, X) t}) (target - g_0(X)),

where Theta^{-1} (1 - e^{-Theta t}) = U diag((1 - e^{-lam t}) / lam) U^T has no pole at lam = 0; other losses are
integrated. The same kernel for all components is a matrix over points, any kernel one over (point, component).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from scipy.integrate import LSODA
from torch import Tensor

from symgeo.errors import InputError
from symgeo.flows.kernels import repeated_points
from symgeo.flows.ordinary import NO_STEP, follow
from symgeo.flows.trajectory import Progress, Recorder, Trajectory, checked_times

# A kernel is called singular when its smallest eigenvalue is below this part of its largest.
SINGULAR = 1e-13


class QuadraticFlow:
    """The flow of L = |g - target|^2 / 2 with a fixed kernel, in closed form.

    Args:
        kernel: Theta(X, X), symmetric, (m, m); m the points, or points times components.
        start: g_0(X), (m, c): c independent columns, one for a kernel over components.
        target: (m, c).

    Raises:
        InputError: shapes that do not fit, or a kernel that is not symmetric and positive semi-definite.
    """

    def __init__(self, kernel: Float[Tensor, "m m"], start: Float[Tensor, "m c"], target: Float[Tensor, "m c"]) -> None:
        if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1] or kernel.shape[0] != len(start):
            raise InputError(f"`kernel` must be ({len(start)}, {len(start)}) like `start`, not {tuple(kernel.shape)}")
        if start.shape != target.shape or start.ndim != 2:
            raise InputError(
                f"`start` and `target` must be (m, c) alike, not {tuple(start.shape)}, {tuple(target.shape)}"
            )
        if not torch.allclose(kernel, kernel.T, rtol=1e-9, atol=1e-12 * float(kernel.abs().max())):
            raise InputError("`kernel` must be symmetric")
        self.start, self.target = start, target
        self._lam, self._u = torch.linalg.eigh(kernel)
        if self._lam[0] < -1e-9 * self._lam[-1]:
            raise InputError(f"`kernel` must be positive semi-definite, but has the eigenvalue {self._lam[0]:.3g}")
        self._gap = self._u.T @ (target - start)

    def at(self, t: float) -> Float[Tensor, "m c"]:
        """g_t(X)."""
        return self.start - self._u @ (torch.expm1(-self._lam[:, None] * t) * self._gap)

    def elsewhere(self, t: float, cross: Float[Tensor, "k m"], start: Float[Tensor, "k c"]) -> Float[Tensor, "k c"]:
        """g_t at other points, with Theta(x, X) and g_0 there."""
        lam = self._lam[:, None].clamp(min=0)  # rounding below zero, checked at the door
        shrunk = torch.where(lam * t > 1e-12, -torch.expm1(-lam * t) / lam.clamp(min=1e-300), torch.full_like(lam, t))
        return start + cross @ (self._u @ (shrunk * self._gap))

    def loss(self, t: float) -> float:
        """L(t)."""
        return float(((torch.exp(-self._lam[:, None] * t) * self._gap) ** 2).sum() / 2)


def limit(
    kernel: Float[Tensor, "m m"], start: Float[Tensor, "m c"], target: Float[Tensor, "m c"], x: Float[Tensor, "N d"]
) -> Float[Tensor, "m c"]:
    """Theta(X, X)^{-1} (target - g_0(X)), the weights of g at infinite time: g_0(x) + Theta(x, X) times them.

    Args:
        kernel: Theta(X, X).
        start: g_0(X).
        target: what is fitted.
        x: X, which an error names points of.

    Raises:
        InputError: a singular kernel; says which points are the same, if some are.
    """
    values = torch.linalg.eigvalsh(kernel)
    if not values[0] > SINGULAR * values[-1]:
        pair = repeated_points(x)
        why = f"points {pair[0]} and {pair[1]} of `x` are the same: drop one" if pair else "take fewer points"
        raise InputError(
            f"`kernel` is singular (eigenvalues from {float(values[0]):.2e} to {float(values[-1]):.2e}): {why}"
        )
    return torch.cholesky_solve(target - start, torch.linalg.cholesky(kernel))


def kernel_flow(
    kernel: Float[Tensor, "m m"],
    gradient: Callable[[Float[Tensor, "m c"]], Float[Tensor, "m c"]],
    start: Float[Tensor, "m c"],
    times: object,
    *,
    loss: Callable[[Float[Tensor, "m c"]], float] | None = None,
    tolerance: float = 1e-9,
    progress: Progress | None = None,
) -> Trajectory:
    """The flow dg/dt = -Theta l(g) of any loss, by an adaptive solver that turns implicit where it is stiff (LSODA).

    Args:
        kernel: Theta(X, X).
        gradient: l of g.
        start: g at the first time.
        times: where states are wanted.
        loss: measured at each, if given.
        tolerance: relative error of a step.
        progress: called at every state that is kept.

    Returns:
        The state "g"; the measures "speed" (<l, Theta l>, minus the rate of the loss) and "loss".

    Raises:
        InputError: shapes that do not fit.
    """
    wanted = checked_times(times)
    if kernel.shape != (len(start), len(start)):
        raise InputError(f"`kernel` must be ({len(start)}, {len(start)}) like `start`, not {tuple(kernel.shape)}")

    def shaped(y: np.ndarray) -> Tensor:
        return torch.from_numpy(y.copy()).reshape(start.shape)

    def rate(t: float, y: np.ndarray) -> np.ndarray:
        return -(kernel @ gradient(shaped(y))).reshape(-1).numpy()

    def keep(t: float, y: np.ndarray) -> None:
        g = shaped(y)
        l = gradient(g)
        measures = {"speed": float((l * (kernel @ l)).sum())}
        if loss is not None:
            measures["loss"] = float(loss(g))
        recorder.add(t, {"g": g.numpy()}, measures)

    recorder = Recorder("flow with a fixed kernel", progress)
    end, message = follow(
        lambda t, y, stop: LSODA(rate, t, y, stop, rtol=tolerance, atol=tolerance * 1e-3),
        wanted,
        start.detach().double().reshape(-1).numpy().copy(),
        keep,
        recorder,
        lambda y: "" if np.isfinite(y).all() else NO_STEP,
    )
    return recorder.done(end, message)
