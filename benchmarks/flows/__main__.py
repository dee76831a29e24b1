"""The flows' cost on one thread and their errors against exact solutions, as a table: python -m benchmarks.flows.

Times are of the processor, so that they do not depend on what else runs; the kernel is timed beside torch's jacrev, of
a loop over points and of the whole batch at once, and beside its vmap.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call, jacrev, vmap

from symgeo import generate
from symgeo.flows import (
    Family,
    FlatTorus,
    GridMetric,
    PeriodicGrid,
    RoundSphere,
    conformal_flow,
    disc_flow,
    dumbbell,
    exact,
    f_functional,
    f_rate,
    gram,
    ground,
    homogeneous_flow,
    metric_network,
    metric_ntk,
    potential,
    rotational_flow,
    spectrum,
    tensor_flow,
    w_functional,
    w_rate,
)
from symgeo.geometry import homogeneous_metric


def timed(call: Callable[[], object], repeats: int = 3) -> tuple[object, float]:
    """The result and the least processor time of a few calls."""
    seconds, result = [], None
    for _ in range(repeats):
        start = time.process_time()
        result = call()
        seconds.append(time.process_time() - start)
    return result, min(seconds)


def torus() -> None:
    """256 x 256 points to t = 1 of the diffusion time of the slowest mode."""
    surface = FlatTorus(256)
    x, y = surface.points()
    u = np.exp(np.cos(x) + 0.5 * np.sin(2 * y) + 0.3 * np.cos(x + 3 * y))
    flow, seconds = timed(lambda: conformal_flow(surface, u, [0, float(u.mean())]), 1)
    print(f"torus 256 x 256, max u / min u = {u.max() / u.min():.0f}: {seconds:.2f} s")
    surface = FlatTorus(64)
    x, y = surface.points()
    flow = conformal_flow(surface, exact.torus_mode(x + y, 0, wavenumber_squared=2), [0, 0.5])
    error = np.abs(flow.last["u"] / exact.torus_mode(x + y, 0.5, wavenumber_squared=2) - 1).max()
    print(f"torus mode, 64 x 64: relative error {error:.1e}, area kept to {np.ptp(flow.measures['area']):.1e}")


def rosenau() -> None:
    """On the sphere, to extinction at t = 0."""
    surface = RoundSphere(32)
    theta, phi = surface.points()
    s = 1 - (np.sin(theta) * np.cos(phi)) ** 2
    flow, seconds = timed(lambda: conformal_flow(surface, exact.rosenau(s, -1.0), [-1, -0.5, 1], every_step=True), 1)
    k = int(np.searchsorted(flow.times, -0.5))
    error = np.abs(flow.states["u"][k] / exact.rosenau(s, -0.5) - 1).max()
    rate = np.diff(flow.measures["area"]) / np.diff(flow.times) / (-8 * math.pi) - 1
    print(
        f"Rosenau, degree 32: relative error {error:.1e}, extinction off by {abs(flow.singular_time):.1e}, "
        f"dA/dt by {np.abs(rate).max():.1e}; {seconds:.2f} s"
    )


def bianchi() -> None:
    """The round three-sphere, exact."""
    sphere = homogeneous_metric("sphere", 3)
    family = Family(generate(sphere.metric.matrix), generate(sphere.metric.ricci), sphere.point, sphere.parameters)
    flow = homogeneous_flow(family, {"rho": 1.0}, [0, 0.2, 1])
    assert flow.singular_time is not None
    error = abs(flow.states["parameters"][1, 0] / exact.sphere_radius_squared(0.2, 3) - 1)
    print(f"S^3: relative error {error:.1e}, extinction off by {abs(flow.singular_time - 0.25):.1e}")


def neckpinch() -> None:
    """The exponent and the factor of the neck's radius."""
    for neck in (0.2, 0.25, 0.3):
        flow, seconds = timed(lambda neck=neck: rotational_flow(dumbbell(neck), [0, 1]), 1)
        left, radius = flow.singular_time - flow.times, flow.measures["neck"]
        late = (left < 0.05 * flow.singular_time) & (left > 2e-3 * flow.singular_time)
        exponent = np.polyfit(np.log(left[late]), np.log(radius[late]), 1)[0]
        factor = radius[late][-1] / math.sqrt(2 * left[late][-1])
        print(
            f"neckpinch from {neck}: T = {flow.singular_time:.7f}, exponent {exponent:.4f}, radius / sqrt(2(T-t)) = "
            f"{factor:.3f}; {len(flow.times)} steps, {seconds:.2f} s"
        )


def cigar() -> None:
    """On a disc, with the exact factor on its boundary."""
    times = [0.0, 0.25, 0.5]
    flow, seconds = timed(
        lambda: disc_flow(lambda s: exact.cigar(s, 0.0), lambda t: float(exact.cigar(4.0, t)), times, radius=2.0), 1
    )
    error = np.abs(flow.last["u"] / exact.cigar(flow.constants["r"] ** 2, 0.5) - 1).max()
    print(f"cigar, 33 points: relative error {error:.1e}; {seconds:.2f} s")


def perelman() -> None:
    """F and W beside their rates, and Perelman's flow beside Ricci flow in what no diffeomorphism changes."""
    grid, times = PeriodicGrid((21, 21)), np.linspace(0, 0.05, 11)
    x, y = grid.points()
    g = np.array([[1 + 0.06 * np.cos(x + y), 0.04 * np.sin(x)], [0.04 * np.sin(x), 1.2 + 0.05 * np.cos(y)]])
    flow, seconds = timed(lambda: tensor_flow(grid, g, times, gauge="perelman", tolerance=1e-11), 1)
    ricci = tensor_flow(grid, g, times, tolerance=1e-11)
    taus, metrics = 0.7 - times, [GridMetric(grid, state) for state in flow.states["g"]]
    fs = [potential(metric, np.ones(grid.shape)) for metric in metrics]
    shifted = [(a, f - math.log(4 * math.pi * tau), tau) for a, f, tau in zip(metrics, fs, taus, strict=True)]
    on_ricci = [GridMetric(grid, state) for state in ricci.states["g"]]
    grounds = [ground(metric) for metric in on_ricci]
    rows = {
        "F": ([f_functional(a, f) for a, f in zip(metrics, fs, strict=True)], list(map(f_rate, metrics, fs))),
        "W": ([w_functional(*each) for each in shifted], [w_rate(*each) for each in shifted]),
        "lambda": (
            [found.value for found in grounds],
            [f_rate(a, found.potential) for a, found in zip(on_ricci, grounds, strict=True)],
        ),
    }
    for name, (values, rates) in rows.items():
        v = np.array(values)
        slopes = (v[:-4] - 8 * v[1:-3] + 8 * v[3:-1] - v[4:]) / (12 * times[1])
        error = np.abs(slopes / np.array(rates)[2:-2] - 1).max()
        print(f"{name}: rises at every step: {bool((np.diff(v) > 0).all())}, rate off by {error:.1e} at most")
    found, wanted = (
        np.array([m.integral(1.0), m.integral(m.scalar_curvature**2), *spectrum(m, 6)])
        for m in (metrics[-1], on_ricci[-1])
    )
    scale = np.maximum(np.abs(wanted), 1e-3 * np.abs(wanted[2:]).max())
    print(
        f"Perelman's flow beside Ricci's: invariants to {np.abs((found - wanted) / scale).max():.1e}; {seconds:.2f} s"
    )


def kernel() -> None:
    """The metric-NTK's Gram matrix of 500 points, three components, 1e4 parameters."""
    network = metric_network(2, "additive", widths=(96, 96), lengths=(2 * math.pi,) * 2)
    parameters = {name: p.detach() for name, p in network.named_parameters()}
    x = 6 * torch.rand(500, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def one(p: dict[str, Tensor], point: Tensor) -> Tensor:
        return functional_call(network, p, (point[None],))[0]

    def product(jacobian: dict[str, Tensor]) -> Tensor:
        flat = torch.cat([j.reshape(1500, -1) for j in jacobian.values()], 1)
        return flat @ flat.T

    def loop() -> Tensor:
        rows = [jacrev(one)(parameters, point) for point in x]
        return product({name: torch.stack([row[name] for row in rows]) for name in parameters})

    ours, seconds = timed(lambda: gram(metric_ntk(network, x)))
    print(f"metric-NTK, 500 x 3, {sum(p.numel() for p in network.parameters())} parameters: {seconds:.3f} s")
    rivals: dict[str, Callable[[], Tensor]] = {
        "jacrev, point by point": loop,
        "jacrev, all points at once": lambda: product(jacrev(lambda p: functional_call(network, p, (x,)))(parameters)),
        "vmap of jacrev": lambda: product(vmap(jacrev(one), (None, 0))(parameters, x)),
    }
    for name, rival in rivals.items():
        theirs, other = timed(rival, 1)
        difference = float((ours - theirs).abs().max() / theirs.abs().max())  # pyright: ignore
        print(f"    {name}: {other:.2f} s, {other / seconds:.0f} times as long; the same to {difference:.1e}")


def main() -> None:
    """All of them."""
    torch.set_num_threads(1)
    for each in (torus, rosenau, cigar, bianchi, neckpinch, perelman, kernel):
        each()


if __name__ == "__main__":
    main()
