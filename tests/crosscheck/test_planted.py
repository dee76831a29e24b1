"""Wrong closed forms, planted: every row of the cross-check has to see the error that concerns it."""

import numpy as np
import pytest
import sympy as sp
from scipy.special import stdtr

from symgeo.activations import Activation
from symgeo.crosscheck import failures, shallow, wide
from symgeo.crosscheck.deviation import VANISHING
from symgeo.crosscheck.monte_carlo import NETWORKS
from symgeo.crosscheck.rows import LIMITS
from symgeo.networks import WideNetwork

SMOOTH = tuple(name for name in wide.ACTIVATIONS if name != "relu")
# The wide ReLU network is flat: what vanishes is as right when it is multiplied.
ZERO = {("wide relu", "christoffel"), ("wide relu", "scalar_curvature")}


def plant(monkeypatch, room, quantity, wrong):
    """Replace the values of a quantity's kernel by `wrong` of them."""
    generate = room.generate

    def planted(method, *backend):
        kernel = generate(method, *backend)
        if method.__name__ != quantity:
            return kernel
        return lambda *points, **parameters: wrong(kernel(*points, **parameters))

    monkeypatch.setattr(room, "generate", planted)


def found(rows):
    return {(row.subject, row.quantity, row.method) for row in failures(rows)}


def expected(methods, names, *quantities):
    return {(f"wide {name}", q, m) for name in names for q in quantities for m in methods}


def test_a_wrong_expectation(references, monkeypatch):
    # G(v) too large by 0.3 %: Christoffel symbols do not change, and neither does the curvature 0.
    class Wrong(WideNetwork):
        def __init__(self, name):
            true = WideNetwork(name).activation
            gram = true.gram
            assert gram is not None
            wrong = lambda v: sp.Rational(1003, 1000) * gram(v)  # noqa: E731
            super().__init__(Activation(true.name, true.phi, true.smoothness, wrong, true.phi_prime))

    monkeypatch.setattr(wide, "WideNetwork", Wrong)
    every = ("quadrature", "Monte Carlo", "autodiff")
    assert found(wide.rows()) == {
        *expected(every, SMOOTH, "matrix", "log_volume_element", "scalar_curvature"),
        *expected(every[:2], ("relu",), "matrix", "log_volume_element"),
    }


@pytest.mark.parametrize(
    ("quantity", "wrong"),
    [
        pytest.param("scalar_curvature", lambda R: 3 * R, id="the published factor three"),
        pytest.param("scalar_curvature", lambda R: -R, id="the other sign of R"),
        pytest.param("christoffel", lambda gamma: -gamma, id="the other sign of Gamma"),
        pytest.param("christoffel", lambda gamma: np.swapaxes(gamma, 1, 2), id="the upper index misplaced"),
    ],
)
def test_a_wrong_tensor(references, monkeypatch, quantity, wrong):
    plant(monkeypatch, wide, quantity, wrong)
    assert found(wide.rows()) == expected(("quadrature", "Monte Carlo", "autodiff"), SMOOTH, quantity)


@pytest.mark.parametrize("factor", [0.997, 1.003])
@pytest.mark.parametrize("quantity", wide.QUANTITIES)
def test_three_thousandths_are_seen_in_every_row(references, monkeypatch, quantity, factor):
    for room in (wide, shallow):
        plant(monkeypatch, room, quantity, lambda value: factor * value)
    rows = [row for room in (wide, shallow) for row in room.rows() if row.quantity == quantity]
    unseen = [(row.subject, row.quantity, row.method) for row in rows if row.passed]
    assert {(subject, q) for subject, q, _ in unseen} <= ZERO


def test_what_should_vanish_and_does_not_is_seen(references, monkeypatch):
    for quantity in ("christoffel", "scalar_curvature"):
        plant(monkeypatch, wide, quantity, lambda value: value + 1e-11)
    assert {(*zero, "quadrature") for zero in ZERO} <= found(wide.rows())


def test_every_reference_vanishes_or_has_a_size(references):
    # In between, a relative error would say little, and an absolute one nothing.
    for name, several in references.items():
        for reference in several:
            size = np.abs(reference.value).reshape(len(wide.POINTS), -1).max(axis=1)
            if (f"wide {name}", reference.quantity) in ZERO:
                assert (size < VANISHING).all()
            else:
                assert (size > 1e-6).all()


def test_the_limit_of_the_z_scores_is_bonferronis(references):
    components = 0
    for several in references.values():
        for reference in several:
            if reference.error is not None:
                # Symmetric components are the same number: one of each.
                seen = {"matrix": 6, "christoffel": 18}.get(reference.quantity, 1)
                assert len(np.unique(reference.value[0].round(12))) <= seen
                components += seen * len(wide.POINTS)
    assert components == 333
    family_wise = 2 * components * stdtr(NETWORKS - 1, -LIMITS["Monte Carlo"][1])
    assert 5e-4 < family_wise < 1e-3
