r"""The hypothesis on one network and over seeds: does the volume go with closeness to the decision boundary?

Two quantities, the log volume l(x) and the expansion l(x) - l_0(x) relative to the untrained network; two notions of
closeness, minus the distance to the decision boundary and the entropy of the prediction, -sum_k p_k log p_k with
p = softmax f(x).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from symgeo.errors import InputError
from symgeo.magnification.association import Association, associate
from symgeo.magnification.boundary import decision_boundary
from symgeo.magnification.interval import Interval, student_interval
from symgeo.magnification.places import Place
from symgeo.models import Run

QUANTITIES = ("volume", "expansion")
CLOSENESSES = ("distance", "entropy")


@dataclass(frozen=True)
class Measurement:
    """One network at one place.

    Attributes:
        epoch: of the training.
        place: the name of the points.
        associations: by (quantity, closeness); None where nothing can be said, as for a network without a boundary.
    """

    epoch: int
    place: str
    associations: dict[tuple[str, str], Association | None]


def measure_run(run: Run, places: Sequence[Place], epochs: Sequence[int] | None = None) -> list[Measurement]:
    """The associations of a run's network at its saved epochs.

    Args:
        run: whose networks.
        places: where; their points' dtype is the network's.
        epochs: some of the saved ones; None takes all.

    Raises:
        DataError: an epoch that was not saved.
        NumericalError: a metric that is singular, or outputs that are not finite.
    """
    found = []
    for place in places:
        x = place.x
        before = place.log_volume(run.model(0, dtype=x.dtype).features).double()
        for epoch in run.epochs if epochs is None else epochs:
            model = run.model(epoch, dtype=x.dtype)
            log_volume = place.log_volume(model.features).double()
            seen = decision_boundary(model, x, reach=place.reach, directions=place.directions, search=place.search)
            closeness = {"distance": -seen.distance.double(), "entropy": entropy(model(x).double())}
            quantities = {"volume": log_volume, "expansion": log_volume - before}
            found.append(
                Measurement(
                    epoch,
                    place.name,
                    {
                        (q, c): associate(quantities[q].numpy(), closeness[c].numpy())
                        for q in QUANTITIES
                        for c in CLOSENESSES
                    },
                )
            )
    return found


def entropy(outputs: Float[Tensor, "batch classes"]) -> Float[Tensor, " batch"]:
    """The entropy of softmax f, in nats, without loss where the prediction is nearly certain."""
    log_p = torch.log_softmax(outputs, dim=1)
    return -(log_p.exp() * log_p).sum(1)


@dataclass(frozen=True)
class Row:
    """What was found over seeds: one line of the table.

    Attributes:
        experiment, control, place, epoch, quantity, closeness: of what.
        seeds: how many networks were measured; fewer count where some have no boundary, see `Interval.count`.
        spearman, auc, ratio: with their intervals; None where no seed has a value. The ratio's mean is geometric.
    """

    experiment: str
    control: str
    place: str
    epoch: int
    quantity: str
    closeness: str
    seeds: int
    spearman: Interval | None
    auc: Interval | None
    ratio: Interval | None


def over_seeds(experiment: str, control: str, measurements: Sequence[Sequence[Measurement]]) -> list[Row]:
    """The rows that several seeds of one training make, with Student's intervals.

    Args:
        experiment, control: of the training.
        measurements: what `measure_run` gave, one list a seed, all of the same places and epochs.

    Raises:
        InputError: no seed, or seeds that were measured at different places or epochs.
    """
    if not measurements:
        raise InputError("`measurements` is empty: measure one seed at least")
    labels = [(m.place, m.epoch) for m in measurements[0]]
    if any([(m.place, m.epoch) for m in seed] != labels for seed in measurements):
        raise InputError("`measurements` must be of the same places and epochs for every seed")
    rows = []
    for same in zip(*measurements, strict=True):
        for quantity in QUANTITIES:
            for closeness in CLOSENESSES:
                every = [m.associations[quantity, closeness] for m in same]
                known = [a for a in every if a is not None]
                rows.append(
                    Row(
                        experiment,
                        control,
                        same[0].place,
                        same[0].epoch,
                        quantity,
                        closeness,
                        seeds=len(every),
                        spearman=_interval([a.spearman for a in known]),
                        auc=_interval([a.auc for a in known]),
                        ratio=_exponential(_interval([a.log_ratio for a in known])),
                    )
                )
    return rows


def _interval(values: list[float]) -> Interval | None:
    return student_interval(values) if values else None


def _exponential(of: Interval | None) -> Interval | None:
    if of is None:
        return None
    return Interval(math.exp(of.mean), math.exp(of.low), math.exp(of.high), of.count)
