r"""Networks beside fixed kernels: the same points, the same budget, one table.

    fubini-study    g_FS itself
    balanced        Donaldson's metric of one degree, from ten times as many points
    network         a phi-network on Z_i conj(Z_j)/|Z|^2, all parameters trained by Adam
    linearised      the same network, its kernel frozen at the start, the same optimiser and epochs
    frozen kernel   the same kernel solved to convergence; of a scan of ridges the best on the held-out points
    gaussian, relu, delta   element-wise flows with kernels of infinite width, to the end of their steps
    invariants      the logarithm of a polynomial in the symmetries' invariants: linear in its parameters, no network

Measured on held-out points, with |Omega|^2 as the measure: sigma = E |1 - eta| and the Ricci measure
Vol^{1/n} E |g^{ab} Ric_ab| (`symgeo.calabi_yau.measures`), which vanishes for the Ricci-flat metric. The frozen
kernel's ridge is chosen in its favour.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Protocol

import torch
from jaxtyping import Complex
from torch import Tensor, nn

from symgeo.calabi_yau.config import Config, monomials
from symgeo.calabi_yau.curvature import metric_jets, scalar_curvature
from symgeo.calabi_yau.donaldson import balanced_metric
from symgeo.calabi_yau.elementwise import elementwise_flow
from symgeo.calabi_yau.frozen import FrozenNetwork, TangentModel, ridge_scan, tangent_equation
from symgeo.calabi_yau.hypersurface import fermat
from symgeo.calabi_yau.ledger import Row
from symgeo.calabi_yau.monge_ampere import Equation, equation, sigma
from symgeo.calabi_yau.network import Architecture, PhiNetwork
from symgeo.calabi_yau.presets import DIMENSIONS
from symgeo.calabi_yau.sample import Sample, sample
from symgeo.calabi_yau.training import epochs, optimiser_of
from symgeo.errors import InputError
from symgeo.flows.kernels import Kernel, gaussian, relu_ntk
from symgeo.models.checkpoint import State


@dataclass(frozen=True)
class Setting:
    """What all methods share.

    Attributes:
        points: that they learn from.
        held_out: that they are measured on.
        curved: of these, where the Ricci measure is taken.
        widths: of the network.
        readout: its last weights are N(0, readout^2/width): the metric is positive at the start.
        epochs: of Adam.
        learning_rate: at the first step; it falls like a cosine.
        batch: points a step.
        steps: of the element-wise flows.
        length: of the Gaussian kernel, in the coordinates Z Z^dagger/|Z|^2.
        degree: of the invariants.
        sections: the degree of the balanced metric.
    """

    points: int = 1000
    held_out: int = 2000
    curved: int = 200
    widths: tuple[int, ...] = (64, 64, 64)
    readout: float = 0.1
    epochs: int = 120
    learning_rate: float = 1e-2
    batch: int = 50
    steps: int = 300
    length: float = 0.5
    degree: int = 8
    sections: int = 4


class Geometry(Protocol):
    """What has a metric at the points of a sample."""

    def metric(self, sample: Sample) -> Complex[Tensor, "m n n"]:
        """g_ab."""
        ...


@dataclass(frozen=True)
class Outcome:
    """What a method found.

    Attributes:
        found: the metric.
        seconds: of the CPU, without the points and the measuring.
        smooth: whether it has derivatives, and with them a Ricci tensor.
        told: more numbers.
    """

    found: Geometry
    seconds: float
    smooth: bool = True
    told: Row = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    """One hypersurface and one seed: the points, and a network at its start."""

    setting: Setting
    seed: int
    points: Sample
    held_out: Sample

    @classmethod
    def of(cls, name: str, seed: int, setting: Setting) -> Task:
        """The points of "cubic", "k3" or "quintic".

        Raises:
            InputError: an unknown name.
        """
        if name not in DIMENSIONS:
            raise InputError(f"`name` must be one of {', '.join(DIMENSIONS)}, not {name!r}")
        where = fermat(DIMENSIONS[name])
        return cls(
            setting, seed, sample(where, setting.points, 2 * seed), sample(where, setting.held_out, 2 * seed + 1)
        )

    def network(self) -> PhiNetwork:
        """At its start, in float64."""
        return plain_network(self.points, self.setting.widths, self.setting.readout, self.seed)

    def config(self, **fields: object) -> Config:
        """Of an optimiser."""
        where = self.points.hypersurface
        return Config(
            where.name, "comparison", points=self.setting.points, seed=self.seed, **monomials(where), **fields
        )


def plain_network(points: Sample, widths: tuple[int, ...], readout: float, seed: int) -> PhiNetwork:
    """A network on Z_i conj(Z_j)/|Z|^2 as they are, with a readout drawn from N(0, readout^2/width).

    The features keep their common scale, of one half at most: scaled up one by one they make a rougher kernel, which
    finds worse metrics, frozen or not.
    """
    network = PhiNetwork(Architecture("plain", widths=widths), points, seed=seed)
    network.mean.zero_()
    network.scale.fill_(1)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        drawn = torch.randn(1, widths[-1], generator=generator, dtype=torch.float64)
        network.readout.weight.copy_(readout / widths[-1] ** 0.5 * drawn)
    return network


def measured(task: Task, outcome: Outcome) -> Row:
    """The row of a table."""
    there = task.held_out
    with torch.no_grad():
        g = outcome.found.metric(there)
        eta = torch.linalg.det(g).real / (there.kappa * there.density)
        weights = there.weights / there.weights.sum()
        lowest = torch.linalg.eigvals(torch.linalg.solve(there.fubini_study, g)).real.min()
    ricci = None
    if outcome.smooth:
        curved = there[: task.setting.curved]
        scalar = scalar_curvature(metric_jets(outcome.found, curved))
        n = there.hypersurface.dimension
        volume = there.hypersurface.degree / math.factorial(n)
        ricci = volume ** (1 / n) * float((curved.weights * scalar.abs()).sum() / curved.weights.sum())
    return {
        "sigma": float((weights * (1 - eta).abs()).sum()),
        "ricci": ricci,
        "lowest": float(lowest),
        "seconds": outcome.seconds,
        **outcome.told,
    }


def _fubini_study(task: Task) -> Outcome:
    class Itself:
        def metric(self, sample: Sample) -> Tensor:
            return sample.fubini_study

    return Outcome(Itself(), 0.0)


def _balanced(task: Task) -> Outcome:
    where = task.points.hypersurface
    points = sample(where, 10 * task.setting.points, 2 * task.seed + 1000)
    begun = time.process_time()
    return Outcome(balanced_metric(where, points, task.setting.sections), time.process_time() - begun)


def descended(task: Task, model: nn.Module, there: Equation, held_out: Callable[[], float]) -> tuple[float, Row]:
    """Train a model in float32 by Adam: the seconds, and a curve of (epoch, seconds, what `held_out` says)."""
    s = task.setting
    config = task.config(
        features="plain", adam_epochs=s.epochs, learning_rate=s.learning_rate, batch=s.batch, dtype="float32"
    )
    state = State(model, optimiser_of(model, config, 0), torch.Generator().manual_seed(task.seed))
    curve, spent, undone = [(0, 0.0, held_out())], 0.0, 0
    for record in epochs(state, there, config):
        spent, undone = spent + record.seconds, undone + record.undone
        if record.epoch % max(1, s.epochs // 30) == 0:
            curve.append((record.epoch, spent, held_out()))
    return spent, {"undone": undone, "curve": curve}


def _network(task: Task) -> Outcome:
    network = task.network().float()
    held_out = equation(network, task.held_out).to(torch.float32)
    spent, told = descended(task, network, equation(network, task.points), lambda: sigma(network, held_out))
    return Outcome(network.double(), spent, told=told)


def _linearised(task: Task) -> Outcome:
    frozen = FrozenNetwork(task.network()).float()
    held_out = equation(frozen.network, task.held_out).to(torch.float32)
    points = equation(frozen.network, task.points).to(torch.float32)
    begun = time.process_time()
    tangents, model = tangent_equation(frozen, points), TangentModel(frozen)
    prepared = time.process_time() - begun
    spent, told = descended(task, model, tangents, lambda: sigma(model.into(frozen), held_out))
    return Outcome(model.double().into(frozen.double()), prepared + spent, told=told)


def _frozen_kernel(task: Task) -> Outcome:
    network = task.network()
    there, held_out = equation(network, task.points), equation(network, task.held_out)
    begun = time.process_time()
    scan = ridge_scan(network, there, held_out)
    spent = time.process_time() - begun
    best = min(scan, key=lambda solution: solution.held_out)
    told = {"ridge": best.ridge, "scan": [(s.ridge, s.loss**0.5, s.held_out, s.converged) for s in scan]}
    return Outcome(best.network, spent, told=told)


def _elementwise(kernel: Callable[[Setting], Kernel | None]) -> Callable[[Task], Outcome]:
    def method(task: Task) -> Outcome:
        begun = time.process_time()
        flow = elementwise_flow(task.points, kernel(task.setting), steps=task.setting.steps)
        spent = time.process_time() - begun
        return Outcome(flow, spent, kernel(task.setting) is not None, {"gain": flow.gain, "rejected": flow.rejected})

    return method


def invariant_potential(points: Sample, degree: int, seed: int = 0) -> tuple[PhiNetwork, float]:
    """The logarithm of a polynomial in the invariants, solved by Levenberg and Marquardt, and the seconds it took.

    Raises:
        InputError: a hypersurface without the symmetries, or a degree below 2.
    """
    network = PhiNetwork(Architecture("invariant", degree, head="logarithm"), points, seed=seed)
    fields = {"features": "invariant", "degree": degree, "head": "logarithm", "points": len(points), "steps": 60}
    where = points.hypersurface
    config = Config(where.name, "comparison", seed=seed, **monomials(where), **fields)
    state = State(network, optimiser_of(network, config, 0), torch.Generator())
    spent = sum(record.seconds for record in epochs(state, equation(network, points), config))
    return network.requires_grad_(False), spent


def _invariants(task: Task) -> Outcome:
    network, spent = invariant_potential(task.points, task.setting.degree, task.seed)
    return Outcome(network, spent, told={"parameters": sum(p.numel() for p in network.parameters())})


METHODS: Mapping[str, Callable[[Task], Outcome]] = MappingProxyType(
    {
        "fubini-study": _fubini_study,
        "balanced": _balanced,
        "network": _network,
        "linearised": _linearised,
        "frozen kernel": _frozen_kernel,
        "gaussian": _elementwise(lambda setting: gaussian(setting.length)),
        "relu": _elementwise(lambda setting: relu_ntk),
        "delta": _elementwise(lambda setting: None),
        "invariants": _invariants,
    }
)
"""Method name -> what it makes of a task."""


def settings(setting: Setting) -> Row:
    """As a ledger keeps them."""
    return asdict(setting)
