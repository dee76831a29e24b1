r"""Points of a hypersurface with all that the metric's equation needs there.

A random complex line meets the hypersurface in D points; over all lines, uniform under U(N), these are distributed as
the volume det g_FS of Fubini and Study's metric (Shiffman and Zelditch; used by Douglas, Karp, Lukic and Reinbacher,
hep-th/0612075). At each point

    patch a        the coordinate of largest modulus, set to 1
    dependent b    of the others, the one with the largest |dP/dZ_b|: solved for by the implicit function theorem
    frame          dZ_i/dx_m: 1 for the m-th free coordinate, -(dP/dZ_m)/(dP/dZ_b) for b, 0 for a
    density        |Omega|^2 = 1/|dP/dZ_b|^2
    g_FS           d dbar log|Z|^2 / pi, restricted: frame^T Gamma conj(frame)
    weights        kappa |Omega|^2 / det g_FS, whose expectation is 1

and det g = kappa |Omega|^2 with kappa = (D/n!) / int |Omega|^2 is the Ricci-flat metric's equation.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Complex, Float, Int
from torch import Tensor

from symgeo.calabi_yau.hypersurface import Hypersurface
from symgeo.errors import InputError, NumericalError

#: Of |P| over the sum of its terms' moduli, after polishing: some hundred roundings of double precision.
RESIDUAL = 1e-13
#: Points that estimate kappa where no formula gives it.
ESTIMATE = 200_000


@dataclass(frozen=True)
class Sample:
    """Points of a hypersurface in affine patches; m points, N coordinates, complex dimension n.

    Attributes:
        hypersurface: where they lie.
        points: representatives whose coordinate `patch`, the largest, is 1.
        patch: a.
        dependent: b.
        frame: dZ_i/dx_m.
        density: |Omega|^2.
        weights: kappa |Omega|^2/det g_FS, of mean 1 up to the sample's own error: turns averages over the points into
            averages over |Omega|^2.
        fubini_study: g_FS[m, n] = d_m dbar_n log|Z|^2 / pi.
        line: which random line each point is on, a number made of the seed and the line's place; points of one line are
            not independent. Points that were given to `at` have a line each.
        kappa: det g / |Omega|^2 of the Ricci-flat metric.
        kappa_error: its standard error; 0 where it is exact.
    """

    hypersurface: Hypersurface
    points: Complex[Tensor, "m N"]
    patch: Int[Tensor, " m"]
    dependent: Int[Tensor, " m"]
    frame: Complex[Tensor, "m N n"]
    density: Float[Tensor, " m"]
    weights: Float[Tensor, " m"]
    fubini_study: Complex[Tensor, "m n n"]
    line: Int[Tensor, " m"]
    kappa: float
    kappa_error: float = 0.0

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, index: Tensor | slice) -> Sample:
        """The points with that index."""
        return self._with(lambda t: t[index])

    def unitary(self) -> Sample:
        """The same points in a frame where g_FS is the identity, and |Omega|^2 is that of the new frame.

        With g_FS = L L^dagger the frame becomes frame L^{-T}: what a metric has as components there depends on
        neither the patch nor the coordinates, up to a unitary matrix.
        """
        inverse = torch.linalg.inv(torch.linalg.cholesky(self.fubini_study))
        determinant = torch.linalg.det(self.fubini_study).real
        identity = torch.eye(self.frame.shape[2], dtype=self.frame.dtype).expand_as(self.fubini_study)
        return dataclasses.replace(
            self, frame=self.frame @ inverse.mT, density=self.density / determinant, fubini_study=identity
        )

    def to(self, dtype: torch.dtype) -> Sample:
        """The same in complex64 or complex128."""
        real = torch.empty(0, dtype=dtype).real.dtype
        return self._with(lambda t: t.to(dtype) if t.is_complex() else t.to(real) if t.is_floating_point() else t)

    def residual(self) -> float:
        """The largest |P(Z)| over the sum of the moduli of P's terms."""
        return float((self.hypersurface.value(self.points).abs() / self.hypersurface.magnitude(self.points)).max())

    def _with(self, change: object) -> Sample:
        tensors = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return Sample(**{k: change(v) if isinstance(v, Tensor) else v for k, v in tensors.items()})


def sample(
    hypersurface: Hypersurface,
    count: int,
    seed: int,
    dtype: torch.dtype = torch.complex128,
    *,
    kappa: float | None = None,
) -> Sample:
    """Points distributed as Fubini and Study's volume, D from each random line, in the order of their lines.

    Args:
        hypersurface: where.
        count: how many; the last line may give fewer than D.
        seed: of the lines; torch's generator keeps 32 bits of it.
        dtype: of the result, complex128 or complex64. Everything is computed in complex128.
        kappa: the normalisation, if it is known otherwise; else exact where the hypersurface's volume is, and
            estimated from `ESTIMATE` other points where not.

    Raises:
        InputError: no points asked for, a seed out of range, or a dtype that is not complex.
        NumericalError: a root that cannot be polished to `RESIDUAL`: the hypersurface is singular, or nearly so.
    """
    if count < 1:
        raise InputError(f"`count` must be at least 1, not {count}")
    if not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise InputError(f"`seed` must be an integer from 0 to 2^32 - 1, all that torch keeps, not {seed}")
    if dtype not in (torch.complex64, torch.complex128):
        raise InputError(f"`dtype` must be torch.complex64 or torch.complex128, not {dtype}")
    error = 0.0
    if kappa is None and hypersurface.kappa is None:
        kappa, error = estimated_kappa(hypersurface, ESTIMATE, seed=seed + 1)
    there = at(hypersurface, _intersections(hypersurface, count, seed), kappa=kappa)
    # The seed in the upper 32 bits, so that samples of several seeds can be put together.
    line = (seed - 2**31) * 2**32 + torch.arange(count) // hypersurface.degree
    return dataclasses.replace(there, line=line, kappa_error=error).to(dtype)


def at(
    hypersurface: Hypersurface,
    Z: Complex[Tensor, "m N"],
    *,
    patch: Int[Tensor, " m"] | None = None,
    dependent: Int[Tensor, " m"] | None = None,
    kappa: float | None = None,
) -> Sample:
    """The same data at given points of the hypersurface, in the patches asked for or the best ones.

    Raises:
        InputError: kappa is neither given nor known.
        NumericalError: a point that is not on the hypersurface, or where a patch coordinate or derivative vanishes.
    """
    known = hypersurface.kappa if kappa is None else kappa
    if known is None:
        raise InputError(f"`kappa` of {hypersurface.name} is not known exactly: give it, from `estimated_kappa`")
    rows = torch.arange(len(Z))
    a = Z.abs().argmax(1) if patch is None else patch
    Z = Z / Z[rows, a][:, None]
    gradient = hypersurface.gradient(Z)
    size = gradient.abs()
    size[rows, a] = -1.0
    b = size.argmax(1) if dependent is None else dependent
    if bool((a == b).any()):
        raise InputError("`dependent` must differ from `patch` at every point")
    residual = hypersurface.value(Z).abs() / hypersurface.magnitude(Z)
    _require(residual <= RESIDUAL * 100, residual, "is not on the hypersurface: residual")
    _require(gradient[rows, b].abs() > 0, gradient[rows, b].abs(), "has no such dependent coordinate: |dP/dZ_b|")

    frame = coordinate_frame(gradient, a, b)
    density = gradient[rows, b].abs() ** -2
    g = fubini_study(Z, frame)
    weights = known * density / torch.linalg.det(g).real
    return Sample(hypersurface, Z, a, b, frame, density, weights, g, rows, known)


def concatenated(samples: Sequence[Sample]) -> Sample:
    """The points of all of them, which must be of one hypersurface and one kappa."""
    parts = {f.name: [getattr(s, f.name) for s in samples] for f in dataclasses.fields(Sample)}
    return Sample(**{k: torch.cat(v) if isinstance(v[0], Tensor) else v[0] for k, v in parts.items()})


def fubini_study(Z: Complex[Tensor, "m N"], frame: Complex[Tensor, "m N n"]) -> Complex[Tensor, "m n n"]:
    """d dbar log|Z|^2 / pi along the frame: (t_a . conj t_b / |Z|^2 - (t_a . conj Z)(Z . conj t_b) / |Z|^4) / pi."""
    # Not Z.abs()**2, whose second derivative is lost where a coordinate is 0.
    r = (Z * Z.conj()).real.sum(1)[:, None, None]
    along = (frame * Z.conj()[:, :, None]).sum(1)
    return (frame.mT @ frame.conj() / r - along[:, :, None] * along.conj()[:, None] / r**2) / math.pi


def coordinate_frame(
    gradient: Complex[Tensor, "m N"], patch: Int[Tensor, " m"], dependent: Int[Tensor, " m"]
) -> Complex[Tensor, "m N n"]:
    """dZ_i/dx_k of the free coordinates in rising order, by the implicit function theorem."""
    m, N = gradient.shape
    taken = torch.nn.functional.one_hot(patch, N) + torch.nn.functional.one_hot(dependent, N)
    free = (taken == 0).nonzero()[:, 1].reshape(m, N - 2)
    along = torch.nn.functional.one_hot(free, N).mT.to(gradient.dtype)
    b = torch.nn.functional.one_hot(dependent, N).to(gradient.dtype)
    slope = gradient.gather(1, free) / gradient.gather(1, dependent[:, None])
    return along - b[:, :, None] * slope[:, None]


def project(hypersurface: Hypersurface, Z: Complex[Tensor, "m N"]) -> Complex[Tensor, "m N"]:
    """The points of the hypersurface that Newton's steps along the gradient find from nearby ambient points.

    Raises:
        NumericalError: the steps do not arrive.
    """
    for _ in range(20):
        gradient = hypersurface.gradient(Z)
        Z = Z - (hypersurface.value(Z) / (gradient.abs() ** 2).sum(1))[:, None] * gradient.conj()
        residual = hypersurface.value(Z).abs() / hypersurface.magnitude(Z)
        if bool((residual <= RESIDUAL).all()):
            break
    _require(residual <= RESIDUAL, residual, "was not reached by Newton's steps: residual")
    return Z


def estimated_kappa(hypersurface: Hypersurface, count: int, seed: int) -> tuple[float, float]:
    """kappa = 1 / E |Omega|^2/det g_FS over random lines, and its standard error (the lines are independent)."""
    there = at(hypersurface, _intersections(hypersurface, count, seed), kappa=1.0)
    D = hypersurface.degree
    lines = there.weights[: len(there) // D * D].reshape(-1, D).mean(1)
    kappa = 1.0 / float(lines.mean())
    return kappa, kappa**2 * float(lines.std()) / math.sqrt(len(lines))


def _intersections(hypersurface: Hypersurface, count: int, seed: int) -> Complex[Tensor, "m N"]:
    """All D points of as many random lines p + t q as are needed."""
    N = D = hypersurface.degree
    lines = -(-count // D)
    generator = torch.Generator().manual_seed(seed)
    p, q = (torch.randn(lines, N, dtype=torch.complex128, generator=generator) for _ in range(2))
    # P(p + t q) at the D+1 roots of unity gives its coefficients in t by the discrete Fourier transform.
    angles = torch.arange(D + 1, dtype=torch.float64) * (2 * math.pi / (D + 1))
    nodes = torch.polar(torch.ones_like(angles), angles)
    values = hypersurface.value(p[:, None] + nodes[:, None] * q[:, None])
    c = torch.fft.fft(values, dim=1) / (D + 1)
    companion = torch.zeros(lines, D, D, dtype=torch.complex128)
    companion[:, range(1, D), range(D - 1)] = 1
    companion[:, :, -1] = -c[:, :-1] / c[:, -1:]
    t = torch.linalg.eigvals(companion)
    Z = (p[:, None] + t[..., None] * q[:, None]).reshape(-1, N)[:count]
    return project(hypersurface, Z / Z.abs().amax(1, keepdim=True))


def _require(holds: Tensor, what: Tensor, message: str) -> None:
    if not bool(holds.all()):
        first = int((~holds).nonzero()[0])
        raise NumericalError(
            f"point {first} {message} {float(what[first]):.2g}; the hypersurface may be singular there"
        )
