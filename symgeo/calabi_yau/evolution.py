r"""How the metric-NTK moves while a network learns: spectra, and their distance from the start.

Three trainings of networks on Z_i conj(Z_j)/|Z|^2 are followed, and Theta over the same points is taken at times:

    trained       Adam, as in `symgeo.calabi_yau.comparison`; epochs 0 and 50 are held against the choice of points
    linearised    the same with the kernel frozen: its distance is rounding
    widths        full-batch gradient descent with momentum at networks of growing width, steps scaled by the largest
                  eigenvalue of the loss's kernel: the same flow for all; the change falls with the width

Distances are Wasserstein's, in units of the mean eigenvalue at the start; `relative` is |Theta_t - Theta_0|/|Theta_0|.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from symgeo.calabi_yau.comparison import Setting, Task, plain_network
from symgeo.calabi_yau.frozen import FrozenNetwork, TangentModel, residual_gradients, tangent_equation
from symgeo.calabi_yau.ledger import Row
from symgeo.calabi_yau.monge_ampere import Equation, equation, eta, sigma
from symgeo.calabi_yau.sample import Sample
from symgeo.calabi_yau.spectrum import difference, phi_ntk, unconjugated_spectrum
from symgeo.calabi_yau.training import epochs, optimiser_of
from symgeo.errors import NumericalError
from symgeo.flows.metric_ntk import alignment, kernel_spectrum
from symgeo.models.checkpoint import State


@dataclass(frozen=True)
class Watch:
    """What is watched.

    Attributes:
        points: of the kernel.
        at: the epochs, from 0.
        spectra: the epochs whose eigenvalues are kept.
        widths: of the networks in the study of widths, two hidden layers each.
        descent_points: that these learn from.
        descent_steps: of their gradient descent.
    """

    points: int = 40
    at: tuple[int, ...] = (0, 1, 2, 5, 10, 15, 20, 30, 40, 50)
    spectra: tuple[int, ...] = (0, 50)
    widths: tuple[int, ...] = (16, 64, 256)
    descent_points: int = 100
    descent_steps: int = 100


def trained(name: str, seed: int, setting: Setting, watch: Watch, *, linearised: bool = False) -> Row:
    """A training by Adam, and its kernel at the epochs that are watched."""
    task = Task.of(name, seed, setting)
    network = task.network().float()
    points, held_out = (equation(network, s).to(torch.float32) for s in (task.points, task.held_out))
    model, present = network, lambda: network
    if linearised:
        frozen = FrozenNetwork(network)
        points, model = tangent_equation(frozen, points), TangentModel(frozen)
        present = lambda: model.into(frozen)  # noqa: E731
    config = task.config(
        features="plain", adam_epochs=setting.epochs, learning_rate=setting.learning_rate, batch=setting.batch,
        dtype="float32",
    )  # fmt: skip
    state = State(model, optimiser_of(model, config, 0), torch.Generator().manual_seed(seed))
    seen = task.held_out[: watch.points]
    kernels, curve = {0: _kernel(present(), seen)}, [sigma(present(), held_out)]
    for record in epochs(state, points, config):
        if record.epoch in watch.at:
            kernels[record.epoch] = _kernel(present(), seen)
            curve.append(sigma(present(), held_out))
        if record.epoch == max(watch.at):
            break
    row: dict[str, object] = {"epochs": list(kernels), "sigma": curve, **_movement(list(kernels.values()))}
    if not linearised:
        n = task.points.hypersurface.dimension
        row["spectra"] = {
            str(e): {
                "positive": kernel_spectrum(kernels[e]).eigenvalues.tolist(),
                "unconjugated": unconjugated_spectrum(kernels[e], n).eigenvalues.tolist(),
            }
            for e in watch.spectra
        }
        row["difference"] = asdict(difference(kernels[0], kernels[max(kernels)], watch.points))
    return row


def widened(name: str, seed: int, width: int, setting: Setting, watch: Watch) -> Row:
    """Gradient descent of a network of that width, and how far its kernel moved.

    Raises:
        NumericalError: the loss rose beyond its start: the steps were too long.
    """
    task = Task.of(name, seed, setting)
    network = plain_network(task.points, (width, width), setting.readout, seed)
    there = equation(network, task.points[: watch.descent_points])
    seen = task.held_out[: watch.points]
    every = max(1, watch.descent_steps // 10)
    kernels, losses, steps = [], [], []
    for step, loss in _descent(network, there, watch.descent_steps):
        if step % every == 0:
            kernels.append(_kernel(network, seen))
            losses.append(loss)
            steps.append(step)
    return {"steps": steps, "losses": losses, **_movement(kernels)}


def _descent(network: nn.Module, there: Equation, steps: int, momentum: float = 0.9) -> Iterator[tuple[int, float]]:
    """Steps of 1/(4 s^2), s the largest singular value of the residuals' Jacobian at the start.

    The loss is |r|^2, so that 2 s^2 is the largest eigenvalue of its Gauss-Newton Hessian, and a step half its inverse.
    """
    top = float(torch.linalg.matrix_norm(residual_gradients(network, there), 2))
    optimiser = torch.optim.SGD(network.parameters(), lr=1 / (4 * top**2), momentum=momentum)
    first = None
    for step in range(steps + 1):
        loss = (there.weights * (1 - eta(network, there)) ** 2).sum() / there.weights.sum()
        value = float(loss.detach())
        first = value if first is None else first
        if not value < 10 * first:
            raise NumericalError(
                f"step {step}: the loss is {value:.3g}, which began at {first:.3g}: take shorter steps"
            )
        yield step, value
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def _kernel(model: nn.Module, seen: Sample) -> Tensor:
    """Theta in double precision; the model stays in its own."""
    return phi_ntk(copy.deepcopy(model).double(), seen)


def _movement(kernels: list[Tensor]) -> Row:
    start = kernel_spectrum(kernels[0])
    mean = start.trace / len(kernels[0])
    spectra = [kernel_spectrum(k) for k in kernels]
    return {
        "distance": [start.distance(s) / mean for s in spectra],
        "relative": [float((k - kernels[0]).norm() / kernels[0].norm()) for k in kernels],
        "alignment": [alignment(kernels[0], k) for k in kernels],
        "effective_rank": [s.effective_rank for s in spectra],
        "trace": [s.trace / start.trace for s in spectra],
    }
