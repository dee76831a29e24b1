"""Barlow Twins and its probe: the loss by its definition, the probe by its optimality and by scikit-learn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from symgeo.errors import InputError, NumericalError
from symgeo.models import experiment_config
from symgeo.models.barlow import BarlowTwins, redundancy_loss
from symgeo.models.objectives import Twins
from symgeo.models.probe import fit_probe, logistic_regression
from symgeo.models.resnet import ResNet


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def twins(seed: int = 0) -> BarlowTwins:
    generator = torch.Generator().manual_seed(seed)
    shape = {"widths": (2, 3, 4, 5), "blocks": (1, 1, 1, 1), "dtype": torch.float64}
    return BarlowTwins(ResNet(8, 3, generator=generator, **shape), (6, 7), "gelu", generator)


def test_the_loss_is_that_of_numpys_correlations():
    u, v = normal(50, 4), normal(50, 4, seed=1)
    c = np.corrcoef(u.T, v.T)[:4, 4:]
    off = (c**2).sum() - (np.diag(c) ** 2).sum()
    expected = ((1 - np.diag(c)) ** 2).sum() + 0.3 * off
    # 1e-5 is added to variances near 1.
    assert redundancy_loss(u, v, 0.3).item() == pytest.approx(expected, rel=1e-4)


def test_the_loss_vanishes_for_equal_and_independent_projections_only():
    q = torch.linalg.qr(normal(40, 5) - normal(40, 5).mean(0))[0]
    q = torch.linalg.qr(torch.cat([torch.ones(40, 1).double(), q], 1))[0][:, 1:] * 40**0.5
    assert redundancy_loss(q, q, 0.005).item() < 1e-8
    assert redundancy_loss(q, -q, 0.005).item() == pytest.approx(5 * 4, rel=1e-4)  # C = -I
    repeated = q[:, :1].expand(-1, 5)
    assert redundancy_loss(repeated, repeated, 0.005).item() == pytest.approx(0.005 * 20, rel=1e-4)


def test_the_labels_are_not_looked_at():
    model, x = twins(), torch.rand(8, 192, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    losses = []
    for labels in (torch.zeros(8).long(), torch.arange(8) % 3):
        loss, hits = Twins("views", 0.005).loss(model, x, labels, torch.Generator().manual_seed(1))
        losses.append(loss.item())
        assert hits is None
    assert losses[0] == losses[1]
    loss.backward()
    assert model.features.stem[1].weight.grad is not None
    assert model.readout.weight.grad is None


def test_the_probe_is_scikit_learns():
    u = normal(200, 4)
    labels = (u @ normal(4, 3, seed=3) + normal(200, 3, seed=4)).argmax(1)
    weight, bias = logistic_regression(u, labels, 3, ridge=1e-2)
    # scikit-learn minimises C sum H + |V|^2 / 2, so that C = 1 / (m ridge).
    other = LogisticRegression(C=1 / (200 * 1e-2), tol=1e-10, max_iter=1000).fit(u.numpy(), labels.numpy())
    ours = u @ weight.T + bias
    theirs = torch.from_numpy(other.decision_function(u.numpy()))
    gap = (ours - ours.mean(1, keepdim=True)) - (theirs - theirs.mean(1, keepdim=True))
    assert gap.abs().max() < 1e-3


def test_the_probe_reads_the_features_themselves():
    model = twins(1).eval()
    x = torch.rand(60, 192, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        features = model.features(x)
    labels = (features[:, 0] > features[:, 0].median()).long()
    fit_probe(model, x, labels, ridge=1e-6)
    assert (model(x).argmax(1) == labels).double().mean() > 0.95
    assert not model.training


def test_features_that_are_not_finite_are_refused():
    model = twins(2)
    with torch.no_grad():
        model.features.stem[1].weight.fill_(torch.nan)
    with pytest.raises(NumericalError, match="the features are not finite"):
        fit_probe(model, torch.rand(5, 192, dtype=torch.float64), torch.zeros(5).long())


def test_what_cannot_be_meant_is_refused():
    generator = torch.Generator().manual_seed(0)
    with pytest.raises(InputError, match="`widths` of the projector must be one or more"):
        BarlowTwins(ResNet(8, 3, widths=(2, 2, 2, 2), blocks=(1, 1, 1, 1)), (), "gelu", generator)
    with pytest.raises(InputError, match="frozen-features leaves barlow-twins nothing to learn"):
        experiment_config("barlow-twins", control="frozen-features")
    with pytest.raises(InputError, match="`architecture` must be resnet for frozen-features, not mlp"):
        experiment_config("mnist", control="frozen-features")
    with pytest.raises(InputError, match="`augmentation` must be one of none, crop-flip, views, not 'blur'"):
        replace(experiment_config("cifar10"), augmentation="blur")
