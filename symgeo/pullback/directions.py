"""What a geometry has along directions: principal stretches, curvature of planes, bending in the space of features."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from symgeo.errors import InputError
from symgeo.pullback.ambient import Ambient
from symgeo.pullback.batch import Batch, check_size
from symgeo.pullback.directional import extrinsic, sectional_curvature
from symgeo.pullback.jet import Jet
from symgeo.pullback.paths import Paths
from symgeo.pullback.quantities import ExtrinsicCurvature, Stretches
from symgeo.pullback.smoothness import check_curved, check_not_piecewise
from symgeo.pullback.tangents import tangent_vectors
from symgeo.pullback.target import Target
from symgeo.pullback.values import check_range, singular_points


class Directions(Paths):
    """Quantities along directions of a pullback geometry."""

    _target: Target
    _ambient: Ambient | None

    def stretches(self, x: Float[Tensor, "... d"]) -> Stretches:
        """The principal stretches and their directions: g = sum_i stretch_i^2 direction_i direction_i^T.

        The image and the null directions of a singular metric are among them. Directions are flat, (..., d), whatever
        the shape of the points.
        """
        batch = self._batch(x)
        check_size(batch, 2, 1, "the principal directions")

        def of(jet: Jet) -> tuple[Tensor, Tensor, Tensor]:
            _, values, directions = torch.linalg.svd(jet.first.permute(1, 2, 0), full_matrices=True)
            ranks = (values > max(jet.n, jet.k) * torch.finfo(values.dtype).eps * values[:, :1]).sum(-1)
            return torch.nn.functional.pad(values, (0, jet.k - values.shape[1])), directions, ranks

        return Stretches(*(batch.shaped(tensor) for tensor in batch.map(1, of, self._chunk)))

    def sectional_curvature(
        self, x: Float[Tensor, "... d"], u: Float[Tensor, "... d"], v: Float[Tensor, "... d"]
    ) -> Float[Tensor, " ..."]:
        """The sectional curvature R(u, v, u, v) / (|u|^2 |v|^2 - <u, v>^2); 1 for the unit sphere.

        Three second derivatives a point, however many coordinates there are.

        Args:
            x: points, (..., d) or (..., *input_shape).
            u, v: vectors that span a plane, in either shape: one for each point, or one for all.

        Raises:
            InputError: vectors that are parallel at some point, or of another shape.
            NumericalError: the metric is singular at some point, or the curvature leaves the range of floats.
        """
        batch = self._batch(x)
        check_curved(batch, "a sectional curvature")
        check_size(batch, 0, 1, "a sectional curvature")
        along = [self._vectors(batch, name, vector) for name, vector in (("u", u), ("v", v))]
        values, ranks, planes, bends = sectional_curvature(batch, *along, self._chunk or batch.along_points(2))
        if not bends.any():
            check_not_piecewise(batch, "a sectional curvature", self._chunk)
        singular = self._singular(batch, batch.shaped(ranks), "a sectional curvature")
        parallel = (batch.shaped(planes) < 2) & ~singular
        if parallel.any():
            index = int(parallel.flatten().nonzero()[0])
            raise InputError(
                f"`u` and `v` are parallel, or zero, at {batch.name(index)}: give vectors that span a plane."
            )
        check_range(batch, "the sectional curvature", values, ~singular.flatten())
        return batch.shaped(values).masked_fill(singular, math.nan)

    def extrinsic_curvature(self, x: Float[Tensor, "... d"]) -> ExtrinsicCurvature:
        """The mean curvature vector and the norm of the second fundamental form of the image in the features.

        R = d^2 |m|^2 - |K|^2. For a constant target G = L L^T the vector is in the coordinates L^T y, in which it is
        flat.

        Raises:
            InputError: the target is curved.
            NumericalError: the metric is singular at some point, or the curvature leaves the range of floats.
        """
        if self._target == "fisher" or self._ambient is not None:
            raise InputError("`target` is a curved space: extrinsic curvature is had for flat and constant targets.")
        batch = self._batch(x)
        check_curved(batch, "the extrinsic curvature")
        check_size(batch, 0, 2, "the extrinsic curvature")
        mean, norm, ranks, bends = batch.map(2, extrinsic, self._chunk)
        if not bends.any():
            check_not_piecewise(batch, "the extrinsic curvature", self._chunk)
        singular = self._singular(batch, batch.shaped(ranks), "the extrinsic curvature")
        for part in (mean, norm):
            check_range(batch, "the extrinsic curvature", part, ~singular.flatten())
        mean, norm = batch.shaped(mean), batch.shaped(norm)
        return ExtrinsicCurvature(mean.masked_fill(singular[..., None], math.nan), norm.masked_fill(singular, math.nan))

    def _vectors(self, batch: Batch, name: str, vectors: Tensor) -> Float[Tensor, "batch d"]:
        flat, _ = tangent_vectors(batch, name, vectors)
        if flat.shape[:-1] not in ((), batch.leading):
            raise InputError(
                f"`{name}` must be one vector for all points, or one for each of {batch.leading}; its shape is "
                f"{tuple(vectors.shape)}."
            )
        return flat.expand(*batch.leading, batch.d).reshape(-1, batch.d)

    def _singular(self, batch: Batch, ranks: Tensor, name: str) -> Tensor:
        return singular_points(batch, ranks, [name], self._on_singular)
