"""Hamilton's cigar on a disc of the plane."""

from __future__ import annotations

import math

import numpy as np
import pytest

from symgeo.errors import InputError
from symgeo.flows import disc_flow, exact


def cigar_flow(points: int, tolerance: float = 1e-10):
    return disc_flow(
        lambda squared: exact.cigar(squared, 0.0),
        lambda t: float(exact.cigar(np.array(4.0), t)),
        [0, 0.1, 0.4],
        radius=2.0,
        points=points,
        tolerance=tolerance,
    )


def test_the_cigar() -> None:
    flow = cigar_flow(33)
    for t, u in zip(flow.times, flow.states["u"], strict=True):
        np.testing.assert_allclose(u, exact.cigar(flow.constants["r"] ** 2, t), rtol=1e-8)
    # R = 4 at the centre: a soliton keeps its shape
    np.testing.assert_allclose(flow.measures["centre_curvature"], 4, rtol=1e-6)
    np.testing.assert_allclose(flow.measures["area"], math.pi * np.log1p(4 * np.exp(-4 * flow.times)), rtol=1e-8)


def test_convergence_in_space_and_in_time() -> None:
    points, errors = [9, 13, 17, 21], []
    for n in points:
        flow = cigar_flow(n)
        errors.append(np.abs(flow.last["u"] / exact.cigar(flow.constants["r"] ** 2, 0.4) - 1).max())
    assert np.polyfit(points, np.log(errors), 1)[0] < -0.8
    tolerances, errors = [1e-4, 1e-5, 1e-6, 1e-7], []
    for tolerance in tolerances:
        flow = cigar_flow(33, tolerance)
        errors.append(np.abs(flow.last["u"] / exact.cigar(flow.constants["r"] ** 2, 0.4) - 1).max())
    assert np.polyfit(np.log(tolerances), np.log(errors), 1)[0] > 0.7


def test_factors_that_cannot_be_meant() -> None:
    with pytest.raises(InputError, match="`u` must make positive"):
        disc_flow(lambda s: s - 0.5, lambda t: 1.0, [0, 1])
    with pytest.raises(InputError, match="`boundary` must be positive"):
        disc_flow(lambda s: 1 + s, lambda t: 2 - t, [0, 3])
    with pytest.raises(InputError, match="`boundary` begins at 1, but `u` ends at 2"):
        disc_flow(lambda s: 1 + s, lambda t: 1.0, [0, 1])
