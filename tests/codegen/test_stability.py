"""Kernels against 50 digits, with s, sigma and zeta over 12 orders of magnitude each."""

import itertools

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

import symgeo
from symgeo.codegen import generate
from symgeo.errors import InputError
from symgeo.geometry.radial_tensor import RadialTensor

CLOSED = ["erf", "probit", "gelu", "gaussian_softplus", "sin", "cos", "gaussian", "exp", "monomial(3)", "relu"]
QUANTITIES = ["matrix", "inverse", "log_volume_element", "christoffel", "riemann", "ricci", "scalar_curvature"]
# No round numbers: a curvature may change its sign there, and then nothing has digits.
S = [1.7e-6, 1.1e-3, 0.7, 1.3e3, 1.9e6]
SIGMA = [1.3e-6, 1.9e-3, 1.1, 0.8e3, 1.2e6]
ZETA = [0.0, 0.9e-6, 1.6e-3, 1.4, 0.7e3, 1.5e6]
BOUND = 1e-13
"""Of the largest component, times 1 + the condition: what a relative change of sigma makes of the value.

A logarithm's error counts as one of what it is the logarithm of.
"""
CHANGE = mp.mpf(10) ** -30


def exact(value, symbols, numbers, x, change=0):
    """The quantity at x, and sigma changed by so much, as an array of 50 digits or more: 150 are carried."""
    tensor = isinstance(value, RadialTensor)
    coefficients = [c for c, _ in value.terms] if tensor else [value]
    with mp.workdps(150):
        point = [mp.mpf(float(c)) for c in x]
        s = mp.fsum(c * c for c in point)
        f = sp.lambdify([symbols[n] for n in ("s", "sigma", "zeta")], coefficients, "mpmath", cse=True)
        sigma, zeta = map(mp.mpf, numbers)
        found = [mp.mpf(v) for v in f(s, sigma * (1 + change), zeta)]
        if not tensor:
            return np.array(found[0], dtype=object)
        result = np.full((len(x),) * len(value.positions), mp.mpf(0), dtype=object)
        for index in itertools.product(range(len(x)), repeat=len(value.positions)):
            for c, (_, factors) in zip(found, value.terms, strict=True):
                if all(index[g[0]] == index[g[-1]] for g in factors):
                    result[index] += c * mp.fprod(point[index[g[0]]] for g in factors if len(g) == 1)
        return result


def worst(name, quantity, dimension, backend, grid):
    """The largest error over the grid, where the value is one that a double can hold."""
    metric = symgeo.WideNetwork(name, inputs=dimension).metric
    method = getattr(metric, quantity)
    kernel, value = generate(method, backend), method()
    direction = np.array([0.6, -0.48, 0.64])[:dimension]
    most, compared = 0.0, 0
    for s, sigma, zeta in grid:
        x = direction * np.sqrt(s)
        truth = exact(value, metric.symbols, (sigma, zeta), x)
        moved = exact(value, metric.symbols, (sigma, zeta), x, CHANGE)
        size = max(abs(v) for v in truth.ravel())
        if not 1e-280 < size < 1e280:
            continue
        size = max(size, 1) if quantity == "log_volume_element" else size
        condition = max(abs(a - b) for a, b in zip(moved.ravel(), truth.ravel(), strict=True)) / (size * CHANGE)
        try:
            got = np.asarray(kernel(x, sigma=sigma, zeta=zeta))
        except InputError:
            return np.inf, compared
        compared += 1
        pairs = zip(got.ravel(), truth.ravel(), strict=True)
        most = max(most, *(float(abs(mp.mpf(float(a)) - b) / (size * (1 + condition))) for a, b in pairs))
    return most, compared


def grid_of(name, dimension):
    """All combinations; at zeta = 0 a power is a cone in the plane, whose curvature is zero."""
    cone = dimension == 2 and name.startswith("monomial")
    return [g for g in itertools.product(S, SIGMA, ZETA) if g[2] > 0 or not cone]


@pytest.mark.parametrize("name", CLOSED)
def test_scalar_curvature_and_volume(name):
    for quantity in ("scalar_curvature", "log_volume_element"):
        error, compared = worst(name, quantity, 3, "numpy", grid_of(name, 3)[::4])
        if name != "relu" or quantity != "scalar_curvature":  # flat: zero
            assert compared > 10
            assert error < BOUND, quantity


@pytest.mark.parametrize("name", ["erf", "gelu"])
def test_riemann_in_the_plane(name):
    error, compared = worst(name, "riemann", 2, "numpy", grid_of(name, 2)[::3])
    assert compared > 10
    assert error < BOUND


@pytest.mark.slow
@pytest.mark.parametrize("quantity", QUANTITIES)
@pytest.mark.parametrize("name", CLOSED)
@pytest.mark.parametrize(("dimension", "backend"), [(2, "numpy"), (3, "c"), (3, "torch")])
def test_every_quantity(name, quantity, dimension, backend):
    # Minutes of 150-digit arithmetic.
    if name == "cos" and dimension == 2 and quantity in ("riemann", "ricci", "scalar_curvature"):
        pytest.skip("a cosine's plane is a cone to leading order: curvature keeps 16 + log10(sigma^2 s) digits")
    error, _ = worst(name, quantity, dimension, backend, grid_of(name, dimension))
    assert error < BOUND
