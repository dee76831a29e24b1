r"""How far a point is from the decision boundary, in the units of the inputs.

For outputs f: R^d -> R^c the class at x is c = argmax f(x), and its lead

    h(y) = f_c(y) - max_{k != c} f_k(y)

is positive at y = x and changes sign where the class does. From x rays go down the gradients of f_c - f_k, for the
rivals k with the greatest f_k(x); the first sign change of h along each is bracketed by equal steps and closed in on by
bisection. The foot p of the shortest is then improved: with the part t of x - p along the boundary at p, the next ray
goes through p + s t, where s = 1 (exact for a flat boundary) is halved whenever that ray is no shorter. Each ray ends
on the boundary, so that the result is never below the true distance; it is the distance itself for linear outputs and
spherical boundaries, and else the least of the local minima that the rays reach.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from symgeo.errors import InputError, NumericalError


@dataclass(frozen=True)
class Search:
    """How closely the boundary is looked for.

    Attributes:
        steps: brackets along a ray: a strip of another class thinner than reach / steps can be stepped over.
        bisections: of a bracket.
        improvements: of the foot of the shortest ray.
    """

    steps: int = 48
    bisections: int = 36
    improvements: int = 8

    def __post_init__(self) -> None:
        if self.steps < 1 or self.bisections < 1 or self.improvements < 0:
            raise InputError(
                f"`steps` and `bisections` must be 1 or more, `improvements` 0 or more, not {self.steps}, "
                f"{self.bisections} and {self.improvements}"
            )


CLOSE = Search()
# A third of the evaluations, where one is dear: a deep network on images.
QUICK = Search(steps=24, bisections=18, improvements=3)


@dataclass(frozen=True)
class Boundary:
    """The decision boundary as seen from each of some points.

    Attributes:
        distance: to the boundary, in the units of the inputs; infinite where no ray met it within the reach.
        predicted: the class at the point.
    """

    distance: Float[Tensor, " batch"]
    predicted: Int64[Tensor, " batch"]

    @property
    def margin(self) -> Float[Tensor, " batch"]:
        """For two classes: the distance where class 1 is predicted, minus the distance where class 0 is."""
        return torch.where(self.predicted == 1, self.distance, -self.distance)


def decision_boundary(
    outputs: Callable[[Tensor], Tensor],
    x: Float[Tensor, "batch d"],
    *,
    reach: float,
    rivals: int = 3,
    directions: int = 0,
    search: Search = CLOSE,
) -> Boundary:
    """The distance from each point to where the class changes.

    Args:
        outputs: (batch, d) -> (batch, classes), differentiable; the greatest output is the class.
        x: points.
        reach: how far to look, in the units of the inputs.
        rivals: how many other classes a ray is sent towards; all of them makes linear outputs exact.
        directions: how many rays go out besides those, evenly spread over the circle; for d = 2.
        search: how closely to look.

    Returns:
        Distances to reach / steps * 2^-bisections for the foot of a ray, reach * 2^-41 by default; the rest of the
        error is described in the module.

    Raises:
        InputError: fewer than two classes, no reach, no rival, or directions in other than two dimensions.
        NumericalError: outputs that are not finite; the message names the first such point.
    """
    if not 0 < reach < math.inf:
        raise InputError(f"`reach` must be a positive distance, not {reach}")
    if rivals < 1:
        raise InputError(f"`rivals` must be 1 or more, not {rivals}")
    if directions and x.shape[1] != 2:
        raise InputError(f"`directions` go round a circle: they need d = 2, not {x.shape[1]}")
    start = outputs(x).detach()
    if start.ndim != 2 or start.shape[1] < 2:
        raise InputError(f"`outputs` must have two classes or more, (batch, classes), not {tuple(start.shape)}")
    if not start.isfinite().all():
        first = int((~start.isfinite().all(1)).nonzero()[0])
        raise NumericalError(f"the outputs at point {first} are not finite")
    predicted = start.argmax(1)
    rays = _Rays(outputs, x.detach(), predicted, reach, search)

    order = start.argsort(dim=1, descending=True)
    distance, foot = torch.full_like(start[:, 0], math.inf), x.detach()
    for rank in range(1, min(rivals, start.shape[1] - 1) + 1):
        distance, foot = _nearer(distance, foot, *rays.shoot(rays.downhill(x, order[:, rank])))
    for number in range(directions):
        angle = 2 * math.pi * number / directions
        u = x.new_tensor([math.cos(angle), math.sin(angle)]).expand_as(x)
        distance, foot = _nearer(distance, foot, *rays.shoot(u, distance))
    share = torch.ones_like(distance)[:, None]
    for _ in range(search.improvements):
        normal, back = rays.downhill(foot), x - foot
        along = back - (back * normal).sum(1, keepdim=True) * normal
        u = torch.nn.functional.normalize(share * along - back, dim=1)
        nearer, nearer_foot = rays.shoot(u, distance)
        share = torch.where((nearer < distance)[:, None], share, share / 2)
        distance, foot = _nearer(distance, foot, nearer, nearer_foot)
    return Boundary(distance, predicted)


@dataclass(frozen=True)
class _Rays:
    """Straight lines out of the points x, each followed until the class there is no longer the predicted one."""

    outputs: Callable[[Tensor], Tensor]
    x: Float[Tensor, "batch d"]
    predicted: Int64[Tensor, " batch"]
    reach: float
    search: Search

    def lead(self, y: Float[Tensor, "batch d"]) -> Float[Tensor, " batch"]:
        """The lead of the predicted class over the best other one."""
        f = self.outputs(y)
        own = self.predicted[:, None]
        return f.gather(1, own)[:, 0] - f.scatter(1, own, -math.inf).amax(1)

    def downhill(
        self, y: Float[Tensor, "batch d"], rival: Int64[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch d"]:
        """Unit vectors at y down the gradient of the lead over the rival (None: the best); zero where it has none."""
        with torch.enable_grad():
            at = y.detach().clone().requires_grad_(True)
            if rival is None:
                lead = self.lead(at)
            else:
                f = self.outputs(at)
                lead = (f.gather(1, self.predicted[:, None]) - f.gather(1, rival[:, None]))[:, 0]
            (gradient,) = torch.autograd.grad(lead.sum(), at)
        length = torch.linalg.vector_norm(gradient, dim=1, keepdim=True)
        return torch.where(length > 0, -gradient / torch.where(length > 0, length, 1), 0)

    @torch.no_grad()
    def shoot(
        self, u: Float[Tensor, "batch d"], limit: Float[Tensor, " batch"] | None = None
    ) -> tuple[Float[Tensor, " batch"], Float[Tensor, "batch d"]]:
        """How far along u the class first changes (infinite if not within the limit), and where (else x)."""
        step = torch.full_like(self.x[:, 0], self.reach) if limit is None else limit.clamp(max=self.reach)
        step = step / self.search.steps
        low, high = torch.zeros_like(step), torch.full_like(step, math.inf)
        for number in range(1, self.search.steps + 1):
            open_ = high.isinf().nonzero()[:, 0]
            if not len(open_):
                break
            changed = open_[self._some(open_)._changed(number * step[open_], u[open_])]
            low[changed], high[changed] = (number - 1) * step[changed], number * step[changed]
        met = high.isfinite().nonzero()[:, 0]
        low[met], high[met] = self._some(met)._bisect(low[met], high[met], u[met])
        foot = self.x.clone()
        foot[met] += high[met, None] * u[met]
        return high, foot

    def _some(self, chosen: Int64[Tensor, " some"]) -> _Rays:
        return _Rays(self.outputs, self.x[chosen], self.predicted[chosen], self.reach, self.search)

    def _bisect(self, low: Tensor, high: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
        for _ in range(self.search.bisections):
            middle = (low + high) / 2
            changed = self._changed(middle, u)
            low, high = torch.where(changed, low, middle), torch.where(changed, middle, high)
        return low, high

    def _changed(self, t: Tensor, u: Tensor) -> Bool[Tensor, " batch"]:
        return self.lead(self.x + t[:, None] * u) <= 0


def _nearer(distance: Tensor, foot: Tensor, other: Tensor, other_foot: Tensor) -> tuple[Tensor, Tensor]:
    closer = other < distance
    return torch.where(closer, other, distance), torch.where(closer[:, None], other_foot, foot)
