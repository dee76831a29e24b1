"""Sections and Donaldson's balanced metric: dimensions, reduction, symmetry, and the law of k^{-2}."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from symgeo.calabi_yau.donaldson import balanced_metric
from symgeo.calabi_yau.hypersurface import dwork, fermat, hypersurface
from symgeo.calabi_yau.sample import Sample, at, sample
from symgeo.calabi_yau.sections import Sections
from symgeo.errors import InputError, NumericalError

PLAIN = hypersurface(
    [[3, 0, 0], [0, 3, 0], [0, 0, 3], [2, 1, 0], [1, 1, 1], [0, 1, 2]], [1, 1, 1, 0.3, 0.2j, -0.1], "cubic"
)


def eta(g: torch.Tensor, there: Sample) -> torch.Tensor:
    return torch.linalg.det(g).real / (there.kappa * there.density)


def sigma(g: torch.Tensor, there: Sample) -> float:
    return float((there.weights * (1 - eta(g, there)).abs()).sum() / there.weights.sum())


@pytest.mark.parametrize(("n", "degree"), [(1, 2), (1, 5), (2, 3), (2, 6), (3, 4), (3, 6)])
def test_there_are_as_many_sections_as_the_hilbert_polynomial_says(n, degree):
    count = n + 2
    wanted = math.comb(degree + count - 1, count - 1)
    if degree >= count:
        wanted -= math.comb(degree - 1, count - 1)
    assert len(Sections(fermat(n), degree)) == wanted


@pytest.mark.parametrize("where", [fermat(1), dwork(1, 0.3), dwork(2, 0.4 + 0.2j), PLAIN], ids=lambda h: h.name)
def test_reduced_monomials_are_the_same_on_the_hypersurface(where):
    z = sample(where, 20, 0, kappa=1.0).points
    sections = Sections(where, where.degree + 2)
    for monomial in ((where.degree + 2, *(0,) * (where.degree - 1)), (where.degree, 1, 1, *(0,) * (where.degree - 3))):
        reduced = sections._reduced(monomial)
        number = {tuple(e): i for i, e in enumerate(sections.exponents.tolist())}
        s = sections.values(z)
        found = sum(c * s[:, number[e]] for e, c in reduced.items())
        exact = torch.stack([z[:, j] ** e for j, e in enumerate(monomial)]).prod(0)
        assert torch.allclose(found, exact, rtol=1e-10, atol=1e-11)


def test_gradients_are_those_of_complex_differences():
    z = sample(fermat(2), 6, 0).points
    sections = Sections(fermat(2), 5)
    for j in range(4):
        step = torch.zeros(4, dtype=torch.complex128)
        step[j] = 1e-6
        found = (sections.values(z + step) - sections.values(z - step)) / 2e-6
        assert torch.allclose(sections.gradients(z)[:, :, j], found, atol=1e-8)


@pytest.mark.parametrize("where", [fermat(2), dwork(1, 0.3 + 0.1j)], ids=lambda h: h.name)
def test_a_symmetrised_form_is_the_form_of_the_symmetrised_sample(where):
    """T over a sample and all its images, beside the average of T over the group: the same matrix."""
    there, d = sample(where, 8, 1), where.degree
    sections = Sections(where, d + 1)
    roots = np.exp(2j * math.pi * np.arange(d) / d)
    images = []
    for order in torch.cartesian_prod(*[torch.arange(d)] * d):
        if len(set(order.tolist())) < d:
            continue
        for powers in np.ndindex(*(d,) * d):
            if where.symmetry == "dwork" and sum(powers) % d:
                continue
            images.append(there.points[:, order] * torch.from_numpy(roots[list(powers)]))
    if where.symmetry == "fermat":
        images += [z.conj() for z in images]
    z = torch.cat(images)
    s, images_s = sections.values(there.points), sections.values(z)
    once, all_of_them = s.T @ s.conj() / len(s), images_s.T @ images_s.conj() / len(images_s)
    assert torch.allclose(sections.symmetric(once), all_of_them, rtol=1e-9, atol=1e-10 * float(all_of_them.abs().max()))


def test_the_balanced_metric_of_degree_one_is_fubini_and_study_s():
    """The symmetry leaves one metric only."""
    there = sample(fermat(3), 200, 0)
    made = balanced_metric(fermat(3), there, 1)
    assert torch.allclose(made.metric(there), there.fubini_study, rtol=1e-10)


def test_the_balanced_metric_is_kaehler_in_fubini_and_study_s_class_and_the_same_in_all_patches():
    where = dwork(2, 0.3)
    there = sample(where, 3000, 0)
    made = balanced_metric(where, there, 3)
    g = made.metric(there)
    assert (torch.linalg.eigvalsh(g) > 0).all()
    # The volume is topological: eta has mean one under |Omega|^2, within the error of the points.
    parts = (there.weights * eta(g, there)).reshape(-1, 4).mean(1)
    assert abs(parts.mean() - 1) < 4 * parts.std() / math.sqrt(len(parts))
    other = (there.patch + 1) % 4
    again = at(where, there.points[:200], patch=other[:200])
    assert torch.allclose(eta(made.metric(again), again), eta(g, there)[:200], rtol=1e-10)


def test_the_balanced_metric_falls_short_by_k_to_the_minus_two():
    train, fresh = sample(fermat(2), 20000, 0), sample(fermat(2), 2000, 1)
    degrees = (2, 3, 4, 5)
    found = [sigma(balanced_metric(fermat(2), train, k).metric(fresh), fresh) for k in degrees]
    slope = np.polyfit(np.log(degrees), np.log(found), 1)[0]
    assert -2.4 < slope < -1.6
    assert found[-1] < 0.1 * 0.229


def test_what_cannot_be_meant_is_said():
    there = sample(fermat(2), 30, 0)
    with pytest.raises(InputError, match="`degree` must be a whole number of at least 1, not 0"):
        balanced_metric(fermat(2), there, 0)
    with pytest.raises(InputError, match="at least 52 points, as many as sections, not 30"):
        balanced_metric(fermat(2), there, 5)
    with pytest.raises(NumericalError, match="linearly dependent"):
        balanced_metric(PLAIN, sample(PLAIN, 1, 0, kappa=1.0)[torch.zeros(30, dtype=torch.int64)], 3)
