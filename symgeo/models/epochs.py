"""Training, one epoch at a time, as a generator that the caller drives.

    for metrics in epochs(state, inputs, labels, batch=50):
        ...   # state is whole here: store it, look at it, or stop

Nothing is printed or written, and all randomness is the state's own generator: a state put back to what it was goes on
exactly as it did (same device, same number of threads).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from symgeo.errors import NumericalError
from symgeo.models.checkpoint import State
from symgeo.models.objectives import Classification, Objective

# Numbers in the inputs evaluated at once: bounds the memory, changes no result.
_CHUNK = 1_600_000


@dataclass(frozen=True)
class Metrics:
    """How an epoch went: the loss, and the fraction of points classified rightly.

    Attributes:
        epoch: its number; 0 is before any training.
        loss: what is minimised, the cross-entropy in nats unless the training is without labels; mean over the epoch's
            batches, each before its step (epoch 0: the cross-entropy over the training points).
        accuracy: likewise; None where no points are classified.
        seconds: what it took.
        test_loss: the cross-entropy over the test points, after the epoch; at saved epochs only.
        test_accuracy: likewise.
    """

    epoch: int
    loss: float
    accuracy: float | None
    seconds: float
    test_loss: float | None = None
    test_accuracy: float | None = None


def epochs(
    state: State,
    inputs: Float[Tensor, "batch d"],
    labels: Int64[Tensor, " batch"],
    *,
    batch: int,
    objective: Objective = Classification(),  # noqa: B008 - frozen
    rate: Callable[[float], float] | None = None,
) -> Iterator[Metrics]:
    """Train, without end, minimising the objective; yields after every epoch.

    Args:
        state: changed in place.
        inputs: the training points, on the model's device.
        labels: their classes.
        batch: points a step; the last step of an epoch takes what is left.
        objective: what is minimised.
        rate: the learning rate of a step by the epochs, whole and partial, before it; None keeps the optimiser's.

    Raises:
        NumericalError: the loss is no longer finite.
    """
    while True:
        begun = time.perf_counter()
        state.model.train()
        loss_sum = torch.zeros((), dtype=torch.float64, device=inputs.device)
        hits: Tensor | None = torch.zeros((), dtype=torch.int64, device=inputs.device)
        seen = 0
        # Drawn on the CPU, so that every device sees the same order.
        order = torch.randperm(len(labels), generator=state.generator).to(inputs.device)
        for number, chosen in enumerate(order.split(batch)):
            if len(chosen) < objective.smallest:
                continue
            x, y = inputs[chosen], labels[chosen]
            if rate is not None:
                for group in state.optimiser.param_groups:
                    group["lr"] = rate(state.epoch + number * batch / len(labels))
            state.optimiser.zero_grad()
            loss, right = objective.loss(state.model, x, y, state.generator)
            loss.backward()
            state.optimiser.step()
            loss_sum += loss.detach().double() * len(y)
            hits = None if hits is None or right is None else hits + right
            seen += len(y)
        state.epoch += 1
        mean = loss_sum.item() / seen
        if not torch.isfinite(loss_sum):
            raise NumericalError(
                f"the loss is {mean} in epoch {state.epoch}: lower `learning_rate`, or look at the data"
            )
        accuracy = None if hits is None else hits.item() / seen
        yield Metrics(state.epoch, mean, accuracy, time.perf_counter() - begun)


@torch.no_grad()
def evaluate(
    model: nn.Module, inputs: Float[Tensor, "batch d"], labels: Int64[Tensor, " batch"]
) -> tuple[float, float]:
    """The mean cross-entropy in nats, and the fraction of points classified rightly."""
    model.eval()
    loss, hits = 0.0, 0
    chunk = max(1, _CHUNK // inputs.shape[1])
    for x, y in zip(inputs.split(chunk), labels.split(chunk), strict=True):
        outputs = model(x)
        loss += cross_entropy(outputs, y, reduction="sum").item()
        hits += int((outputs.argmax(1) == y).sum().item())
    return loss / len(labels), hits / len(labels)
