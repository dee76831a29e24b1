"""The experiments' settings: "paper" is the published one, "quick" ends within minutes on two cores.

Sources: "Neural networks learn to magnify areas near decision boundaries", arXiv:2301.11375, and its published
commands; for spiral, circles and moons the public notebook riemann-nn, after "Principles of Riemannian geometry in
neural networks" (Hauser, Ray 2017).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from symgeo.models.config import Config

_XOR = Config(
    experiment="xor",
    preset="paper",
    data="xor",
    hidden=(10,),
    activation="sigmoid",
    parametrisation="standard",
    optimiser="sgd",
    learning_rate=0.02,
    momentum=0.9,
    weight_decay=1e-4,
    batch=4,
    epochs=2000,
    saved=(0, 20, 50, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000, 1250, 1500, 1750, 2000),
)

_SINUSOID = Config(
    experiment="sinusoid",
    preset="paper",
    data="sinusoid",
    hidden=(250,),
    activation="sigmoid",
    parametrisation="ntk",
    optimiser="sgd",
    learning_rate=0.1,
    momentum=0.9,
    batch=50,
    epochs=10_000,
    saved=(0, 10, 30, 100, 200, 300, 500, 1000, 2000, 3000, 5000, 7000, 10_000),
)

_MNIST = Config(
    experiment="mnist",
    preset="paper",
    data="mnist",
    hidden=(2000,),
    activation="sigmoid",
    parametrisation="standard",
    optimiser="adam",
    learning_rate=1e-3,
    weight_decay=1e-4,
    batch=1000,
    epochs=200,
    saved=(0, 1, 5, 20, 50, 100, 150, 200),
    dtype="float32",
)

_CIFAR10 = Config(
    experiment="cifar10",
    preset="paper",
    data="cifar10",
    hidden=(64, 128, 256, 512),
    blocks=(3, 4, 6, 3),
    architecture="resnet",
    activation="gelu",
    parametrisation="standard",
    augmentation="crop-flip",
    optimiser="sgd",
    learning_rate=0.01,
    momentum=0.9,
    weight_decay=1e-4,
    batch=1024,
    epochs=200,
    saved=(0, 1, 5, 20, 50, 100, 150, 200),
    dtype="float32",
)

# A ResNet-10 of an eighth of the widths.
_THIN = {"hidden": (8, 16, 32, 64), "blocks": (1, 1, 1, 1), "samples": 10_000}


def _xor(name: str, width: int) -> dict[str, Config]:
    # The published setting is quick.
    return {preset: replace(_XOR, experiment=name, preset=preset, hidden=(width,)) for preset in ("quick", "paper")}


def _sinusoid(name: str, *hidden: int) -> dict[str, Config]:
    paper = replace(_SINUSOID, experiment=name, hidden=hidden)
    # Steps five times as long and a fifth as many: the same way downhill, ending at the same loss (0.07 nats).
    quick = replace(
        paper,
        preset="quick",
        learning_rate=5 * paper.learning_rate,
        epochs=paper.epochs // 5,
        saved=tuple(epoch // 5 for epoch in paper.saved),
    )
    return {"quick": quick, "paper": paper}


def _mnist(name: str, activation: str) -> dict[str, Config]:
    paper = replace(_MNIST, experiment=name, activation=activation)
    # A quarter of the width, and small batches in place of many epochs.
    quick = replace(paper, preset="quick", hidden=(500,), learning_rate=3e-3, batch=50, epochs=3, saved=(0, 1, 3))
    return {"quick": quick, "paper": paper}


def _cifar10(name: str, activation: str) -> dict[str, Config]:
    paper = replace(_CIFAR10, experiment=name, activation=activation)
    # Small batches and long steps, which shrink to none, in place of many epochs.
    quick = replace(
        paper,
        preset="quick",
        learning_rate=0.05,
        weight_decay=5e-4,
        schedule="cosine",
        batch=100,
        epochs=8,
        saved=(0, 1, 3, 8),
        **_THIN,
    )
    return {"quick": quick, "paper": paper}


def _barlow_twins() -> dict[str, Config]:
    paper = replace(
        _CIFAR10,
        experiment="barlow-twins",
        objective="barlow-twins",
        augmentation="views",
        projector=(256,),  # as in the published command
        redundancy=0.005,
        epochs=1000,
        saved=(0, 1, 5, 20, 50, 200, 500, 1000),
    )
    quick = replace(
        paper,
        preset="quick",
        learning_rate=0.03,
        schedule="cosine",
        batch=64,
        projector=(256, 256),
        epochs=5,
        saved=(0, 1, 2, 5),
        **_THIN,
    )
    return {"quick": quick, "paper": paper}


def _spiral(name: str, data: str, order: int, gain: float, activation: str = "tanh") -> dict[str, Config]:
    # The public notebook's setting, which is quick. At a gain of 0.001 order 0 has no signal to learn from.
    config = Config(
        experiment=name,
        preset="paper",
        data=data,
        hidden=(2,) * 10,
        activation=activation,
        parametrisation="standard",
        optimiser="adamw",
        learning_rate=5e-3,
        weight_decay=0.05,
        batch=1000,
        epochs=200,
        saved=(0, 20, 50, 100, 150, 200),
        architecture=f"smooth-{order}",
        gain=gain,
    )
    return {preset: replace(config, preset=preset) for preset in ("quick", "paper")}


EXPERIMENTS: Mapping[str, Mapping[str, Config]] = MappingProxyType(
    {
        "xor": _xor("xor", 10),
        "xor-2": _xor("xor-2", 2),
        "xor-100": _xor("xor-100", 100),
        "sinusoid": _sinusoid("sinusoid", 250),
        "sinusoid-5": _sinusoid("sinusoid-5", 5),
        "sinusoid-20": _sinusoid("sinusoid-20", 20),
        "sinusoid-deep": _sinusoid("sinusoid-deep", 8, 8, 8),
        "spiral": _spiral("spiral", "spiral", order=2, gain=1e-3),
        "spiral-c1": _spiral("spiral-c1", "spiral", order=1, gain=1e-3),
        "spiral-c0": _spiral("spiral-c0", "spiral", order=0, gain=1.0),
        "spiral-sigmoid": _spiral("spiral-sigmoid", "spiral", order=2, gain=1e-3, activation="sigmoid"),
        "spiral-c1-sigmoid": _spiral("spiral-c1-sigmoid", "spiral", order=1, gain=1e-3, activation="sigmoid"),
        "circles": _spiral("circles", "circles", order=2, gain=1e-3),
        "moons": _spiral("moons", "moons", order=2, gain=1e-3),
        "mnist": _mnist("mnist", "sigmoid"),
        "mnist-erf": _mnist("mnist-erf", "erf"),
        "mnist-relu": _mnist("mnist-relu", "relu"),
        "cifar10": _cifar10("cifar10", "gelu"),
        "cifar10-relu": _cifar10("cifar10-relu", "relu"),
        "barlow-twins": _barlow_twins(),
    }
)
"""Experiment name -> preset name -> configuration, for seed 0."""

# The digits are 1,437 images of 64 pixels: batches of 1000 would be one step an epoch, and 3 epochs too few steps.
ON_DIGITS: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {
        "quick": {"data": "digits", "batch": 50, "epochs": 30, "saved": (0, 3, 10, 30)},
        "paper": {"data": "digits", "batch": 50},
    }
)
