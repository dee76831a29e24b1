r"""Levenberg and Marquardt's method for the Monge-Ampere loss, with steps that are taken only where they help.

    r_i = sqrt(w_i / W) (1 - eta_i),   W = sum w,   loss = |r|^2 + decay |theta|^2,   J = dr/dtheta
    A = J^T J + decay,   (A + mu diag A) delta = -(J^T r + decay theta)

A step is kept if the loss over all points falls and the metric stays positive at every one of them; else it is undone
and counted, mu grows, and a shorter one is tried with the same J (Marquardt 1963; the factors are heuristics). J^T J is
summed over points, so that several processes add theirs (`symgeo.calabi_yau.parallel`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.func import functional_call, grad, vmap

from symgeo.calabi_yau import hermitian, parallel
from symgeo.calabi_yau.monge_ampere import Equation, eta_and_positive, metric_entries
from symgeo.calabi_yau.network import PhiNetwork
from symgeo.errors import NumericalError

#: mu is divided by the first after a step that is kept, and multiplied by the second after one that is not.
RELAX, TIGHTEN = 5.0, 4.0
#: Below the first, mu is rounding; above the second, delta is: no step helps any more.
LEAST, MOST = 1e-13, 1e8
#: Marquardt's scale of a parameter, over the largest: heuristic.
FLOOR = 1e-6
_CHUNK = 500  # points whose rows of J are held at once


@dataclass(frozen=True)
class NormalEquations:
    """A, J^T r + decay theta and the loss, over all points of all processes."""

    matrix: Float[Tensor, "p p"]
    gradient: Float[Tensor, " p"]
    loss: float


class LevenbergMarquardt(torch.optim.Optimizer):
    """The optimiser's state, in its only parameter group: `damping`, and how many steps were kept and undone.

    `indefinite` counts the steps that were undone because the metric lost its positivity, `rejected` those that raised
    the loss, `accepted` the others. `converged` says that the last step lowered the loss by less than the fraction
    `tolerance` of it, or that none lowered it at all.
    """

    def __init__(self, parameters: object, tolerance: float, damping: float = 1e-3) -> None:
        counts = {"accepted": 0, "rejected": 0, "indefinite": 0}
        super().__init__(parameters, {"tolerance": tolerance, "damping": damping, "converged": False, **counts})

    @property
    def record(self) -> dict[str, float]:
        """All of the group but the parameters."""
        return {k: v for k, v in self.param_groups[0].items() if k != "params"}

    @torch.no_grad()
    def step(self, system: NormalEquations, evaluate: Callable[[], tuple[float, bool]]) -> float | None:
        """Take the first step that helps.

        Args:
            system: at the present parameters.
            evaluate: loss and positivity at the parameters as they are when it is called.

        Returns:
            The new loss, or None where no step up to the highest damping helps; the parameters are then as they were.
        """
        group = self.param_groups[0]
        parameters = group["params"]
        before = torch.nn.utils.parameters_to_vector(parameters).clone()
        # A parameter that nothing depends on, such as a hidden weight while the readout is zero, must not run away.
        diagonal = torch.diagonal(system.matrix)
        scale = diagonal.clamp(min=FLOOR * float(diagonal.max()))
        while group["damping"] <= MOST:
            factor, failed = torch.linalg.cholesky_ex(system.matrix + torch.diag(group["damping"] * scale))
            if int(failed):
                group["damping"] *= TIGHTEN
                continue
            delta = -torch.cholesky_solve(system.gradient[:, None], factor)[:, 0]
            torch.nn.utils.vector_to_parameters(before + delta.to(before.dtype), parameters)
            loss, positive = evaluate()
            if positive and loss < system.loss:
                group["accepted"] += 1
                group["damping"] = max(group["damping"] / RELAX, LEAST)
                group["converged"] = system.loss - loss < group["tolerance"] * system.loss
                return loss
            group["indefinite" if not positive else "rejected"] += 1
            group["damping"] *= TIGHTEN
        torch.nn.utils.vector_to_parameters(before, parameters)
        group["converged"] = True
        return None


def normal_equations(network: PhiNetwork, there: Equation, decay: float = 0.0) -> NormalEquations:
    """The sums over the equation's points, and over all processes where there are several.

    Args:
        network: at its present parameters, in float64.
        there: this process's points.
        decay: of the parameters' squares in the loss.

    Raises:
        NumericalError: a residual that is not finite.
    """
    parameters = {name: p.detach() for name, p in network.named_parameters()}

    def residual(theta: dict[str, Tensor], features: Tensor, weight: Tensor) -> tuple[Tensor, " Tensor"]:
        phi = functional_call(network, theta, (features[None],))
        r = weight.sqrt() * (1 - hermitian.determinant(metric_entries(phi))[0] / weight)
        return r, r

    rows = vmap(grad(residual, has_aux=True), in_dims=(None, 0, 0))
    size = sum(p.numel() for p in parameters.values())
    sums = torch.zeros(size, size + 1, dtype=torch.float64)
    tail = torch.zeros(2, dtype=torch.float64)
    for part in there.chunks(_CHUNK):
        gradients, r = rows(parameters, part.features, part.weights)
        jacobian = torch.cat([gradients[name].flatten(1) for name in parameters], 1).double()
        r = r.double()
        sums += jacobian.T @ torch.cat([jacobian, r[:, None]], 1)
        tail += torch.stack([r @ r, part.weights.double().sum()])
    parallel.add(sums)
    parallel.add(tail)
    loss, weight = tail.tolist()
    if not bool(torch.isfinite(sums).all()):
        raise NumericalError(
            "the loss is no longer finite: train afresh in another folder with a smaller network or a larger `decay`"
        )
    theta = torch.nn.utils.parameters_to_vector(parameters.values())
    return NormalEquations(
        sums[:, :-1] / weight + decay * torch.eye(size, dtype=torch.float64),
        sums[:, -1] / weight + decay * theta,
        loss / weight + decay * float(theta @ theta),
    )


@torch.no_grad()
def loss_and_positivity(network: PhiNetwork, there: Equation, decay: float = 0.0) -> tuple[float, bool]:
    """The loss, and whether the metric is positive at every point of every process."""
    totals = torch.zeros(3, dtype=torch.float64)
    for part in there.chunks():
        e, positive = eta_and_positive(network, part)
        weights = part.weights.double()
        totals += torch.stack([(weights * (1 - e.double()) ** 2).sum(), weights.sum(), (~positive).double().sum()])
    parallel.add(totals)
    loss, weight, indefinite = totals.tolist()
    squares = sum(float((p.double() ** 2).sum()) for p in network.parameters())
    return loss / weight + decay * squares, indefinite == 0
