"""Flows that a name and a few numbers describe, for the command line: `symgeo flow ricci --metric neckpinch`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from symgeo.errors import InputError
from symgeo.flows import exact
from symgeo.flows.conformal import conformal_flow
from symgeo.flows.homogeneous import Family, homogeneous_flow
from symgeo.flows.metric_network import metric_network
from symgeo.flows.natural_gradient import natural_flow
from symgeo.flows.perelman import FULL, entropies
from symgeo.flows.periodic import PeriodicGrid
from symgeo.flows.profile import dumbbell
from symgeo.flows.rotational import rotational_flow
from symgeo.flows.surface import FlatTorus, RoundSphere
from symgeo.flows.taxonomy import descent_flow
from symgeo.flows.tensor_flow import tensor_flow
from symgeo.flows.trajectory import Progress, Trajectory

KINDS = ("ricci", "perelman", "network", "natural")
#: Starts of `symgeo flow ricci`, and for how long they flow if nothing is said.
METRICS: Mapping[str, float] = {
    "neckpinch": 1.0,
    "rosenau": 2.0,
    "torus-mode": 1.0,
    "torus": 0.5,
}
#: For how long a homogeneous metric flows if nothing is said.
HOMOGENEOUS = 2.0
#: A homogeneous family of the dimension asked for.
Families: TypeAlias = Mapping[str, Callable[[int], Family]]
#: Of the other kinds.
DURATIONS: Mapping[str, float] = {"perelman": 0.05, "network": 0.05, "natural": 0.03}
#: Below, no profile with a neck is resolved.
NECKPINCH_POINTS = 16
#: The natural gradient's cut: fewer directions than it could take, but some ten seconds.
NATURAL_CUT = 1e-2


def named_flow(
    kind: str,
    metric: str = "neckpinch",
    *,
    families: Families = MappingProxyType({}),
    until: float | None = None,
    frames: int = 41,
    start: Mapping[str, float] | None = None,
    points: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Trajectory:
    """A flow from a start that has a name.

    Args:
        kind: "ricci"; "perelman", of a random metric on a torus; "network", gradient descent of Perelman's functional
            on a network's parameters; "natural", a network that tracks Ricci flow.
        metric: for "ricci", a name of METRICS or of `families`.
        families: homogeneous metrics by name, underscores written as hyphens in `metric`.
        until: the last time; each start has its own if not given.
        frames: how many states are kept, the first and the last among them.
        start: numbers of the start: `neck` of the neckpinch; the parameters of a homogeneous family, all 1 but for
            bianchi-ix, which begins at 1, 2, 3; `dimension` of "sphere" and "hyperbolic".
        points: of the grid in each direction, or of the profile; each start has its own if not given.
        seed: of what is random.
        progress: called at every state that is kept.

    Raises:
        InputError: an unknown name, or numbers that the start does not have.
    """
    if kind not in KINDS:
        raise InputError(f"`kind` must be one of {', '.join(KINDS)}, not {kind!r}")
    known = {**METRICS, **{name.replace("_", "-"): HOMOGENEOUS for name in families}}
    if kind == "ricci" and metric not in known:
        raise InputError(f"`--metric` {metric!r} is unknown; the known ones are {', '.join(known)}")
    duration = (known[metric] if kind == "ricci" else DURATIONS[kind]) if until is None else until
    if not (duration > 0 and math.isfinite(duration)):
        raise InputError(f"`--until` must be a positive time, not {until!r}")
    if frames < 2:
        raise InputError(f"`--frames` must be at least 2, not {frames}")
    least = NECKPINCH_POINTS if (kind, metric) == ("ricci", "neckpinch") else 1
    if points is not None and points < least:
        raise InputError(f"`--points` must be at least {least}, not {points}")
    if seed < 0:
        raise InputError(f"`--seed` must not be negative, not {seed}")
    times, given = np.linspace(0, duration, frames), dict(start or {})
    name = metric.replace("-", "_")
    if kind == "ricci" and name in families:
        return _homogeneous(name, families, given, times, progress)
    neck = given.pop("neck", 0.3) if (kind, metric) == ("ricci", "neckpinch") else None
    if given:
        known = "only neck, of neckpinch, and the parameters of homogeneous metrics are"
        raise InputError(f"`--start` {', '.join(given)} is no number of this start: {known}")
    if neck is not None:
        return rotational_flow(dumbbell(neck, points=points or 129), times, progress=progress)
    if kind == "ricci":
        return _conformal(metric, times, points, seed, progress)
    n = points or (17 if kind == "perelman" else 13)
    grid = PeriodicGrid((n, n))
    if kind == "perelman":
        flow = tensor_flow(grid, _random_metric(grid, seed), times, gauge="perelman", progress=progress)
        return entropies(flow, grid) if n * n <= FULL else flow
    network = metric_network(2, "free", widths=(32,), lengths=grid.lengths, steepness=0.3, seed=seed)
    if kind == "network":
        return descent_flow(network, grid, times, progress=progress)
    return natural_flow(network, grid, times, cut=NATURAL_CUT, progress=progress)


def _homogeneous(
    name: str, families: Families, given: dict[str, float], times: np.ndarray, progress: Progress | None
) -> Trajectory:
    dimension = given.pop("dimension", 3.0) if name in ("sphere", "hyperbolic") else 3.0
    if not dimension.is_integer():
        raise InputError(f"`--start` dimension must be a whole number, not {dimension}")
    metrics = families[name](int(dimension))
    values = (1.0, 2.0, 3.0) if name == "bianchi_ix" else (1.0,) * 3
    start = dict(zip(metrics.parameters, values, strict=False)) | given
    return homogeneous_flow(metrics, start, times, progress=progress)


def _conformal(metric: str, times: np.ndarray, points: int | None, seed: int, progress: Progress | None) -> Trajectory:
    if metric == "rosenau":
        sphere = RoundSphere(points or 32)
        theta, phi = sphere.points()
        u = exact.rosenau(1 - (np.sin(theta) * np.cos(phi)) ** 2, -1.0)
        return conformal_flow(sphere, u, times, progress=progress)
    torus = FlatTorus(points or 128)
    x, y = torus.points()
    if metric == "torus-mode":
        return conformal_flow(torus, exact.torus_mode(x + y, 0.0, wavenumber_squared=2.0), times, progress=progress)
    random = np.random.default_rng(seed)
    waves = torus.synthesis(torus.analysis(random.normal(size=torus.shape)) * np.exp(torus.eigenvalues / 8))
    return conformal_flow(torus, np.exp(waves / np.abs(waves).max()), times, progress=progress)


def _random_metric(grid: PeriodicGrid, seed: int) -> np.ndarray:
    """The identity plus waves of the lowest modes, of a tenth."""
    random = np.random.default_rng(seed)
    d, x = grid.dimension, grid.points()
    g = np.zeros((d, d, *grid.shape))
    for i in range(d):
        for j in range(i + 1):
            k = random.integers(-1, 2, size=(2, d))
            phases = np.tensordot(k, x, 1) + random.uniform(0, 2 * math.pi, size=(2, *(1,) * d))
            g[i, j] = g[j, i] = (i == j) + 0.05 * np.cos(phases).sum(0)
    return g
