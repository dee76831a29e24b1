"""Each quantity by symgeo and by torch.func as most people write it: functions of points that return an answer."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call, jacfwd, jacrev, vmap

from benchmarks.pullback.cases import Case
from symgeo.pullback import Pullback, ntk

Answer = Callable[[Tensor], Tensor]


def symgeo(case: Case) -> Answer:
    """This package, through its public surface."""
    network, _, plane = case.made()
    geo = Pullback(network).on_plane(plane[0], plane[1], plane[2]) if plane else Pullback(network)
    return {
        "metric, log det": lambda x: _joined(geo.evaluate(x, "metric", "log_volume"), 1, 2),
        "christoffel, R": lambda x: _joined(geo.evaluate(x, "christoffel", "scalar_curvature"), 1, 1),
        "metric": geo.metric,
        "plane metric": geo.metric,
        "log det": lambda x: 2 * geo.log_volume(x),
        "log pseudo-det": lambda x: 2 * geo.log_volume(x),
        "ntk": lambda x: ntk(network, x),
    }[case.quantity]


def _joined(found: dict[str, Tensor], first: float, last: float) -> Tensor:
    one, two = found.values()
    return torch.cat([first * one.flatten(1), last * two[:, None]], 1)


def naive(case: Case, derivative: Callable[..., Callable[..., Tensor]], chunk: int | None = None) -> Answer | None:
    """Nested torch.func; None where nobody would: second derivatives by reverse mode, wide Jacobians forwards.

    Args:
        case: what to compute.
        derivative: jacfwd or jacrev.
        chunk: points at once; None for all.
    """
    network, _, plane = case.made()

    def features(x: Tensor) -> Tensor:
        if plane:
            x = plane[0] + x[0] * plane[1] + x[1] * plane[2]
        return network(x[None])[0]

    def metric(x: Tensor) -> Tensor:
        jacobian = derivative(features)(x)
        return jacobian.mT @ jacobian

    if case.quantity == "ntk":
        return naive_kernel(network) if derivative is jacrev else None
    if case.quantity == "log pseudo-det":
        return (lambda x: torch.stack([_pseudo(derivative(features)(p)) for p in x])) if derivative is jacrev else None
    if case.quantity == "christoffel, R":
        return vmap(nested_curvature(metric), chunk_size=chunk) if derivative is jacfwd else None
    if case.quantity == "log det":
        return lambda x: torch.stack([torch.linalg.slogdet(metric(p))[1] for p in x])
    if case.quantity == "metric, log det":

        def both(x: Tensor) -> Tensor:
            g_dd = metric(x)
            return torch.cat([g_dd.flatten(), torch.linalg.slogdet(g_dd)[1][None]])

        return vmap(both, chunk_size=chunk)
    return vmap(metric, chunk_size=chunk)


def _pseudo(jacobian: Tensor) -> Tensor:
    rows = jacobian.flatten(1)
    return torch.linalg.slogdet(rows @ rows.mT)[1]


def naive_kernel(network: nn.Module) -> Answer:
    """The N x P matrix of gradients, times its transpose."""
    parameters = {name: parameter.detach() for name, parameter in network.named_parameters()}

    def gradients(x: Tensor) -> Tensor:
        found = vmap(jacrev(lambda p, point: functional_call(network, p, (point[None],))[0, 0]), (None, 0))(
            parameters, x
        )
        return torch.cat([part.flatten(1) for part in found.values()], 1)

    def kernel(x: Tensor) -> Tensor:
        rows = gradients(x)
        return rows @ rows.T

    return kernel


def point_by_point(case: Case) -> Answer:
    """Jacobians of Jacobians by torch.autograd, a point at a time: the way of code published with papers."""
    network, _, _ = case.made()

    def features(x: Tensor) -> Tensor:
        return network(x[None])[0]

    def derivative(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        def at(x: Tensor) -> Tensor:
            return torch.autograd.functional.jacobian(function, x, create_graph=True)  # pyright: ignore

        return at

    def metric(x: Tensor) -> Tensor:
        jacobian = derivative(features)(x)
        return jacobian.mT @ jacobian

    def call(x: Tensor) -> Tensor:
        with torch.enable_grad():
            return torch.stack([nested_curvature(metric, derivative)(point).detach() for point in x])

    return call


def nested_curvature(metric: Answer, derivative: Callable[..., Callable[..., Tensor]] = jacfwd) -> Answer:
    """Christoffel symbols and R by differentiating the metric twice."""

    def christoffel(x: Tensor) -> Tensor:
        slopes = derivative(metric)(x)
        first_kind = (slopes + slopes.permute(0, 2, 1) - slopes.permute(2, 1, 0).permute(0, 2, 1)) / 2
        return torch.einsum("cl,lab->cab", torch.linalg.inv(metric(x)), first_kind)

    def both(x: Tensor) -> Tensor:
        gamma, slopes = christoffel(x), derivative(christoffel)(x)
        riemann = (
            torch.einsum("rnsm->rsmn", slopes) - torch.einsum("rmsn->rsmn", slopes)
            + torch.einsum("rml,lns->rsmn", gamma, gamma) - torch.einsum("rnl,lms->rsmn", gamma, gamma)
        )  # fmt: skip
        scalar = torch.einsum("sn,rsrn->", torch.linalg.inv(metric(x)), riemann)
        return torch.cat([gamma.flatten(), scalar[None]])

    return both
