"""Points on their way through a feature map: located, tried, and sent through in chunks.

Memory is bounded by the chunk, never by the number of points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import torch
from jaxtyping import Float, Int
from torch import Tensor

from symgeo.errors import InputError, NumericalError
from symgeo.pullback.ambient import Ambient
from symgeo.pullback.chart import Chart, flat_points, point_name
from symgeo.pullback.feature_map import FeatureMap, Trial
from symgeo.pullback.jet import Jet
from symgeo.pullback.jet_tensor import refused
from symgeo.pullback.propagation import propagate, propagate_along
from symgeo.pullback.reverse import reverse_jacobian

# Points that go through at once: enough to hide the cost of calling, few enough for the caches (measured on networks
# of 64 to 2000 units). More where the jet of more is small at the widest layer, fewer where it would be large.
CHUNK_POINTS = 640
SMALL_BYTES, CHUNK_BYTES = 8_000_000, 64_000_000
# Points that go through at once where nothing but their coordinates is held (`affine`).
HELD_POINTS = 65_536
# How many times more coordinates than features make gradients of features cheaper than derivatives along coordinates: a
# gradient costs about three evaluations of the map, a derivative one.
REVERSE = 3
# A result, or the jet of a single point, above this is refused with its size before anything is computed.
MEMORY_BYTES = 8_000_000_000


@dataclass(frozen=True)
class Batch:
    """Points in a chart, the map that they go through, and what one trial of it showed."""

    points: Float[Tensor, "batch d"]
    leading: tuple[int, ...]
    chart: Chart
    function: Callable[[Tensor], Tensor]
    trial: Trial
    ambient: Ambient | None = None
    target_kinks: tuple[str, ...] = ()
    places: Int[Tensor, " batch"] | None = None

    @property
    def d(self) -> int:
        """The number of coordinates."""
        return self.chart.dimension

    @property
    def n(self) -> int:
        """The number of features."""
        return self.trial.features.shape[1]

    @torch.no_grad()
    def map(
        self, order: int, quantity: Callable[[Jet], tuple[Tensor, ...]], chunk: int | None = None
    ) -> tuple[Tensor, ...]:
        """Quantities of the jet at every point, each with a row a point.

        Args:
            order: of the jet, 1 or 2.
            quantity: takes the jet of a chunk, returns tensors with a row a point.
            chunk: points at once; None for the heuristic.

        Raises:
            NumericalError: the features or their derivatives are not finite at some point.
        """
        pieces = []
        for where, jet in self.jets(order, chunk):
            self.check_finite(jet, where.start)
            pieces.append(quantity(jet))
        return pieces[0] if len(pieces) == 1 else tuple(torch.cat(piece) for piece in zip(*pieces, strict=True))

    def jets(self, order: int, chunk: int | None = None, in_blocks: bool = False) -> Iterator[tuple[slice, Jet]]:
        """The jets of the points, chunk by chunk, with the points that they are of; not checked to be finite.

        Args:
            order: 1 or 2.
            chunk: points at once; None for the heuristic.
            in_blocks: whether they are gone through block by block, so that those not made before may be many.
        """
        size = chunk or self.chunk_points(order)
        start = 0
        while start < len(self.points):
            where = slice(start, min(start + size, len(self.points)))
            start = where.stop
            points = self.points[where]
            # What no_grad or detach cut off, only forward propagation sees.
            if order == 1 and REVERSE * self.n < self.d and not self.trial.severed:
                with refused():
                    inputs = self.chart.inputs(points)
                    jet = reverse_jacobian(self.function, inputs, self.chart, self.n, self.trial.numbers)
            else:
                jet = propagate(self.function, self.chart, points, order)
            yield where, self._seen(jet, points, partial(self._row_name, where.start))
            if in_blocks and chunk is None and jet.held:
                size = HELD_POINTS

    def jet(self, points: Float[Tensor, "points d"], order: int) -> Jet:
        """The jet at other points of the chart."""
        return self._seen(propagate(self.function, self.chart, points, order), points, place_name(points))

    def jet_along(
        self, points: Float[Tensor, "points d"], directions: Float[Tensor, "k points d"], order: int = 2
    ) -> Jet:
        """The jet at other points of the chart, along directions of each point's own."""
        jet = propagate_along(self.function, self.chart, points, directions, order)
        return self._seen(jet, points, place_name(points))

    @torch.no_grad()
    def _seen(self, jet: Jet, points: Float[Tensor, "points d"], name: Callable[[int], str]) -> Jet:
        """The jet of the map into the space of features, whatever its metric."""
        if self.ambient is None:
            return jet
        return self.ambient.seen(jet, self.function(self.chart.inputs(points).clone()), name)

    def at(self, indices: Int[Tensor, " some"]) -> Batch:
        """Some of the points; messages name them by the places they have here."""
        places = indices if self.places is None else self.places[indices]
        return replace(self, points=self.points[indices], places=places)

    def shaped(self, tensor: Tensor) -> Tensor:
        """A tensor with a row a point, in the leading shape of the points."""
        return tensor.reshape((*self.leading, *tensor.shape[1:]))

    def chunk_points(self, order: int) -> int:
        """How many points go through at once, by the heuristic."""
        return _points_of(self.point_bytes(order))

    def along_points(self, order: int) -> int:
        """How many points go through at once along a few directions of their own."""
        return max(1, min(CHUNK_POINTS, CHUNK_BYTES // max(1, self.ambient_bytes(order))))

    def point_bytes(self, order: int) -> int:
        """The bytes of one point's jet at the widest layer of the map."""
        rows = 1 + self.d + (self.d * (self.d + 1) // 2 if order == 2 else 0)
        size = rows * max(self.trial.largest, self.d) * self.points.element_size()
        return max(size, self.ambient_bytes(order))

    def ambient_bytes(self, order: int) -> int:
        """The bytes of the metric of the features, and of its derivatives, at one point."""
        if self.ambient is None:
            return 0
        return self.ambient.point_bytes(self.n, min(self.d, self.n), order, self.points.element_size())

    def name(self, index: int) -> str:
        """How a message names the point at this row."""
        return point_name(index if self.places is None else int(self.places[index]), self.leading)

    def _row_name(self, start: int, row: int) -> str:
        return self.name(start + row)

    def check_finite(self, jet: Jet, start: int) -> None:
        """Refuse a jet that is not finite.

        Args:
            jet: of a chunk of the points.
            start: the place of the first of them.

        Raises:
            NumericalError: the map overflows or has no derivative at a point.
        """
        if jet.finite():
            return
        slices = [("first derivatives", jet.first)]
        for what, tensor in slices + ([("second derivatives", jet.second)] if jet.order == 2 else []):
            bad = ~tensor.isfinite().all(-1).all(0)
            if bad.any():
                index = start + int(bad.nonzero()[0])
                raise NumericalError(
                    f"The {what} are not finite at {self.name(index)}: the map overflows or has no derivative there; "
                    "move or drop the point."
                )


def _points_of(size: int) -> int:
    """How many points go through at once, of so many bytes each."""
    return max(1, min(CHUNK_BYTES // size, HELD_POINTS, max(CHUNK_POINTS, SMALL_BYTES // size)))


def located(
    features: FeatureMap,
    x: Tensor,
    section: Chart | None,
    input_shape: tuple[int, ...] | None,
    ambient: Ambient | None = None,
) -> Batch:
    """The points as a batch, with the map in their dtype tried on the first of them.

    Args:
        features: the map.
        x: points, (..., d) or (..., *input_shape).
        section: the chart that x is in; None for the inputs themselves.
        input_shape: what one input looks like; None to go by the map and by x.
        ambient: the space of features, where its metric varies.

    Raises:
        InputError: points or a map that cannot be meant.
    """
    if section is not None:
        points, leading = flat_points(x, (section.dimension,))
        chart = section.forgetful()
    else:
        if input_shape is None and features.input_rank > 1 and isinstance(x, Tensor) and x.ndim >= features.input_rank:
            input_shape = tuple(x.shape[-features.input_rank :])
        points, leading = flat_points(x, input_shape)
        chart = Chart(input_shape or (points.shape[1],))
    function = features.called_in(points.dtype)
    with torch.no_grad():
        trial = features.trial(function, chart.inputs(points[:8]))
        kinks = () if ambient is None else ambient.kinks(function(chart.inputs(points[:8])))
    return Batch(points, leading, chart, function, trial, ambient, kinks)


def place_name(points: Float[Tensor, "points d"]) -> Callable[[int], str]:
    """What messages call a point that has no place in the batch: its coordinates."""
    return lambda row: "the point (" + ", ".join(f"{value:.6g}" for value in points[row][:6]) + ")"


def check_size(batch: Batch, tensor_rank: int, order: int, name: str) -> None:
    """Refuse what would not fit in memory, with its size and the way round.

    Raises:
        InputError: the result, or the jet of one point, is larger than the budget.
    """
    result = len(batch.points) * batch.d**tensor_rank * batch.points.element_size()
    count = len(batch.points)
    for what, size in (
        (f"{name} of {count} point{'s' if count > 1 else ''}", result),
        ("the jet of one point", batch.point_bytes(order)),
    ):
        if size > MEMORY_BYTES:
            raise InputError(
                f"`x` has {batch.d} coordinates a point: {what} would need {size / 1e9:.0f} GB (the limit is "
                f"{MEMORY_BYTES / 1e9:.0f}); take {'fewer points, ' if count > 1 else ''}a section by "
                "`on_plane(origin, u, v)`, or what goes along directions: `sectional_curvature(x, u, v)`, `exp(x, v)`."
            )
