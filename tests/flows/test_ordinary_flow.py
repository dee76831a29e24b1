"""A flow followed through its times: exact decay, and each of the ways in which it ends early."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import DOP853

from symgeo.flows import End
from symgeo.flows.ordinary import NO_STEP, follow
from symgeo.flows.trajectory import Recorder

TIMES = np.array([0.0, 0.5, 2.0, 3.0])


def run(rate, complaint=lambda y: ""):
    """The flow of `rate` from 1, and what follow says of it."""
    recorder = Recorder("test")
    end, message = follow(
        lambda t, y, stop: DOP853(rate, t, y, stop, rtol=1e-12, atol=1e-12),
        TIMES,
        np.ones(1),
        lambda t, y: recorder.add(t, {"y": y}, {}),
        recorder,
        complaint,
    )
    return recorder.done(end, message)


def test_a_flow_is_kept_at_the_times_asked_for() -> None:
    flow = run(lambda t, y: -y)
    assert (flow.end, flow.message) == (End.reached, "")
    np.testing.assert_array_equal(flow.times, TIMES)
    # A step's error is 1e-12 of |y| + 1; they add up over some fifty steps.
    np.testing.assert_allclose(flow.states["y"][:, 0], np.exp(-TIMES), rtol=0, atol=1e-10)


def test_a_step_that_underflows_ends_it_at_the_last_good_state() -> None:
    """No step leads past t = 1, where y is not a number any more."""
    flow = run(lambda t, y: -y if t <= 1 else y * np.nan)
    assert flow.end is End.stalled
    assert flow.message == f"{NO_STEP}; the last good state is at t = 0.5"
    np.testing.assert_array_equal(flow.times, TIMES[:2])


def test_a_complaint_ends_it_between_two_times() -> None:
    flow = run(lambda t, y: y, lambda y: "y is large" if y[0] > np.exp(1) else "")
    assert (flow.end, flow.message) == (End.stalled, "y is large; the last good state is at t = 0.5")


@pytest.mark.parametrize(("at", "kept"), [(0.2, 1), (1.0, 2)])
def test_an_interrupt_keeps_what_there_is(at: float, kept: int) -> None:
    def rate(t: float, y: np.ndarray) -> np.ndarray:
        if t > at:
            raise KeyboardInterrupt
        return -y

    flow = run(rate)
    assert (flow.end, flow.message) == (End.interrupted, f"stopped at t = {TIMES[kept - 1]:.8g}")
    assert len(flow.times) == kept
