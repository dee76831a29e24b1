"""Training, one epoch at a time, as a generator that the caller drives.

    for metrics in epochs(state, inputs, labels, batch=50):
        ...   # state is whole here: store it, look at it, or stop

Nothing is printed or written, and all randomness is the state's own generator: a state put back to what it was goes on
exactly as it did (same device, same number of threads).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from symgeo.errors import NumericalError
from symgeo.models.checkpoint import State

_CHUNK = 4096  # points evaluated at once: bounds the memory, changes no result


@dataclass(frozen=True)
class Metrics:
    """How an epoch went: cross-entropy in nats and the fraction of points classified rightly.

    Attributes:
        epoch: its number; 0 is before any training.
        loss: mean over the epoch's batches, each before its step (epoch 0: over the training points).
        accuracy: likewise.
        seconds: what it took.
        test_loss: over the test points, after the epoch; at saved epochs only.
        test_accuracy: likewise.
    """

    epoch: int
    loss: float
    accuracy: float
    seconds: float
    test_loss: float | None = None
    test_accuracy: float | None = None


def epochs(
    state: State, inputs: Float[Tensor, "batch d"], labels: Int64[Tensor, " batch"], *, batch: int
) -> Iterator[Metrics]:
    """Train, without end, minimising the cross-entropy; yields after every epoch.

    Args:
        state: changed in place.
        inputs: the training points, on the model's device.
        labels: their classes.
        batch: points a step; the last step of an epoch takes what is left.

    Raises:
        NumericalError: the loss is no longer finite.
    """
    while True:
        begun = time.perf_counter()
        state.model.train()
        loss_sum = torch.zeros((), dtype=torch.float64, device=inputs.device)
        hits = torch.zeros((), dtype=torch.int64, device=inputs.device)
        # Drawn on the CPU, so that every device sees the same order.
        order = torch.randperm(len(labels), generator=state.generator).to(inputs.device)
        for chosen in order.split(batch):
            x, y = inputs[chosen], labels[chosen]
            state.optimiser.zero_grad()
            outputs = state.model(x)
            loss = cross_entropy(outputs, y)
            loss.backward()
            state.optimiser.step()
            loss_sum += loss.detach().double() * len(y)
            hits += (outputs.detach().argmax(1) == y).sum()
        state.epoch += 1
        mean = loss_sum.item() / len(labels)
        if not torch.isfinite(loss_sum):
            raise NumericalError(
                f"the loss is {mean} in epoch {state.epoch}: lower `learning_rate`, or look at the data"
            )
        yield Metrics(state.epoch, mean, hits.item() / len(labels), time.perf_counter() - begun)


@torch.no_grad()
def evaluate(
    model: nn.Module, inputs: Float[Tensor, "batch d"], labels: Int64[Tensor, " batch"]
) -> tuple[float, float]:
    """The mean cross-entropy in nats, and the fraction of points classified rightly."""
    model.eval()
    loss, hits = 0.0, 0
    for x, y in zip(inputs.split(_CHUNK), labels.split(_CHUNK), strict=True):
        outputs = model(x)
        loss += cross_entropy(outputs, y, reduction="sum").item()
        hits += int((outputs.argmax(1) == y).sum().item())
    return loss / len(labels), hits / len(labels)
