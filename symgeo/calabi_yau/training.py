"""Training, one epoch at a time, as a generator that the caller drives: Adam's epochs, then Levenberg and Marquardt's.

    for record in epochs(state, there, config):
        ...   # the state is whole here: store it, look at it, or stop

A step of Adam after which the metric is not positive on the next batch (an epoch's last step: at every point) is undone
and counted; a batch where that does not help is left out and counted; and where an epoch ends with a point that has no
metric, all of its steps are undone. So every epoch ends with a metric that is positive at every training point. A step
of Levenberg and Marquardt that does not lower the loss over all points or leaves some point without a metric is undone
and counted too. Nothing is clamped. All randomness is the state's own generator: a state put back to what it was goes
on exactly as it did.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from symgeo.calabi_yau import parallel
from symgeo.calabi_yau.config import Config
from symgeo.calabi_yau.levenberg import LevenbergMarquardt, loss_and_positivity, normal_equations
from symgeo.calabi_yau.monge_ampere import Equation, eta_and_positive
from symgeo.calabi_yau.network import PhiNetwork
from symgeo.errors import NumericalError
from symgeo.models.checkpoint import State

ADAM, SECOND = "adam", "levenberg-marquardt"
_CURE = "train afresh in another folder with a lower `learning_rate` or a larger `batch`"


@dataclass(frozen=True)
class Record:
    """How an epoch went.

    Attributes:
        epoch: its number; 0 is before any training.
        phase: "adam" or "levenberg-marquardt".
        loss: E (1 - eta)^2; of Adam over the epoch's batches, each before its step, else over all points and with the
            decay's term.
        undone: steps of this epoch that were undone, or never taken, because the metric lost its positivity.
        rejected: steps of this epoch that were undone because the loss rose.
        seconds: of this process's CPU time, for this epoch.
        sigma: E |1 - eta| on the validation points, after the epoch.
    """

    epoch: int
    phase: str
    loss: float
    undone: int
    rejected: int
    seconds: float
    sigma: float | None = None


def optimiser_of(network: PhiNetwork, config: Config, epoch: int) -> torch.optim.Optimizer:
    """The optimiser of the phase that follows that many epochs, at its first step."""
    if epoch < config.adam_epochs:
        return torch.optim.Adam(network.parameters(), lr=config.learning_rate)
    return LevenbergMarquardt(network.parameters(), config.tolerance)


def epochs(state: State, there: Equation, config: Config) -> Iterator[Record]:
    """Train to the configuration's end, or to where no step helps any more; yields after every epoch.

    Args:
        state: changed in place; its optimiser too, where the second phase begins.
        there: this process's training points, in float64.
        config: what is trained.

    Raises:
        NumericalError: the loss is no longer finite, or Adam found no metric that is positive at every point.
    """
    single = there.to(next(state.model.parameters()).dtype)
    while state.epoch < config.adam_epochs:
        state.model.fused = True
        try:
            record = _adam_epoch(state, single, config)
        finally:
            state.model.fused = False
        yield record
    if state.epoch == config.adam_epochs:
        if config.adam_epochs:
            _require_trained(state, config)
        state.model.double()
        _require_positive(state, there)
        state.optimiser = optimiser_of(state.model, config, state.epoch)
    group = state.optimiser.param_groups[0]
    while state.epoch < config.epochs and not group["converged"]:
        begun, before = time.process_time(), dict(group)
        system = normal_equations(state.model, there, config.decay)
        loss = state.optimiser.step(system, lambda: loss_and_positivity(state.model, there, config.decay))
        state.epoch += 1
        undone, rejected = (group[k] - before[k] for k in ("indefinite", "rejected"))
        seconds = time.process_time() - begun
        yield Record(state.epoch, SECOND, system.loss if loss is None else loss, undone, rejected, seconds)


def _adam_epoch(state: State, there: Equation, config: Config) -> Record:
    begun = time.process_time()
    network, optimiser = state.model, state.optimiser
    _, size = parallel.world()
    share = config.batch // size
    total, undone, kept, start = 0.0, 0, None, _copy(network, optimiser)
    chosen = torch.randperm(len(there), generator=state.generator).split(share)
    for step, index in enumerate(chosen):
        progress = (state.epoch + step / len(chosen)) / config.adam_epochs
        for group in optimiser.param_groups:
            group["lr"] = config.learning_rate * (1 + math.cos(math.pi * progress)) / 2
        part = there[index]
        values, positive = eta_and_positive(network, part)
        lost = _somewhere(~positive)
        if lost and kept:
            _put_back(network, optimiser, kept)
            kept, undone = None, undone + 1
            values, positive = eta_and_positive(network, part)
            lost = _somewhere(~positive)
        loss = (part.weights * (1 - values) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        total += float(_averaged(network, loss.detach(), size))
        if lost:  # what the step before the last one did elsewhere: no gradient of an indefinite metric is followed
            undone += 1
            continue
        kept = _copy(network, optimiser)
        optimiser.step()
    state.epoch += 1
    mean = total / len(chosen)
    if not math.isfinite(mean):
        raise NumericalError(
            f"epoch {state.epoch}: the loss is {mean}: train afresh in another folder with a lower `learning_rate`"
        )
    if kept and not loss_and_positivity(network, there)[1]:
        _put_back(network, optimiser, kept)
        undone += 1
    if undone and not loss_and_positivity(network, there)[1]:
        _put_back(network, optimiser, start)
        undone = len(chosen)
    return Record(state.epoch, ADAM, mean, undone, 0, time.process_time() - begun)


def _require_trained(state: State, config: Config) -> None:
    """Adam has no moments yet where every one of its epochs was undone."""
    if not any(state.optimiser.state.values()):
        raise NumericalError(
            f"epoch {state.epoch}: each of Adam's {config.adam_epochs} epochs left the metric indefinite at some "
            f"training point and was undone: {_CURE}"
        )


def _require_positive(state: State, there: Equation) -> None:
    """What was positive in Adam's single precision is so in double, before anything is built on it."""
    if not loss_and_positivity(state.model, there.to(torch.float64))[1]:
        raise NumericalError(f"epoch {state.epoch}: the metric is indefinite at some training point: {_CURE}")


def _somewhere(lost: Tensor) -> bool:
    """Whether it holds at any point of any process."""
    count = lost.sum().double()
    parallel.add(count)
    return bool(count)


def _averaged(network: PhiNetwork, loss: Tensor, size: int) -> Tensor:
    """The batch's loss over all processes, whose gradients become the mean of theirs."""
    if size > 1:
        for p in network.parameters():
            parallel.add(p.grad)
            p.grad /= size
        parallel.add(loss)
    return loss / size


def _copy(network: PhiNetwork, optimiser: torch.optim.Optimizer) -> tuple[list[Tensor], list[dict]]:
    return (
        [p.detach().clone() for p in network.parameters()],
        [{k: v.clone() for k, v in optimiser.state[p].items()} for p in network.parameters()],
    )


@torch.no_grad()
def _put_back(network: PhiNetwork, optimiser: torch.optim.Optimizer, kept: tuple[list[Tensor], list[dict]]) -> None:
    for p, value, slots in zip(network.parameters(), *kept, strict=True):
        p.copy_(value)
        optimiser.state[p].clear()
        optimiser.state[p].update(slots)
