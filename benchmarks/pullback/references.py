"""What is too slow for the table, and what it does not ask: references, curved targets, passes of a network."""

from __future__ import annotations

from pathlib import Path

import torch

from benchmarks.pullback.cases import Case
from benchmarks.pullback.measure import check, timed
from benchmarks.pullback.peer import NetworkPeer
from benchmarks.pullback.systems import point_by_point, symgeo
from symgeo.pullback import Pullback

TARGETS = ("flat", "diagonal", "fisher")


def slow(case: Case, geomstats: Path | None, folder: Path) -> dict[str, float]:
    """Seconds a point of slow references: both on the Christoffel symbols, the first on R too."""
    ours, (network, points, _) = symgeo(case), case.made()
    some = points[:2]
    theirs = point_by_point(case)
    check("torch.autograd", theirs(some).abs().sum().item(), ours(some).abs().sum().item(), case.dtype)
    times = {"torch.autograd, point by point": timed(lambda: theirs(some)) / 2}
    if geomstats is not None:
        peer = NetworkPeer(case, geomstats, "geomstats_worker", folder, 1)
        check("geomstats", peer.checksum, Pullback(network).christoffel(points[:1]).abs().sum().item(), case.dtype)
        times["geomstats, Christoffel symbols alone"] = peer.seconds()
        peer.close()
    return times


@torch.no_grad()
def targets(case: Case, rounds: int) -> dict[str, float]:
    """Seconds a point for each metric on the features, the same quantity."""
    network, points, _ = case.made()
    weights = torch.linspace(1.0, 2.0, network(points[:1]).shape[1], dtype=case.dtype)
    quantities = ("metric",) if case.quantity == "metric" else ("christoffel", "scalar_curvature")
    geometries = {
        name: Pullback(network, target=weights if name == "diagonal" else name)  # pyright: ignore[reportArgumentType]
        for name in TARGETS
    }
    best = dict.fromkeys(TARGETS, float("inf"))
    for _ in range(rounds):
        for name, geo in geometries.items():
            best[name] = min(best[name], timed(lambda geo=geo: geo.evaluate(points, *quantities)) / len(points))
    return best


@torch.no_grad()
def passes(case: Case, rounds: int) -> float:
    """How many passes forward of the network the answer costs: of the same points, at once."""
    network, points, plane = case.made()
    ours = symgeo(case)
    shape = [len(points), *[1] * (plane[0].ndim)]
    inputs = plane[0] + points[:, 0].view(shape) * plane[1] + points[:, 1].view(shape) * plane[2]
    best = {"ours": float("inf"), "network": float("inf")}
    for _ in range(rounds):
        best["ours"] = min(best["ours"], timed(lambda: ours(points)))
        best["network"] = min(best["network"], timed(lambda: network(inputs)))
    return best["ours"] / best["network"]
