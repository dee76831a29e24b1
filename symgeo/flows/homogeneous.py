r"""Ricci flow of homogeneous metrics, an ordinary differential equation for their parameters.

    g = sum_k c_k(t) B_k,     dc/dt . B = -2 Ric(g) at one point, and so at all

The matrix and the Ricci tensor are kernels that are handed over, of any metric that is linear in its parameters and
stays in its family; `symgeo.geometry.homogeneous_metric` has some and `symgeo.generate` makes their kernels:

    nil = homogeneous_metric("nil")
    family = Family(generate(nil.metric.matrix), generate(nil.metric.ricci), nil.point, nil.parameters)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, SupportsFloat

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.integrate import DOP853

from symgeo.errors import InputError
from symgeo.flows.trajectory import End, Progress, Recorder, Trajectory, checked_times

# The flow is over when the smallest eigenvalue of g has fallen to this part of what it was, or a step does not help.
COLLAPSED = 1e-9
# How far Ric may lie outside the family, relative to its size.
OUTSIDE = 1e-9


class TensorKernel(Protocol):
    """A generated kernel: x (..., d) and parameters by name -> (..., d, d)."""

    def __call__(self, x: ndarray, /, **parameters: float) -> ndarray:
        """The tensor's components at x."""
        ...


@dataclass(frozen=True)
class Family:
    """Homogeneous metrics of one kind.

    Attributes:
        matrix: g_ij, linear in the parameters.
        ricci: R_ij.
        point: where both are evaluated.
        parameters: their names.
    """

    matrix: TensorKernel
    ricci: TensorKernel
    point: Sequence[SupportsFloat] | Float[ndarray, " d"]
    parameters: tuple[str, ...]


def homogeneous_flow(
    metrics: Family,
    start: Mapping[str, float],
    times: object,
    *,
    tolerance: float = 1e-12,
    every_step: bool = False,
    progress: Progress | None = None,
) -> Trajectory:
    """The Ricci flow of a homogeneous metric, up to where it collapses.

    Args:
        metrics: the family.
        start: the parameters' values.
        times: where states are wanted, the first that of the start.
        tolerance: relative error of a step (Dormand and Prince, eighth order).
        every_step: keep every step as well.
        progress: called at every state that is kept.

    Returns:
        The state "parameters", in the order of `metrics.parameters`; the measures "scalar_curvature" and "volume"
        (sqrt det g at the point); the constants "point" and "names", of the parameters. `singular_time` is where the
        direction that shrinks fastest is gone.

    Raises:
        InputError: parameters that the family does not have or that make no metric, one that does not enter linearly,
            or a Ricci tensor that leads out of the family.
    """
    wanted = checked_times(times)
    rate = _Rate(metrics)
    c = rate.checked(start)
    recorder = Recorder("Ricci flow, homogeneous", progress)
    recorder.add(wanted[0], {"parameters": c}, rate.measures(c))
    smallest = COLLAPSED * np.linalg.eigvalsh(rate.matrix(c))[0]
    end, message, t = End.reached, "", float(wanted[0])
    try:
        for stop in wanted[1:]:
            solver = DOP853(rate, t, c, float(stop), rtol=tolerance, atol=0.0, first_step=_first(rate, c, stop - t))
            while solver.status == "running" and end is End.reached:
                with np.errstate(all="ignore"):
                    solver.step()
                if solver.status == "failed" or np.linalg.eigvalsh(rate.matrix(solver.y))[0] < smallest:
                    end = End.singular
                if solver.status != "failed":
                    t, c = float(solver.t), solver.y
                    if every_step or end is End.singular or solver.status == "finished":
                        recorder.add(t, {"parameters": c}, rate.measures(c))
            if end is End.singular:
                break
    except KeyboardInterrupt:
        end, message = End.interrupted, f"stopped at t = {recorder.time:.8g}"
    singular = None
    if end is End.singular:
        if recorder.time < t:
            recorder.add(t, {"parameters": c}, rate.measures(c))
        singular = t + _first(rate, c, np.inf) / 0.01
        message = f"the metric collapses at t = {singular:.10g}; the last good state is at t = {t:.10g}"
    constants = {"point": rate.point, "names": np.array(metrics.parameters)}
    return recorder.done(end, message, singular, constants)


def _first(rate: _Rate, c: ndarray, longest: float) -> float:
    """A hundredth of the time in which the direction that changes fastest would be gone."""
    speed = np.abs(np.linalg.eigvals(np.linalg.solve(rate.matrix(c), 2 * rate.ricci(c)))).max()
    return min(float(longest), 0.01 / float(speed)) if speed > 0 else float(longest)


class _Rate:
    """dc/dt, by least squares over the components of g."""

    def __init__(self, metrics: Family) -> None:
        self.metrics = metrics
        self.point = np.array([float(value) for value in metrics.point])
        count = len(metrics.parameters)

        def matrix(c: ndarray) -> ndarray:
            return metrics.matrix(self.point, **self._named(c))

        one, other = np.ones(count), 2.0 + np.arange(count)
        self.basis = np.stack([matrix(one + row) - matrix(one) for row in np.eye(count)], axis=-1)
        if not np.allclose(self.basis @ other, matrix(other), rtol=1e-12):
            raise InputError(
                "`metrics`: its matrix must be linear in the parameters, such as r2 for r**2 in a radius r"
            )
        self._flat = self.basis.reshape(-1, count)
        if np.linalg.matrix_rank(self._flat) < count:
            raise InputError(
                f"`metrics`: the parameters {', '.join(metrics.parameters)} are not independent at `point`"
            )

    def _named(self, c: ndarray) -> dict[str, float]:
        return dict(zip(self.metrics.parameters, map(float, c), strict=True))

    def matrix(self, c: ndarray) -> Float[ndarray, "d d"]:
        """g_ij at the point, by linearity: the kernel refuses parameters outside their domain."""
        return self.basis @ c

    def ricci(self, c: ndarray) -> Float[ndarray, "d d"]:
        """R_ij at the point."""
        return self.metrics.ricci(self.point, **self._named(c))

    def __call__(self, t: float, c: ndarray) -> ndarray:
        """dc/dt; not a number where a trial step leaves the metrics, so that the step is made shorter."""
        if not np.isfinite(c).all() or not (np.linalg.eigvalsh(self.matrix(c)) > 0).all():
            return np.full_like(c, np.nan)
        return self.projected(c)[0]

    def projected(self, c: ndarray) -> tuple[ndarray, float]:
        """dc/dt and the part of -2 Ric outside the family, relative."""
        wanted = -2 * self.ricci(c).reshape(-1)
        found = np.linalg.lstsq(self._flat, wanted, rcond=None)[0]
        left = np.abs(self._flat @ found - wanted).max()
        return found, float(left / max(np.abs(wanted).max(), 1e-300))

    def checked(self, start: Mapping[str, float]) -> ndarray:
        """The start as an array."""
        names = self.metrics.parameters
        if set(start) != set(names):
            raise InputError(f"`start` must give {', '.join(names)}, not {', '.join(start) or 'nothing'}")
        c = np.array([float(start[name]) for name in names])
        if not np.isfinite(c).all() or not (np.linalg.eigvalsh(self.matrix(c)) > 0).all():
            raise InputError(f"`start` makes no metric: {', '.join(f'{n} = {v:g}' for n, v in self._named(c).items())}")
        outside = self.projected(c)[1]
        if outside > OUTSIDE:
            raise InputError(
                f"`metrics`: Ricci flow leaves the family (a part {outside:.1e} of Ric lies outside): add parameters"
            )
        return c

    def measures(self, c: ndarray) -> dict[str, float]:
        """R and sqrt det g."""
        g = self.matrix(c)
        return {
            "scalar_curvature": float(np.trace(np.linalg.solve(g, self.ricci(c)))),
            "volume": float(np.sqrt(np.linalg.det(g))),
        }
