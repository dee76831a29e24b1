r"""The flow that gradient descent makes: a metric network that follows the gradient of a loss of its metric.

    theta' = -dL/dtheta    =>    dg_ij(x)/dt = -sum_x' Theta_ijkl(x, x') dL/dg_kl(x'),     dL/dt = -<l, Theta l>

exactly in the limit of small steps; a step h of plain gradient descent misses it by O(h^2).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from symgeo.errors import InputError, NumericalError
from symgeo.flows.metric_network import MetricNetwork, checked_metric
from symgeo.flows.metric_ntk import gram, metric_ntk
from symgeo.flows.packing import unpack
from symgeo.flows.trajectory import End, Progress, Recorder, Trajectory

#: A loss of the packed metric at the sample, (N, o) -> ().
Loss = Callable[[Float[Tensor, "N o"]], Float[Tensor, ""]]


def quadratic_loss(target: Float[Tensor, "N o"]) -> Loss:
    """L = |g - target|^2 / 2, summed over points and packed components.

    Raises (when it is called):
        InputError: a metric of another shape than the target.
    """

    def loss(g: Tensor) -> Tensor:
        if g.shape != target.shape:
            raise InputError(f"`target` must be {tuple(g.shape)} like the packed metric, not {tuple(target.shape)}")
        return ((g - target) ** 2).sum() / 2

    return loss


@dataclass(frozen=True)
class Step:
    """One step of gradient descent beside what the metric-NTK says of it.

    Attributes:
        change: of the packed metric.
        predicted: -h Theta l.
        loss_change: of the loss.
        loss_predicted: -h <l, Theta l>.
    """

    change: Float[Tensor, "N o"]
    predicted: Float[Tensor, "N o"]
    loss_change: float
    loss_predicted: float

    @property
    def error(self) -> float:
        """The largest difference between change and prediction, O(h^2)."""
        return float((self.change - self.predicted).abs().max())


def step_against_kernel(network: MetricNetwork, loss: Loss, x: Float[Tensor, "N d"], h: float) -> Step:
    """Try one step of plain gradient descent, which leaves the network as it was.

    Raises:
        InputError: a step that is not positive.
    """
    _checked_step(h)
    made = network(x).detach().requires_grad_()
    before = loss(made)
    (l,) = torch.autograd.grad(before, made)
    predicted = -h * (gram(metric_ntk(network, x)) @ l.reshape(-1)).reshape(l.shape)
    moved = copy.deepcopy(network)
    _descend(moved, loss, x, h)
    after = moved(x).detach()
    change = after - made.detach()
    return Step(change, predicted, float(loss(after)) - before.item(), float((l * predicted).sum()))


def network_flow(
    network: MetricNetwork,
    loss: Loss,
    x: Float[Tensor, "N d"],
    *,
    step: float,
    steps: int,
    every: int = 1,
    progress: Progress | None = None,
) -> Trajectory:
    """Plain gradient descent on the whole sample; the network is trained in place.

    Args:
        network: the metric.
        loss: of its packed components at the sample.
        x: the sample.
        step: h, so that time is h times the number of steps.
        steps: how many.
        every: how many steps between states that are kept.
        progress: called at every state that is kept.

    Returns:
        The state "g", (t, N, d, d); the measures "loss" and "rate" (-|dL/dtheta|^2 = -<l, Theta l>).

    Raises:
        InputError: a step or numbers of steps that are not positive.
        NumericalError: the start is no metric somewhere on the sample.
    """
    _checked_step(step)
    if steps < 1 or every < 1:
        raise InputError(f"`steps` and `every` must be at least 1, not {steps} and {every}")
    recorder = Recorder("gradient descent of a metric network", progress)
    end, message = End.reached, ""

    def keep(count: int) -> None:
        made = network(x)
        value = loss(made)
        parameters = [p for p in network.parameters() if p.requires_grad]
        gradients = torch.autograd.grad(value, parameters, materialize_grads=True)
        g = checked_metric(unpack(made.detach()), x)
        rate = -float(sum((gradient**2).sum() for gradient in gradients))
        recorder.add(count * step, {"g": g.numpy()}, {"loss": value.item(), "rate": rate})

    keep(0)
    try:
        for count in range(1, steps + 1):
            _descend(network, loss, x, step)
            if count % every == 0 or count == steps:
                keep(count)
    except KeyboardInterrupt:
        end, message = End.interrupted, f"stopped at t = {recorder.time:.6g}"
    except NumericalError as error:
        end, message = End.stalled, f"{error}; the last good state is at t = {recorder.time:.6g}"
    return recorder.done(end, message, None, {"x": x.numpy()})


def _descend(network: MetricNetwork, loss: Loss, x: Tensor, h: float) -> None:
    parameters = [p for p in network.parameters() if p.requires_grad]
    gradients = torch.autograd.grad(loss(network(x)), parameters, materialize_grads=True)
    with torch.no_grad():
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter -= h * gradient


def _checked_step(h: float) -> None:
    if not h > 0:
        raise InputError(f"`step` must be positive, not {h!r}")
