"""What is asked of points, and what is said of those at which a quantity has no value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from jaxtyping import Bool, Int
from torch import Tensor

from symgeo.errors import InputError, NumericalError
from symgeo.pullback.batch import Batch, check_size
from symgeo.pullback.quantities import QUANTITIES, Quantity
from symgeo.pullback.smoothness import check_curved, check_not_piecewise


def order_of(asked: dict[str, Quantity]) -> int:
    """The order of the jet that all of the quantities need."""
    return max(quantity.order for quantity in asked.values())


def needed(asked: dict[str, Quantity]) -> list[str]:
    """What has to be computed for them: the rank too, for all but the metric."""
    return [*dict.fromkeys([*asked, "rank"])] if any(name != "metric" for name in asked) else [*asked]


def checked(batch: Batch, names: Sequence[str]) -> dict[str, Quantity]:
    """The quantities of these names, if a map has them.

    Raises:
        InputError: no quantity, or an unknown one; curvature of a map without two continuous derivatives, or with fewer
            features than coordinates; results that would not fit in memory.
    """
    if not names:
        raise InputError(f"`quantities` must name at least one of {', '.join(QUANTITIES)}.")
    for name in names:
        if name not in QUANTITIES:
            cure = "; `volume(x)` has it at points of any rank, with the rank" if name == "volume" else ""
            raise InputError(f"`quantities` has no {name!r}: {', '.join(QUANTITIES)}{cure}.")
    asked = {name: QUANTITIES[name] for name in names}
    for quantity in asked.values():
        if quantity.order == 2:
            check_curved(batch, quantity.spoken)
        check_size(batch, quantity.indices, order_of(asked), quantity.spoken)
    return asked


def finished(
    batch: Batch,
    asked: dict[str, Quantity],
    found: dict[str, Tensor],
    bends: bool,
    on_singular: Literal["raise", "mark"],
    chunk: int | None,
) -> dict[str, Tensor]:
    """The quantities in the leading shape of the points, with singular points marked.

    Args:
        batch: the points and the map.
        asked: the quantities, by name.
        found: what was computed of them, with the points first, and the rank.
        bends: whether the map has any second derivative.
        on_singular: what to do where the metric is singular.
        chunk: points at once.

    Raises:
        InputError: the map is piecewise linear, and curvature is asked for.
        NumericalError: a quantity has no value at some point, or one out of the range of floats.
    """
    if not bends:
        check_not_piecewise(batch, next(q.spoken for q in asked.values() if q.order == 2), chunk)
    results = {name: batch.shaped(found[name]) for name in asked}
    ranked = [name for name in asked if name not in ("metric", "rank")]
    singular = None
    if ranked:
        spoken = [asked[name].spoken for name in ranked]
        singular = singular_points(batch, batch.shaped(found["rank"]), spoken, on_singular)
        for name in ranked if singular.any() else ():
            mask = singular[(..., *[None] * asked[name].indices)]
            results[name] = results[name].masked_fill(mask, -math.inf if name == "log_volume" else math.nan)
    for name in asked:
        if not found[name].sum().isfinite():
            regular = None if name == "metric" or singular is None else ~singular.flatten()
            check_range(batch, asked[name].spoken, found[name], regular)
    return results


def check_range(batch: Batch, spoken: str, values: Tensor, regular: Bool[Tensor, " batch"] | None) -> None:
    """Refuse values that are not finite at points where the metric is regular.

    Raises:
        NumericalError: there is such a point.
    """
    bad = ~values.reshape(len(values), -1).isfinite().all(1)
    bad = bad if regular is None else bad & regular
    if bad.any():
        raise NumericalError(
            f"{spoken[0].upper()}{spoken[1:]} leaves the range of {values.dtype} at "
            f"{batch.name(int(bad.nonzero()[0]))}: scale the features or the inputs, or take float64."
        )


def singular_points(
    batch: Batch, ranks: Int[Tensor, " ..."], names: list[str], on_singular: Literal["raise", "mark"]
) -> Bool[Tensor, " ..."]:
    """Where the rank is not full.

    Raises:
        NumericalError: it is not, and `on_singular` is "raise".
    """
    full = min(batch.n, batch.d)
    deficient = ranks < full
    if on_singular == "raise" and deficient.any():
        index = int(deficient.flatten().nonzero()[0])
        raise NumericalError(
            f"The metric is singular at {batch.name(index)} (rank {int(ranks.flatten()[index])} of {full}): no "
            f"value for {' and '.join(names)}; drop the point, or mark such points by "
            'Pullback(..., on_singular="mark").'
        )
    return deficient
