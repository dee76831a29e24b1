r"""Length, energy and parallel transport along a curve through points.

The points are joined by straight segments of the coordinates, c(t) with c' = p_{i+1} - p_i on segment i:

    L = int |D Phi[c']| dt,      E = 1/2 int |D Phi[c']|^2 dt,      V' = -argmin_a |D Phi[a] + D^2 Phi[c', V]|.

Along the image the derivative of a transported vector is normal, as a geodesic's acceleration is. Where the points lie
on a smooth curve, what the corners add falls with the square of their distances.

The equation is linear, V' = A(t) V along a path that is known: A comes for all nodes of all segments at once, and
V(1) = exp(Omega) V(0) with Magnus's series for Omega from three Gauss-Legendre nodes, of sixth order (Blanes, Casas,
Oteo and Ros 2009, section 5).
"""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from symgeo.errors import NumericalError
from symgeo.pullback.acceleration import connection, place
from symgeo.pullback.batch import Batch
from symgeo.pullback.frame import times_power
from symgeo.pullback.geodesic import flow_tolerance

# Gauss-Legendre nodes a segment: exact for polynomials of degree 11.
NODES = 6
# A speed of 2^-4096 times the largest is none, in any dtype; less than that an exponent does not hold.
EXPONENTS = 4096
# Nodes of a step of transport: three give the sixth order.
PLACES = 3
# A segment is halved into this many parts before it is given up.
PARTS = 1024
# The matrices of a round of transport may take this much.
CARRIED_BYTES = 64_000_000


def lengths(batch: Batch, chunk: int) -> Float[Tensor, " paths"]:
    """L of each path of a batch whose last leading axis is along the paths; `chunk` nodes go through at once.

    Raises:
        NumericalError: the map has no derivative at a node, or a length leaves the range of floats.
    """
    values, weights, exponents = scaled_speeds(batch, chunk)
    return _restored("length", (values @ weights).sum(-1), exponents)


def energies(batch: Batch, chunk: int) -> Float[Tensor, " paths"]:
    """E of each path of a batch, over even times of [0, 1].

    Raises:
        NumericalError: the map has no derivative at a node, or an energy leaves the range of floats.
    """
    values, weights, exponents = scaled_speeds(batch, chunk)
    return _restored("energy", (values.square() @ weights).sum(-1) * values.shape[1] / 2, 2 * exponents)


def scaled_speeds(
    batch: Batch, chunk: int
) -> tuple[Float[Tensor, "paths parts nodes"], Float[Tensor, " nodes"], Int[Tensor, " paths"]]:
    """|D Phi[c']| at the nodes of each segment over 2^e, the weights of the nodes, which add up to one, and e.

    The power of two of each path is that of its largest derivative: no square of a speed leaves the range of floats
    that is not small beside another.

    Raises:
        NumericalError: the map has no derivative at a node.
    """
    places, weights = (torch.from_numpy(a / 2).to(batch.points) for a in np.polynomial.legendre.leggauss(NODES))
    points = batch.points.view(-1, batch.leading[-1], batch.d)
    steps = points.diff(dim=1)
    nodes = points[:, :-1, None] + (places + 0.5)[:, None] * steps[:, :, None]
    along = steps[:, :, None].expand_as(nodes)
    norms, powers = [], []
    for at, direction in zip(
        nodes.reshape(-1, batch.d).split(chunk), along.reshape(-1, batch.d).split(chunk), strict=True
    ):
        first = batch.jet_along(at, direction[None], 1).first[0]
        exponents = torch.frexp(first.abs().amax(-1)).exponent
        norms.append(times_power(first, -exponents).norm(dim=-1))
        powers.append(exponents)
    found, exponents = (torch.cat(pieces).view(nodes.shape[:3]) for pieces in (norms, powers))
    bad = (~found.isfinite()).any(-1).nonzero()
    if len(bad):
        path, segment = bad[0].tolist()
        raise NumericalError(
            f"The speed is not finite on segment {segment} of path {path}: the map overflows or has no derivative "
            "there; move the path."
        )
    lowest = torch.iinfo(exponents.dtype).min // 4
    top = torch.where(found > 0, exponents, lowest).amax((1, 2))
    top = torch.where(top > lowest, top, 0)  # a path that does not move
    drop = (exponents - top[:, None, None]).clamp_min(-EXPONENTS)
    return times_power(found.flatten(), drop.flatten()).view_as(found), weights, top


def _restored(name: str, values: Float[Tensor, " paths"], exponents: Int[Tensor, " paths"]) -> Float[Tensor, " paths"]:
    """2^e times the values, which fit."""
    made = times_power(values, exponents)
    bad = (~made.isfinite() | ((made < torch.finfo(made.dtype).tiny) & (values > 0))).nonzero()
    if len(bad):
        raise NumericalError(
            f"The {name} of path {int(bad[0])} leaves the range of {made.dtype}: scale the features or the inputs, or "
            "take float64."
        )
    return made


def transported(batch: Batch, vectors: Float[Tensor, "k d"], chunk: int | None = None) -> Float[Tensor, "k t d"]:
    """Vectors at the first point of a batch, carried along its points.

    Raises:
        NumericalError: the path meets a singular point, or is too rough to follow.
    """
    starts, steps = batch.points[:-1], batch.points.diff(dim=0)
    _rates(batch, starts, steps, chunk)  # the nodes are within segments: a singular point where one starts is seen here
    size = max(1, CARRIED_BYTES // (PLACES * batch.d**2 * starts.element_size()))
    carried = [vectors]
    for at, ways in zip(starts.split(size), steps.split(size), strict=True):
        for matrix in propagators(batch, at, ways, chunk):
            carried.append(carried[-1] @ matrix.mT)
    return torch.stack(carried, 1)


def propagators(
    batch: Batch, starts: Float[Tensor, "segments d"], steps: Float[Tensor, "segments d"], chunk: int | None = None
) -> Float[Tensor, "segments d d"]:
    """The matrices that carry vectors along segments, their parts halved until they agree.

    Raises:
        NumericalError: the path meets a singular point, or is too rough to follow.
    """
    tolerance = flow_tolerance(starts.dtype)
    found, parts = propagated(batch, starts, steps, 1, chunk), 1
    rough = torch.arange(len(starts), device=starts.device)
    while len(rough):
        if parts == PARTS:
            raise NumericalError(
                f"Vectors cannot be carried to a relative {tolerance:.0e} along the segment that starts at "
                f"{place(starts[rough[0]])}, in {parts} parts: the connection varies too fast there, or the metric is "
                "too nearly singular for its digits; move the path, or take float64."
            )
        parts *= 2
        finer = propagated(batch, starts[rough], steps[rough], parts, chunk)
        gap = (finer - found[rough]).abs().amax((1, 2))
        found[rough] = finer
        rough = rough[~(gap <= tolerance * finer.abs().amax((1, 2)))]
    return found


def propagated(
    batch: Batch,
    starts: Float[Tensor, "segments d"],
    steps: Float[Tensor, "segments d"],
    parts: int,
    chunk: int | None = None,
) -> Float[Tensor, "segments d d"]:
    """The matrices that carry vectors along segments, each in equal parts, by Magnus's series to sixth order.

    Raises:
        NumericalError: the path meets a singular point.
    """
    places = (np.polynomial.legendre.leggauss(PLACES)[0] + 1) / 2
    times = torch.from_numpy((np.arange(parts)[:, None] + places).ravel() / parts).to(starts)
    points = (starts[:, None] + times[:, None] * steps[:, None]).flatten(0, 1)
    rates = _rates(batch, points, steps.repeat_interleave(len(times), 0), chunk)
    before, middle, after = (rates / parts).unflatten(0, (len(starts), parts, PLACES)).unbind(2)
    constant, linear, quadratic = (
        middle,
        math.sqrt(15) / 3 * (after - before),
        10 / 3 * (after - 2 * middle + before),
    )
    once = _commutator(constant, linear)
    twice = -_commutator(constant, 2 * quadratic + once) / 60
    exponent = constant + quadratic / 12 + _commutator(-20 * constant - quadratic + once, linear + twice) / 240
    moves = torch.linalg.matrix_exp(exponent)
    whole = moves[:, 0]
    for part in range(1, parts):
        whole = moves[:, part] @ whole
    return whole


def _rates(
    batch: Batch, points: Float[Tensor, "batch d"], along: Float[Tensor, "batch d"], chunk: int | None
) -> Float[Tensor, "batch d d"]:
    """A at points of the path."""
    rates, regular = connection(batch, points, along, chunk)
    if not regular.all():
        raise NumericalError(
            f"The path meets a singular point of the metric at {place(points[int((~regular).nonzero()[0])])}, beyond "
            "which parallel vectors are not determined: shorten it, or lead it elsewhere."
        )
    return rates


def _commutator(a: Float[Tensor, "... d d"], b: Float[Tensor, "... d d"]) -> Float[Tensor, "... d d"]:
    return a @ b - b @ a
