"""The plane through three inputs: its corners, its shape, its origin."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from symgeo.errors import InputError
from symgeo.magnification.sections import plane_through


@settings(deadline=None, derandomize=True, max_examples=30)
@given(st.integers(0, 10_000), st.integers(2, 30))
def test_the_corners_are_the_inputs_and_the_triangle_is_equilateral(seed, d):
    inputs = torch.randn(3, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    plane = plane_through(*inputs)
    for k in range(3):
        torch.testing.assert_close(plane.vertex(k), inputs[k], rtol=1e-10, atol=1e-12)
    sides = [math.dist(plane.corners[k], plane.corners[(k + 1) % 3]) for k in range(3)]
    assert max(sides) == pytest.approx(min(sides))
    torch.testing.assert_close(plane.inputs(torch.zeros(1, 2).double())[0], inputs.mean(0), rtol=1e-12, atol=1e-12)
    away = torch.linalg.vector_norm(inputs - inputs.mean(0), dim=1).mean().item()
    assert math.hypot(*plane.corners[1]) == pytest.approx(away)


def test_an_equilateral_triangle_keeps_its_lengths():
    plane = plane_through(*torch.eye(3, dtype=torch.float64))
    assert torch.linalg.vector_norm(plane.u).item() == pytest.approx(1)
    assert torch.linalg.vector_norm(plane.v).item() == pytest.approx(1)
    assert (plane.u @ plane.v).item() == pytest.approx(0, abs=1e-12)
    grid = plane.grid(5)
    assert grid[0, 0].tolist() == [plane.extent[0], plane.extent[2]]
    assert grid[0, 4].tolist() == [plane.extent[1], plane.extent[2]]


def test_three_inputs_on_a_line_are_refused():
    x = torch.tensor([1.0, 2.0], dtype=torch.float64)
    with pytest.raises(InputError, match="lie on one line"):
        plane_through(x, 2 * x, 3 * x)
    with pytest.raises(InputError, match="inputs of one shape"):
        plane_through(x, x[:1], x)
