"""A flow as an ordinary differential equation, followed by an adaptive solver from one wanted time to the next."""

from __future__ import annotations

from collections.abc import Callable

from jaxtyping import Float
from numpy import ndarray
from scipy.integrate import OdeSolver

from symgeo.flows.trajectory import End, Recorder

NO_STEP = "no step is short enough"


def follow(
    solver: Callable[[float, ndarray, float], OdeSolver],
    times: Float[ndarray, " t"],
    start: Float[ndarray, " n"],
    keep: Callable[[float, ndarray], None],
    recorder: Recorder,
    complaint: Callable[[ndarray], str] = lambda y: "",
) -> tuple[End, str]:
    """Follow a flow through the times where states are wanted; Ctrl-C and a step that underflows end it early.

    Args:
        solver: (t, y, stop) -> a solver of scipy's that goes from y at t up to stop.
        times: increasing, the first that of the start.
        start: y there.
        keep: gives the recorder the state at every one of the times that was reached.
        recorder: of the states.
        complaint: what is wrong with y after a step, which ends the flow; empty where nothing is.

    Returns:
        How it ended, and one line on it, empty where the last time was reached.
    """
    t, y = float(times[0]), start
    keep(t, y)
    try:
        for stop in times[1:]:
            run, wrong = solver(t, y, float(stop)), ""
            while run.status == "running" and not wrong:
                run.step()
                wrong = NO_STEP if run.status == "failed" else complaint(run.y)
            if wrong:
                return End.stalled, f"{wrong}; the last good state is at t = {recorder.time:.8g}"
            t, y = float(run.t), run.y
            keep(t, y)
    except KeyboardInterrupt:
        return End.interrupted, f"stopped at t = {recorder.time:.8g}"
    return End.reached, ""
