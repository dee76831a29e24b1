"""What comes of inner products and is said to be trusted, against arithmetic of 40 digits: the worst of many points."""

from __future__ import annotations

import mpmath as mp
import pytest
import torch
from torch import Tensor

from symgeo.pullback.gram import Gram
from symgeo.pullback.jet import Jet, pair_count, pair_positions
from symgeo.pullback.small import SmallGeometry

# What a trusted result may be wrong by.
CLAIMED = {torch.float64: 2.3e-12, torch.float32: 1.2e-6}
# cond(g) = spread^-2, about.
SPREADS = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5]
POINTS, FEATURES = 40, 8


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def rows_of(d: int, spread: float, dtype: torch.dtype) -> Tensor:
    """First derivatives of which the last is nearly the first, and second derivatives."""
    rows = normal(d + pair_count(d), POINTS, FEATURES, seed=d)
    rows[d - 1] = rows[0] + spread * rows[d - 1]
    return rows.to(dtype)


def small(rows: Tensor, d: int) -> SmallGeometry:
    products = Gram(Jet(rows, d, 2), POINTS)
    products.put(Jet(rows, d, 2), slice(None))
    return SmallGeometry(products)


def exactly(rows: Tensor, d: int) -> dict[str, Tensor]:
    """log sqrt det g, Gamma and R of these derivatives, from g inverted."""
    position = pair_positions(d, rows.device).tolist()
    found: dict[str, list[object]] = {"log_volume": [], "christoffel": [], "scalar_curvature": []}
    indices = [(a, b, c, e) for a in range(d) for b in range(d) for c in range(d) for e in range(d)]
    with mp.workdps(40):
        for point in range(rows.shape[1]):
            jacobian, hessian = (mp.matrix(part.tolist()) for part in (rows[:d, point], rows[d:, point]))
            g_dd = jacobian * jacobian.T
            g_uu, along = mp.inverse(g_dd), jacobian * hessian.T
            gamma = g_uu * along
            n_pp = hessian * hessian.T - along.T * gamma
            # R = g^ac g^be (N_ac,be - N_ae,bc)
            curvature = mp.fsum(
                g_uu[a, c] * g_uu[b, e] * (n_pp[position[a][c], position[b][e]] - n_pp[position[a][e], position[b][c]])
                for a, b, c, e in indices
            )
            found["log_volume"].append(float(mp.log(mp.det(g_dd)) / 2))
            found["christoffel"].append(
                [[[float(gamma[c, position[a][b]]) for b in range(d)] for a in range(d)] for c in range(d)]
            )
            found["scalar_curvature"].append(float(curvature))
    return {name: torch.tensor(values, dtype=torch.float64) for name, values in found.items()}


def worst(values: Tensor, exact: Tensor, absolute: bool) -> Tensor:
    """The error at each point, relative to the largest entry unless absolute."""
    error, size = ((t.double()).flatten(1).abs().amax(1) if t.ndim > 1 else t.abs() for t in (values - exact, exact))
    return error if absolute else error / size


@pytest.mark.parametrize("dtype", CLAIMED)
@pytest.mark.parametrize("d", [2, 3])
def test_trusted_results_are_as_good_as_claimed(d: int, dtype: torch.dtype) -> None:
    """At cond(g) of 1e2 to 1e10; many are trusted where it is small, and none where it is large."""
    counts: dict[str, list[int]] = {}
    for spread in SPREADS:
        rows = rows_of(d, spread, dtype)
        exact = exactly(rows, d)
        for name, expected in exact.items():
            values, trusted = getattr(small(rows, d), name)()
            errors = worst(values, expected, absolute=name == "log_volume")
            assert (errors[trusted] < CLAIMED[dtype]).all(), (name, spread, errors[trusted].max())
            counts.setdefault(name, []).append(int(trusted.sum()))
    for name, count in counts.items():
        assert count[-1] == 0, name
        if dtype == torch.float64:
            assert count[0] > POINTS / 4, name
