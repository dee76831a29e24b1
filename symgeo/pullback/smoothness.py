"""Whether a map has a curvature at all: two continuous derivatives, and no fewer features than coordinates.

Where the first derivative jumps, as at the kinks of ReLU, the second is zero on either side and no number between: the
curvature computed from it would be zero almost everywhere, and mean nothing. Where only the second jumps, as for ELU,
curvature is a number on either side and has none between: it is refused too, so that what is drawn is continuous.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch

from symgeo.errors import InputError
from symgeo.pullback.batch import MEMORY_BYTES, Batch


def check_curved(batch: Batch, name: str) -> None:
    """Refuse a map or a target with kinks, a target too large to differentiate, a metric with no inverse anywhere.

    Args:
        batch: the points and the map.
        name: what was asked for.

    Raises:
        InputError: there is no such thing.
    """
    if batch.trial.kinks:
        raise InputError(
            f"`features` has kinks ({', '.join(batch.trial.kinks)}), where its first derivative jumps: {name} would be "
            "meaningless; use a smooth activation, or ask for `metric` and `log_volume`."
        )
    if batch.trial.creases:
        raise InputError(
            f"`features` has creases ({', '.join(batch.trial.creases)}), where its second derivative jumps, and with "
            f"it {name}: use an activation with two continuous derivatives (tanh, gelu, silu, softplus), or ask for "
            "`metric` and `log_volume`."
        )
    if batch.target_kinks:
        raise InputError(
            f"`target` has kinks ({', '.join(batch.target_kinks)}), where its first or second derivative jumps, and "
            f"with it {name}: write it with smooth functions, or ask for `metric` and `log_volume`."
        )
    if batch.ambient_bytes(2) > MEMORY_BYTES:
        raise InputError(
            f"`target` is a metric that varies over {batch.n} features: for {name}, its derivatives at one point would "
            f"need {batch.ambient_bytes(2) / 1e9:.0f} GB (the limit is {MEMORY_BYTES / 1e9:.0f}); take fewer "
            "features."
        )
    if batch.n < batch.d:
        raise InputError(
            f"`features` has {batch.n} outputs for {batch.d} coordinates, so that the metric has no inverse, and "
            f"{name} no value; ask for `volume(x)`, or for a section by `on_plane(origin, u, v)`."
        )


def check_not_piecewise(batch: Batch, name: str, chunk: int | None) -> None:
    """Of a map that bends nowhere: an affine one is flat, a piecewise linear one only between its kinks.

    Args:
        batch: the points and the map.
        name: what was asked for.
        chunk: points at once.

    Raises:
        InputError: the first derivatives differ between points, or an operation was seen that may have made kinks.
    """
    slopes = replace(batch, ambient=None).map(1, lambda jet: (jet.first.transpose(0, 1).flatten(1),), chunk)[0]
    # Sums of k terms round by some sqrt(k) eps, at each point in another way; the terms of all sums on the way to a
    # feature are no more than the numbers that go in and those that the map makes.
    rounding = torch.finfo(slopes.dtype).eps * math.sqrt(batch.d + batch.trial.numbers) * slopes.abs().amax()
    if batch.trial.suspects or ((slopes - slopes[0]).abs() > rounding).any():
        suspects = f" ({', '.join(batch.trial.suspects)})" if batch.trial.suspects else ""
        raise InputError(
            f"`features` is piecewise linear{suspects}, its second derivative zero or a jump: {name} would be "
            "meaningless; use a smooth activation, or ask for `metric` and `log_volume`."
        )
