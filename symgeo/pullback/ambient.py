r"""A metric h(y) that varies over the space of features, and what it adds to a map into flat space.

At y = Phi(x), with h = L L^T, G_m = d_m h, J_a and H_ab the derivatives of Phi, and G_a = J_a^m G_m,

    Gamma_m,ab = (G_a J_b + G_b J_a - J_a . G_m J_b)_m / 2
    first_a    = L^T J_a,        second_ab = L^T H_ab + L^{-1} Gamma_ab:

the differential of Phi and its covariant derivative, in orthonormal coordinates of the space at y. Metric, volume,
connection and second fundamental form come from them as in flat space; Gauss's equation gains the curvature of the
space itself, along orthonormal tangent vectors E_i (Misner, Thorne and Wheeler, equation 14.1, at gamma_ij = L^{-1}
Gamma_ij):

    R_ijkl = (d_j d_k h_il + d_i d_l h_jk - d_i d_k h_jl - d_j d_l h_ik) / 2
             + gamma_jk . gamma_il - gamma_jl . gamma_ik.

Of the second derivatives of h only those along tangent vectors are formed; of the first, all n^3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.linalg import solve_triangular

from symgeo.errors import InputError, NumericalError
from symgeo.pullback.chart import Chart
from symgeo.pullback.feature_map import ROW_TOLERANCE
from symgeo.pullback.gauss import square
from symgeo.pullback.jet import Jet, pair_count
from symgeo.pullback.propagation import propagate, propagate_along
from symgeo.pullback.watch import watched

# The largest asymmetry of h that is taken for rounding, relative to its largest entry, in units of the last place.
ASYMMETRY = 1e4


class Ambient:
    """The space of features under a metric that varies.

    Args:
        matrix: h, a batched callable (batch, n) -> (batch, n, n).
    """

    def __init__(self, matrix: Callable[[Tensor], Tensor]) -> None:
        self.matrix = matrix
        self._kinks: dict[tuple[torch.dtype, torch.device, int, bool], tuple[str, ...]] = {}

    def flattened(self, y: Float[Tensor, "batch n"]) -> Float[Tensor, "batch n*n"]:
        """The entries of h, row by row.

        Raises:
            InputError: they are not (batch, n, n).
        """
        h_dd = self.matrix(y)
        wanted = (*y.shape, y.shape[1])
        if not isinstance(h_dd, Tensor) or tuple(h_dd.shape) != wanted:
            got = tuple(h_dd.shape) if isinstance(h_dd, Tensor) else f"a {type(h_dd).__name__}"
            raise InputError(
                f"`target` must map a batch of features (batch, n) to matrices (batch, n, n): for {tuple(y.shape)} it "
                f"must return {wanted}, not {got}."
            )
        return h_dd.flatten(1)

    def kinks(self, y: Float[Tensor, "batch n"]) -> tuple[str, ...]:
        """The operations of h whose first or second derivative jumps, seen in a trial on some features.

        Raises:
            InputError: h cannot take features, changes their dtype, or mixes the points of a batch.
        """
        key = (y.dtype, y.device, y.shape[1], len(y) > 1)
        if key not in self._kinks:
            self._kinks[key] = self._trial(y)
        return self._kinks[key]

    def _trial(self, y: Float[Tensor, "batch n"]) -> tuple[str, ...]:
        try:
            alone, watch = watched(self.flattened, y[-1:])
            together = self.flattened(y.clone())
        except InputError as error:
            raise named(error) from error
        except Exception as error:  # whatever the user's code raises
            reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
            raise InputError(
                f"`target` could not take {y.dtype} features of shape (1, {y.shape[1]}): {reason.rstrip('.')}; it must "
                "map (batch, n) to (batch, n, n)."
            ) from error
        if alone.dtype != y.dtype:
            raise InputError(f"`target` must keep the dtype of the features, {y.dtype}; it returned {alone.dtype}.")
        if (together[-1] - alone[0]).abs().amax() > ROW_TOLERANCE[y.dtype] * alone.abs().amax():
            raise InputError("`target` mixes the points of a batch: make each matrix a function of its own features.")
        return tuple(dict.fromkeys(watch.kinks + watch.creases))

    def point_bytes(self, n: int, k: int, order: int, itemsize: int) -> int:
        """The bytes of h and its derivatives at one point, for k tangent vectors."""
        return n * n * (1 if order == 1 else max(n, 1 + k + pair_count(k))) * itemsize

    def root(self, y: Float[Tensor, "batch n"], name: Callable[[int], str]) -> Float[Tensor, "batch n n"]:
        """L, lower triangular.

        Args:
            y: features.
            name: what messages call the point at a row.

        Raises:
            InputError: h is not symmetric somewhere.
            NumericalError: h is not finite, or not positive definite, somewhere.
        """
        h_dd = self.flattened(y).view(*y.shape, -1)
        bad = ~h_dd.isfinite().flatten(1).all(1)
        if bad.any():
            raise NumericalError(f"`target` is not finite at {name(first(bad))}: its features lie outside the metric.")
        gap, size = ((h_dd - h_dd.mT).abs().flatten(1).amax(1), h_dd.abs().flatten(1).amax(1))
        bad = gap > ASYMMETRY * torch.finfo(y.dtype).eps * size
        if bad.any():
            row = first(bad)
            raise InputError(
                f"`target` must be symmetric: at {name(row)} two mirrored entries differ by {gap[row]:.3g}; take "
                "(h + h.mT) / 2."
            )
        lower, failed = torch.linalg.cholesky_ex(h_dd)
        if failed.any():
            row = first(failed > 0)
            least = torch.linalg.eigvalsh(h_dd[row])[0]
            raise NumericalError(
                f"`target` is not positive definite at {name(row)}: its least eigenvalue is {least:.3g}; keep the "
                "features where it is."
            )
        return lower

    def seen(self, jet: Jet, y: Float[Tensor, "batch n"], name: Callable[[int], str]) -> Jet:
        """The jet of a map into this space, in orthonormal coordinates at each point; one that is not finite as it is.

        Args:
            jet: of the map into flat space.
            y: its values.
            name: what messages call the point at a row.

        Raises:
            InputError, NumericalError: h is no metric at some of the points.
        """
        if not (y.isfinite().all() and jet.finite()):
            return jet
        lower = self.root(y, name)
        whitened = (jet.dense().transpose(0, 1) @ lower).transpose(0, 1)  # (L^T v)^T = v^T L
        if jet.order == 1:
            return replace(jet, rows=whitened, factored=None, chain=None)
        gradient = self.gradient(y)
        upper = torch.triu_indices(jet.k, jet.k, device=y.device)
        bends = connection(gradient, lower, jet.first.transpose(0, 1))[:, upper[0], upper[1]]
        whitened[jet.k :] += bends.transpose(0, 1)

        def curvature(frame: Float[Tensor, "batch k n"]) -> Float[Tensor, "batch k k k k"]:
            return self.curvature(y, lower, gradient, frame)

        return Jet(whitened, jet.k, jet.order, ambient=curvature, bent=jet.bends())

    def gradient(self, y: Float[Tensor, "batch n"]) -> Float[Tensor, "batch n n n"]:
        """d_m h_ij, the derivative first."""
        n = y.shape[1]
        try:
            rows = propagate(self.flattened, Chart((n,)), y, 1).first
        except InputError as error:
            raise named(error) from error
        return rows.transpose(0, 1).unflatten(2, (n, n))

    def curvature(
        self,
        y: Float[Tensor, "batch n"],
        lower: Float[Tensor, "batch n n"],
        gradient: Float[Tensor, "batch n n n"],
        frame: Float[Tensor, "batch k n"],
    ) -> Float[Tensor, "batch k k k k"]:
        """R_ijkl of the space along vectors that are given in its orthonormal coordinates."""
        n, k = y.shape[1], frame.shape[1]
        vectors = solve_triangular(lower.mT, frame.mT, upper=True).mT
        try:
            second = propagate_along(self.flattened, Chart((n,)), y, vectors.transpose(0, 1)).second
        except InputError as error:
            raise named(error) from error
        bend = vectors[:, None] @ second.transpose(0, 1).unflatten(2, (n, n)) @ vectors.mT[:, None]
        bend_dddd = square(bend, k)  # d_i d_j h(E_k, E_l)
        gamma = connection(gradient, lower, vectors)
        # Antisymmetric in (k, l): what is made for jk, il less the same for jl, ik.
        half = (bend_dddd + bend_dddd.permute(0, 3, 4, 1, 2)) / 2 + torch.einsum("pjkn,piln->pjkil", gamma, gamma)
        return half.permute(0, 3, 1, 2, 4) - half.permute(0, 3, 1, 4, 2)


def connection(
    gradient: Float[Tensor, "batch n n n"], lower: Float[Tensor, "batch n n"], vectors: Float[Tensor, "batch k n"]
) -> Float[Tensor, "batch k k n"]:
    """gamma_ab = L^{-1} Gamma_ab: the Christoffel symbols of the space along vectors, in orthonormal coordinates."""
    n, k = lower.shape[-1], vectors.shape[1]
    along = (vectors @ gradient.flatten(2)).unflatten(2, (n, n))  # d_a h
    one = along @ vectors.mT[:, None]  # (d_a h) v_b, the upper index before b
    across = vectors[:, None] @ gradient @ vectors.mT[:, None]  # v_a . (d_m h) v_b, m first
    lowered = (one.permute(0, 1, 3, 2) + one.permute(0, 3, 1, 2) - across.permute(0, 2, 3, 1)) / 2
    return solve_triangular(lower, lowered.flatten(1, 2).mT, upper=False).mT.unflatten(1, (k, k))


def first(rows: Bool[Tensor, " batch"]) -> int:
    """The first row that is true."""
    return int(rows.nonzero()[0])


def named(error: InputError) -> InputError:
    """What is said of feature maps, said of the metric."""
    return InputError(str(error).replace("`features`", "`target`"))
