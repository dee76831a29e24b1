"""The quantities that a pullback geometry has at a point: what they need, and what those of several parts look like."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor

from symgeo.errors import InputError


@dataclass(frozen=True)
class Volume:
    """The log volume element of the image of the tangent space, and the rank that it was taken at."""

    log: Float[Tensor, " ..."]
    rank: Int[Tensor, " ..."]


@dataclass(frozen=True)
class Stretches:
    """The singular values of J, largest first, and the unit vectors of the coordinates that they stretch, as rows.

    The first `rank` directions are those that the features see, the others null: g v = 0.
    """

    values: Float[Tensor, "... d"]
    directions: Float[Tensor, "... d d"]
    rank: Int[Tensor, " ..."]

    def image(self) -> Float[Tensor, "... rank d"]:
        """An orthonormal basis of the directions that the features see, orthogonal to the null ones.

        Raises:
            InputError: the rank differs between points.
        """
        return self.directions[..., : self._common_rank(), :]

    def null(self) -> Float[Tensor, "... nullity d"]:
        """An orthonormal basis of the null directions, along which the features do not change to first order.

        Raises:
            InputError: the rank differs between points.
        """
        return self.directions[..., self._common_rank() :, :]

    def _common_rank(self) -> int:
        ranks = self.rank.unique().tolist()
        if len(ranks) > 1:
            raise InputError(
                f"`x` has points of ranks {', '.join(map(str, ranks))}, whose null directions make no one tensor: take "
                "the points of one rank at a time, or slice `directions` by `rank`."
            )
        return ranks[0]


@dataclass(frozen=True)
class ExtrinsicCurvature:
    """How the image bends in the space of features: m = tr K / d, and |K|, of the second fundamental form K."""

    mean: Float[Tensor, "... n"]
    norm: Float[Tensor, " ..."]


@dataclass(frozen=True)
class Quantity:
    """What a quantity needs, how many indices it has, and what messages call it."""

    order: int
    indices: int
    spoken: str


QUANTITIES = {
    "metric": Quantity(1, 2, "the metric"),
    "log_volume": Quantity(1, 0, "the log volume"),
    "rank": Quantity(1, 0, "the rank"),
    "christoffel": Quantity(2, 3, "the Christoffel symbols"),
    "riemann": Quantity(2, 4, "the Riemann tensor"),
    "ricci": Quantity(2, 2, "the Ricci tensor"),
    "scalar_curvature": Quantity(2, 0, "the scalar curvature"),
}
