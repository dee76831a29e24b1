r"""Ricci flow of rotationally symmetric metrics on S^{n+1}, up to the neckpinch (Angenent and Knopf 2004).

    chi_t = n (psi_ss / psi) chi,   psi_t = psi_ss - (n-1)(1 - psi_s^2) / psi     for g = chi^2 dx^2 + psi^2 g_{S^n},

in the variables of `profile`, which are smooth at the poles,

    dp/dt = -2 (n K_1 - m D) p,       dq/dt = -2 n (K_1 - m D) q + 2 (n-1) p D.

Chebyshev collocation in x, Radau (implicit, fifth order, adaptive) in time. A neckpinch is followed by new coordinates
x = c + w sinh(...) that open up the neck, taken whenever the Chebyshev coefficients say that the old ones no longer
hold it. The neck's radius falls as sqrt(2 (n-1) (T - t)).
"""

from __future__ import annotations

import numpy as np
from numpy import ndarray
from scipy.integrate import Radau

from symgeo.errors import InputError, NumericalError
from symgeo.flows.profile import Profile, curvature
from symgeo.flows.trajectory import End, Progress, Recorder, Trajectory, checked_times

# New coordinates are tried when the last coefficients exceed this; above `RESOLVED` the flow is lost.
REGRID_ABOVE = 1e-8
RESOLVED = 1e-4
# Widths w of the new coordinates that are tried; 1 and more hardly change anything.
WIDTHS = np.geomspace(2.0, 0.02, 20)
# Coordinates are worth the change when they bring the last coefficients down by this factor.
WORTH = 0.2
# The flow is over when the radius of the neck, or the widest, has fallen to this part of what it was.
PINCHED = 2e-2
# q has fewer modes than p. On the round sphere modes x^k of p and x^(k-2) of q decay together, but a mode of q whose
# partner is missing would grow as e^(kt): two fewer would do there, two thirds do for curved coordinates as well.
LOWER = 0.65
# Relative size of the differences of which the Jacobian is made.
ROOT = 1e-7
# The tolerance of p is absolute within one run of Radau, which starts anew when the least p has fallen so far.
FALLEN = 0.3


def rotational_flow(
    start: Profile,
    times: object,
    *,
    tolerance: float = 1e-8,
    every_step: bool = True,
    progress: Progress | None = None,
) -> Trajectory:
    """The Ricci flow of a rotationally symmetric metric on S^{n+1}, up to its singularity.

    Args:
        start: the metric.
        times: where states are wanted, the first that of the start.
        tolerance: relative error of a step.
        every_step: keep every step as well.
        progress: called at every state that is kept.

    Returns:
        The states "s" (arclength), "psi", "p", "q"; the measures "neck" (the smallest radius of a neck, 0 where there
        is none), "widest" (the largest psi), "max_curvature" (of R), "volume" (over that of the unit S^n) and "tail"
        (the last Chebyshev coefficients over the largest). `singular_time` is where psi^2 at the neck, or everywhere,
        goes on to zero at its last rate.

    Raises:
        InputError: a start that its grid does not hold.
    """
    wanted = checked_times(times)
    if start.tail() > RESOLVED:
        raise InputError(
            f"`start` is too rough for its {start.grid.size} points (the last coefficients are {start.tail():.1e} of "
            "the largest): give more points"
        )
    recorder = Recorder(f"Ricci flow, rotationally symmetric on S^{start.n + 1}", progress)
    run = _Run(start, wanted[0], tolerance)
    _record(recorder, run)
    smallest = PINCHED * run.profile.smallest_radius()
    end, message = End.reached, ""
    try:
        for stop in wanted[1:]:
            while run.t < stop:
                run.step(stop)
                size = run.profile.smallest_radius()
                over = size < smallest
                if every_step or over or run.t == stop:
                    _record(recorder, run)
                if over:
                    end = End.singular
                    break
            if end is End.singular:
                break
    except KeyboardInterrupt:
        end, message = End.interrupted, f"stopped at t = {recorder.time:.8g}"
    except NumericalError as error:
        end, message = End.stalled, f"{error}; the last good state is at t = {recorder.time:.10g}"
    singular = recorder.time + run.profile.time_left() if end in (End.singular, End.stalled) else None
    if end is End.singular:
        what = "the neck pinches" if run.profile.necks() else "the sphere vanishes"
        message = f"{what} at t = {singular:.10g}; the last good state is at t = {recorder.time:.10g}"
    return recorder.done(end, message, singular, {"x": start.grid.x, "n": np.array(start.n)})


def _record(recorder: Recorder, run: _Run) -> None:
    profile = run.profile
    measures = {
        "neck": min((radius for _, radius in profile.necks()), default=0.0),
        "widest": profile.widest(),
        "max_curvature": float(profile.scalar_curvature().max()),
        "volume": profile.volume(),
        "tail": profile.tail(),
    }
    recorder.add(run.t, {"s": profile.arclength(), "psi": profile.psi, "p": profile.p, "q": profile.q}, measures)


class _Run:
    """Radau's steps, started anew with new coordinates or tolerances."""

    def __init__(self, profile: Profile, t: float, tolerance: float) -> None:
        self.profile, self.t, self.tolerance = profile, t, tolerance
        self._solver: Radau | None = None
        self._stop = t
        self._least = 0.0

    def step(self, stop: float) -> None:
        """One step towards `stop`.

        Raises:
            NumericalError: no step is short enough, or the grid no longer holds the metric.
        """
        p = self.profile.p
        if self._solver is None or stop != self._stop or p.min() < FALLEN * self._least:
            self._start(stop)
        assert self._solver is not None
        complaint = self._solver.step()
        if self._solver.status == "failed":
            raise NumericalError(f"after t = {self.t:.10g} no step is short enough ({complaint})".replace("\n", " "))
        p, q = np.split(self._solver.y, 2)
        if not (p > 0).all() or not (p + self.profile.grid.one_minus_square * q > 0).all():
            raise NumericalError(f"at t = {self._solver.t:.10g} the metric lost positivity: give more points")
        self.t, self.profile = float(self._solver.t), Profile(self.profile.grid, p, q, self.profile.n)
        self._regrid()

    def _start(self, stop: float) -> None:
        profile = self.profile
        grid, n, m = profile.grid, profile.n, profile.grid.one_minus_square[:, None]
        lower = grid.projection(int(LOWER * grid.size))

        def rate(t: float, y: ndarray) -> ndarray:
            columns = y if y.ndim > 1 else y[:, None]
            p, q = np.split(columns, 2)
            k_1, d = curvature(grid, p, q)
            q_rate = lower @ (-2 * n * (k_1 - m * d) * q + 2 * (n - 1) * p * d)
            made = np.concatenate([-2 * (n * k_1 - m * d) * p, q_rate])
            return made if y.ndim > 1 else made[:, 0]

        least, scale = float(profile.p.min()), float(profile.big_q.max())
        absolute = self.tolerance * np.repeat([least, scale], grid.size)
        y = np.concatenate([profile.p, lower @ profile.q])

        def jacobian(t: float, y: ndarray) -> ndarray:
            # SciPy's own steps are relative to y, and q = 0, on the round sphere, would be lost in rounding.
            h = ROOT * np.concatenate([np.abs(y[: grid.size]), np.full(grid.size, np.abs(y[: grid.size]).max())])
            return (rate(t, y[:, None] + np.diag(h)) - rate(t, y)[:, None]) / h

        first = min(stop - self.t, 1e-2 * profile.time_left())
        self._solver = Radau(
            rate, self.t, y, stop, rtol=self.tolerance, atol=absolute, jac=jacobian, first_step=first, vectorized=True
        )
        self._stop, self._least = stop, least

    def _regrid(self) -> None:
        tail = self.profile.tail()
        if tail < REGRID_ABOVE:
            return
        necks = self.profile.necks()
        centre = min(necks, key=lambda pair: pair[1])[0] if necks else 0.0
        tried = [self.profile.recoordinatised(centre, width) for width in WIDTHS]
        best = min(tried, key=Profile.tail)
        if best.tail() < WORTH * tail:
            self.profile, self._solver = best, None
        elif tail > RESOLVED:
            raise NumericalError(f"at t = {self.t:.10g} the grid no longer holds the metric: give more points")
