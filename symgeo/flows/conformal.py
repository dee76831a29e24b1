r"""Ricci flow of a conformal metric g = u g_0 on the flat torus or the round sphere (Hamilton 1988; Chow 1991).

    R = (R_0 - Lap_0 log u) / u,     du/dt = -R u = Lap_0 log u - R_0,     dA/dt = -4 pi chi

Spectral in space; in time ETDRK4 with L = c Lap_0, c the mean of the extremes of 1/u, adaptive (`exponential`). The
torus flows to a flat metric of the same area; the sphere shrinks to a round point at T = A(0) / (8 pi), up to which the
flow follows it.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from symgeo.errors import InputError, NumericalError
from symgeo.flows.exponential import ExponentialStepper, LostPositivity, StepUnderflow, adaptive
from symgeo.flows.surface import Surface
from symgeo.flows.trajectory import End, Progress, Recorder, Trajectory, checked_times

# Coefficients of the highest modes above this, relative to the largest, mean that the grid is too coarse.
RESOLVED = 1e-5
# The sphere's flow is followed until u has fallen to this part of itself.
EXTINCT = 1e-7
# The linear part is made anew when its coefficient is off by this factor.
STALE = 1.3


def conformal_flow(
    surface: Surface,
    u: Float[ndarray, "a b"],
    times: object,
    *,
    tolerance: float = 1e-9,
    every_step: bool = False,
    progress: Progress | None = None,
) -> Trajectory:
    """The Ricci flow of u g_0, du/dt = Lap_0 log u - R_0.

    Args:
        surface: FlatTorus or RoundSphere.
        u: the conformal factor at the grid points, positive.
        times: where states are wanted, the first that of u.
        tolerance: relative error of a step.
        every_step: keep every step as well.
        progress: called at every state that is kept.

    Returns:
        The state "u"; the measures "area", "total_curvature" (int R dA = 4 pi chi), "min_curvature", "max_curvature"
        and "tail", how far the highest modes are below the largest. On the sphere `singular_time` is when it vanishes.

    Raises:
        InputError: a factor of the wrong shape, not positive, or too rough for the grid.
    """
    wanted = checked_times(times)
    u = _checked_factor(surface, u)
    if not 0 < tolerance < 1:
        raise InputError(f"`tolerance` must be between 0 and 1, not {tolerance!r}")
    recorder = Recorder(f"Ricci flow, conformal on {type(surface).__name__}", progress)
    recorder.add(wanted[0], {"u": u}, conformal_measures(surface, u))
    end, message = End.reached, ""
    extinction = _extinction(surface, recorder)
    stops = wanted[1:]
    if extinction is not None:
        # The last stop before the end, for who asks for more than there is.
        stops = np.append(stops[stops < extinction], extinction) if stops[-1] >= extinction else stops
    start, smallest = surface.analysis(u), EXTINCT * u.max()
    try:
        for t, y in adaptive(
            _Stepping(surface),
            _root_mean_square,
            wanted[0],
            start,
            stops,
            0.01 * float(u.min()) / (1 + abs(surface.eigenvalues).min() + surface.curvature),
            tolerance,
        ):
            values = surface.synthesis(y)
            gone = surface.euler > 0 and values.max() < smallest
            if every_step or gone or t in stops:
                recorder.add(t, {"u": values}, conformal_measures(surface, values))
            extinction = _extinction(surface, recorder) if gone else extinction
            if surface.tail(y) > RESOLVED:
                raise NumericalError("the highest modes have grown: give more points")
            if gone:
                break
    except KeyboardInterrupt:
        end, message = End.interrupted, f"stopped at t = {recorder.time:.6g}"
    except StepUnderflow as error:
        if extinction is None or recorder.time < extinction * (1 - 1e-3):
            end, message = End.stalled, f"{error}; the last good state is at t = {recorder.time:.6g}"
    except NumericalError as error:
        end, message = End.stalled, f"after t = {recorder.time:.6g}, the last good state, {error}"
    if end is End.reached and recorder.time < wanted[-1] and extinction is not None:
        end = End.singular
        message = (
            f"the sphere vanishes at t = {extinction:.8g}, before {wanted[-1]:.6g}; the last good state is at "
            f"t = {recorder.time:.8g}"
        )
    first, second = surface.points()
    return recorder.done(end, message, extinction, {"first": first, "second": second})


def conformal_curvature(surface: Surface, u: Float[ndarray, "a b"]) -> Float[ndarray, "a b"]:
    """R = (R_0 - Lap_0 log u) / u."""
    return (surface.curvature - surface.laplacian(np.log(u))) / u


def conformal_measures(surface: Surface, u: Float[ndarray, "a b"]) -> dict[str, float]:
    """Area, int R dA, the extremes of R, and the tail of the spectrum of u."""
    curvature = conformal_curvature(surface, u)
    return {
        "area": surface.integral(u),
        "total_curvature": surface.integral(curvature * u),
        "min_curvature": float(curvature.min()),
        "max_curvature": float(curvature.max()),
        "tail": surface.tail(surface.analysis(u)),
    }


def _root_mean_square(y: ndarray) -> float:
    return math.sqrt(np.vdot(y, y).real)


def _extinction(surface: Surface, recorder: Recorder) -> float | None:
    """Where the area, which falls at the rate 4 pi chi, reaches zero."""
    if surface.euler <= 0:
        return None
    return recorder.time + recorder.measured("area") / (4 * math.pi * surface.euler)


def _checked_factor(surface: Surface, u: object) -> ndarray:
    given = np.asarray(u, dtype=float)
    if given.shape != surface.shape:
        raise InputError(f"`u` must have the grid's shape {surface.shape}, not {given.shape}")
    bad = np.argwhere(~(given > 0) | ~np.isfinite(given))
    if len(bad):
        where = tuple(map(int, bad[0]))
        raise InputError(f"`u` must be positive and finite; at grid point {where} it is {given[where]:.6g}")
    tail = surface.tail(surface.analysis(given))
    if tail > RESOLVED:
        raise InputError(
            f"`u` has modes that the grid {surface.shape} barely holds (the highest are {tail:.1e} of the largest): "
            "give more points, or a smoother factor"
        )
    return given


class _Stepping:
    """The stepper that suits a state, kept as long as its linear part does."""

    def __init__(self, surface: Surface) -> None:
        self.surface = surface
        self._made: tuple[float, ExponentialStepper] | None = None

    def __call__(self, y: ndarray) -> ExponentialStepper:
        u = self._positive(y)
        c = (1 / u.min() + 1 / u.max()) / 2
        if self._made is None or not 1 / STALE < self._made[0] / c < STALE:
            self._made = c, self._stepper(c)
        return self._made[1]

    def _stepper(self, c: float) -> ExponentialStepper:
        surface = self.surface
        linear = c * surface.eigenvalues
        constant = surface.analysis(np.full(surface.shape, surface.curvature))

        def remainder(t: float, y: ndarray) -> ndarray:
            w = surface.analysis(np.log(self._positive(y)))
            return surface.eigenvalues * w - constant - linear * y

        return ExponentialStepper(linear, remainder)

    def _positive(self, y: ndarray) -> ndarray:
        u = self.surface.synthesis(y)
        if not u.min() > 0:
            where = tuple(map(int, np.unravel_index(u.argmin(), u.shape)))
            raise LostPositivity(f"`u` lost positivity at grid point {where}: give more points")
        return u
