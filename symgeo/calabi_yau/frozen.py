r"""A phi-network whose kernel stays what it was at the start: linearised in its parameters.

    phi(x; delta) = phi(x; theta_0) + sum_I delta_I dphi(x; theta_0)/dtheta_I

Its metric-NTK is that of the network at theta_0 and does not move, as at infinite width (Jacot, Gabriel and Hongler
2018). It can be trained like a network, or solved to convergence: with residuals r_i = sqrt(w_i/W) (eta_i - 1) and
A = dr/d delta, Gauss and Newton's step for |r|^2 + lambda |delta|^2 is, in the space of points,

    delta' = -A^T (A A^T + lambda 1)^{-1} (r - A delta),

shortened until the sum falls and the metric is positive. The ridge lambda is given in units of the mean of diag A A^T
at the start, and the best of a scan on held-out points is the best that this kernel can do.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Complex, Float
from torch import Tensor, nn
from torch.func import functional_call, grad, jacrev, jvp, vmap

from symgeo.calabi_yau import hermitian, jets
from symgeo.calabi_yau.monge_ampere import Equation, eta_and_positive, metric_entries, sigma
from symgeo.calabi_yau.network import PhiNetwork
from symgeo.calabi_yau.sample import Sample
from symgeo.errors import InputError, NumericalError

RIDGES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10)
# A solution has converged when a step lowers the sum by less than this part of it.
CONVERGED = 1e-3
# Steps at one ridge, and how often one is halved.
STEPS, HALVINGS = 60, 20
_CHUNK = 500


class FrozenNetwork(nn.Module):
    """The linearisation of a network at its present parameters.

    Args:
        network: left as it is.

    Attributes:
        delta: the change of each parameter, zero at first.
    """

    def __init__(self, network: PhiNetwork) -> None:
        super().__init__()
        # Held in a tuple, so that the network's own parameters are none of this module's.
        self._origin = (copy.deepcopy(network).requires_grad_(False),)
        self.names = [name for name, _ in network.named_parameters()]
        self.delta = nn.ParameterList([torch.zeros_like(p) for p in network.parameters()])

    @property
    def network(self) -> PhiNetwork:
        """At the parameters where it was linearised."""
        return self._origin[0]

    def forward(self, features: Float[Tensor, "m rows F"], *, fused: bool = False) -> Float[Tensor, "m rows"]:
        """The jets of phi from those of the features; `fused` is a network's, and changes nothing here."""
        start = dict(self.network.named_parameters())
        change = dict(zip(self.names, self.delta, strict=True))
        with warnings.catch_warnings():
            # torch's first forward derivative loads rules that it compiles in a way that it deprecates.
            warnings.filterwarnings("ignore", "`torch.jit.script", DeprecationWarning)
            value, along = jvp(lambda theta: functional_call(self.network, theta, (features,)), (start,), (change,))
        return value + along

    def features(self, sample: Sample) -> Float[Tensor, "m rows F"]:
        """The features' jets."""
        return self.network.features(sample)

    def metric(self, sample: Sample) -> Complex[Tensor, "m n n"]:
        """g = g_FS + d dbar phi in the sample's frame."""
        return sample.fubini_study + jets.mixed(self(self.features(sample)))

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> FrozenNetwork:
        # Casts and moves reach the parameters that it was linearised at too.
        super()._apply(fn, recurse)
        self.network._apply(fn, recurse)
        return self


class TangentModel(nn.Module):
    """The same, handed d d dbar phi/dtheta instead of features: many epochs over the same points pay for it once.

    Args:
        frozen: whose delta is taken over.
    """

    def __init__(self, frozen: FrozenNetwork) -> None:
        super().__init__()
        self.delta = nn.Parameter(nn.utils.parameters_to_vector(frozen.delta).detach().clone())

    def forward(self, tangents: Float[Tensor, "m n*n p1"], *, fused: bool = False) -> Float[Tensor, "m rows"]:
        """The jets of phi, of which only the mixed derivatives are filled in; `fused` changes nothing."""
        entries = tangents[..., -1] + tangents[..., :-1] @ self.delta
        return nn.functional.pad(entries, (1 + 2 * round(tangents.shape[1] ** 0.5), 0))

    def into(self, frozen: FrozenNetwork) -> FrozenNetwork:
        """A copy of the frozen network with this delta."""
        made = copy.deepcopy(frozen)
        nn.utils.vector_to_parameters(self.delta.detach().clone(), made.delta)
        return made


def tangent_equation(frozen: FrozenNetwork, points: Equation) -> Equation:
    """The equation for a TangentModel: derivatives by each parameter, and last the value, in the points' precision."""
    start = {name: p.detach() for name, p in frozen.network.named_parameters()}

    def entries(theta: dict[str, Tensor], features: Tensor) -> tuple[Tensor, Tensor]:
        made = jets.mixed_entries(functional_call(frozen.network, theta, (features[None],)))[0]
        return made, made

    parts = []
    for part in points.chunks(_CHUNK):
        slopes, value = vmap(jacrev(entries, has_aux=True), in_dims=(None, 0))(start, part.features)
        parts.append(torch.cat([*(slopes[name].flatten(2) for name in frozen.names), value[..., None]], 2))
    return Equation(torch.cat(parts), points.weights)


@dataclass(frozen=True)
class Solution:
    """The minimum of the loss with a ridge.

    Attributes:
        network: with that delta.
        ridge: in units of the mean of diag A A^T at the start.
        loss: |r|^2 at the points that it was solved on.
        held_out: sigma at others.
        steps: how many were taken.
        indefinite: how many were shortened because the metric lost its positivity.
        converged: whether the last one changed next to nothing.
    """

    network: FrozenNetwork
    ridge: float
    loss: float
    held_out: float
    steps: int
    indefinite: int
    converged: bool


def ridge_scan(
    network: PhiNetwork, points: Equation, held_out: Equation, *, ridges: Sequence[float] = RIDGES
) -> list[Solution]:
    """The frozen network solved at each ridge, from the largest to the smallest, each from the one before.

    The scan ends when two ridges in a row did worse on the held-out points than the best.

    Args:
        network: at the parameters whose kernel is meant.
        points: what is solved.
        held_out: where sigma is measured.
        ridges: positive.

    Raises:
        InputError: no ridge, or one that is not positive.
        NumericalError: a metric that is not positive at the start, or residuals that are not finite.
    """
    if not ridges or not all(ridge > 0 for ridge in ridges):
        raise InputError(f"`ridges` must be positive, not {list(ridges)}")
    frozen, found = FrozenNetwork(network), []
    state = _State.of(frozen, points)
    if not state.positive:
        raise NumericalError("`network` gives a metric that is not positive: draw a smaller readout")
    unit = float((state.jacobian**2).sum(1).mean())
    for ridge in sorted(ridges, reverse=True):
        state, steps, indefinite, converged = _solve(frozen, points, state, ridge * unit)
        kept = copy.deepcopy(frozen)
        found.append(Solution(kept, ridge, state.loss, sigma(kept, held_out), steps, indefinite, converged))
        if len(found) > 2 and min(found[-2:], key=_held_out).held_out > min(found[:-2], key=_held_out).held_out:
            break
    return found


def _held_out(solution: Solution) -> float:
    return solution.held_out


def residual_gradients(network: PhiNetwork, points: Equation) -> Float[Tensor, "m p"]:
    """A = dr/dtheta at the network's parameters; A A^T is the kernel that drives the loss."""
    return _State.of(FrozenNetwork(network), points).jacobian


@dataclass(frozen=True)
class _State:
    """Residuals and their derivatives at one delta."""

    residuals: Float[Tensor, " m"]
    jacobian: Float[Tensor, "m p"]
    positive: bool

    @property
    def loss(self) -> float:
        return float(self.residuals @ self.residuals)

    @classmethod
    def of(cls, frozen: FrozenNetwork, points: Equation) -> _State:
        start = {name: p.detach() for name, p in frozen.network.named_parameters()}
        scale = (points.weights / points.weights.sum()).sqrt()

        def along(theta: dict[str, Tensor], features: Tensor, slope: Tensor) -> Tensor:
            return metric_entries(functional_call(frozen.network, theta, (features[None],)))[0] @ slope

        rows, residuals, positive = [], [], True
        for part, size in zip(points.chunks(_CHUNK), scale.split(_CHUNK), strict=True):
            with torch.no_grad():
                g = metric_entries(frozen(part.features))
            slope = vmap(grad(lambda e: hermitian.determinant(e[None])[0]))(g) * (size / part.weights)[:, None]
            gradients = vmap(grad(along), in_dims=(None, 0, 0))(start, part.features, slope)
            rows.append(torch.cat([gradients[name].flatten(1) for name in frozen.names], 1))
            residuals.append(size * (hermitian.determinant(g) / part.weights - 1))
            positive = positive and bool(hermitian.positive(g).all())
        jacobian = torch.cat(rows)
        if not bool(torch.isfinite(jacobian).all()):
            raise NumericalError("`points` give residuals that are not finite")
        return cls(torch.cat(residuals), jacobian, positive)


def _solve(frozen: FrozenNetwork, points: Equation, state: _State, ridge: float) -> tuple[_State, int, int, bool]:
    """Gauss and Newton's steps at one ridge, from the present delta, which they change."""
    parameters = list(frozen.delta)
    indefinite = 0
    for step in range(1, STEPS + 1):
        delta = torch.nn.utils.parameters_to_vector(parameters).detach()
        before = state.loss + ridge * float(delta @ delta)
        a, r = state.jacobian, state.residuals
        system = a @ a.mT
        system.diagonal().add_(ridge)
        wanted = -a.mT @ torch.linalg.solve(system, r - a @ delta)
        part = 1.0
        for _ in range(HALVINGS):
            tried = delta + part * (wanted - delta)
            torch.nn.utils.vector_to_parameters(tried, parameters)
            loss, positive = _loss(frozen, points)
            after = loss + ridge * float(tried @ tried)
            if positive and after < before:
                break
            indefinite += not positive
            part /= 2
        else:
            torch.nn.utils.vector_to_parameters(delta, parameters)
            return state, step, indefinite, True  # no step helps: this is the minimum to rounding
        state = _State.of(frozen, points)
        if before - after < CONVERGED * before:
            return state, step, indefinite, True
    return state, STEPS, indefinite, False


@torch.no_grad()
def _loss(frozen: FrozenNetwork, points: Equation) -> tuple[float, bool]:
    total, sound = 0.0, True
    for part in points.chunks():
        eta, positive = eta_and_positive(frozen, part)
        total += float((part.weights * (1 - eta) ** 2).sum())
        sound = sound and bool(positive.all())
    return total / float(points.weights.sum()), sound
