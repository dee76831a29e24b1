r"""The metric of a kernel, g_ij = d/dx_i d/dy_j k(x, y) at y = x (Burges 1999), in a chart or rotation-invariant.

`kernel_diagonal` has how it is found, also where that derivative reads 0/0. A factor c changes the kernel and its
metric (Amari and Wu 1999), with k(x) = k(x, x):

    k~(x, y) = c(x) c(y) k(x, y),    g~ = c^2 g + c (dc dk + dk dc)/2 + k dc dc.
"""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp

from symgeo.errors import InputError
from symgeo.geometry.chart import CoordinateMetric
from symgeo.geometry.entries import checked_coordinates, checked_function
from symgeo.geometry.kernel_diagonal import (
    SINGULAR,
    Kernel,
    RadialKernel,
    expanded_along,
    kernel_matrix,
    radial_coefficients,
    radially_expanded,
    require_real,
    unit,
)
from symgeo.geometry.radial import RadialMetric


class KernelMetric(CoordinateMetric):
    """The metric of a kernel k(x, y) in a chart.

    >>> x, y = sp.symbols("x y", real=True)
    >>> gaussian = KernelMetric(lambda u, w: sp.exp(-(u - w).dot(u - w) / 2), (x, y))
    >>> gaussian.matrix()
    Matrix([
    [1, 0],
    [0, 1]])
    """

    def __init__(self, kernel: Kernel, coordinates: Iterable[sp.Symbol], *, arithmetic: str = "field") -> None:
        """Take the kernel and its chart.

        Args:
            kernel: k(x, y) for two columns x, y: symmetric, positive semidefinite, twice differentiable at y = x.
            coordinates: the chart, real symbols.
            arithmetic: as for CoordinateMetric.

        Raises:
            InputError: for a kernel that is not symmetric, not differentiable on the diagonal, or not positive
                semidefinite, each found at a point; or for a metric that is singular.
        """
        chart = checked_coordinates(coordinates)
        require_real(chart)
        self.kernel = kernel
        super().__init__(kernel_matrix(kernel, chart), chart, arithmetic=arithmetic, riemannian=True)

    def diagonal(self) -> sp.Expr:
        """Return k(x, x), the squared norm of the features."""
        x = sp.ImmutableDenseMatrix(self.coordinates)
        value = sp.sympify(self.kernel(x, x))
        if not value.has(*SINGULAR):
            return sp.factor(value)
        return sp.factor(expanded_along(self.kernel, x, unit(len(x), 0), sp.zeros(len(x), 1)).coefficient(0))

    def conformal(self, factor: sp.Expr) -> KernelMetric:
        """Return the metric of c(x) c(y) k(x, y), for a factor c(x) written in the coordinates.

        Raises:
            InputError: for a factor that is not exact, or a metric that it makes singular.
        """
        c = checked_function(factor, "`factor`", self.coordinates)

        def at(x: sp.ImmutableDenseMatrix) -> sp.Expr:
            return c.subs(dict(zip(self.coordinates, x, strict=True)), simultaneous=True)

        metric = KernelMetric.__new__(KernelMetric)
        metric.kernel = lambda x, y: at(x) * at(y) * self.kernel(x, y)
        changed = conformal_change(self, self.diagonal(), c)
        CoordinateMetric.__init__(
            metric, changed.matrix(), self.coordinates, arithmetic=self.arithmetic, riemannian=True
        )
        return metric


class RadialKernelMetric(RadialMetric):
    """The metric of a rotation-invariant kernel k(x.x, y.y, x.y) in any dimension: g = a(s) delta + b(s) x x^T.

    >>> exponential = RadialKernelMetric(lambda p, r, c: sp.exp(c), sp.Symbol("s", nonnegative=True))
    >>> exponential.a, exponential.b
    (exp(s), exp(s))
    """

    def __init__(
        self,
        kernel: RadialKernel,
        s: sp.Symbol,
        dimension: int | sp.Expr | None = None,
        *,
        arithmetic: str = "field",
    ) -> None:
        """Take the kernel as a function of x.x, y.y and x.y.

        Args:
            kernel: such as `lambda p, r, c: sp.exp(c)`; symmetric in p and r.
            s: the symbol of x.x, nonnegative.
            dimension: a positive integer, or None to keep it the symbol d.
            arithmetic: as for CoordinateMetric.

        Raises:
            InputError: as for KernelMetric.
        """
        (s,) = checked_coordinates((s,))
        if not s.is_nonnegative:
            raise InputError(
                f"`s`: expected a nonnegative symbol; make it with sympy.Symbol({s.name!r}, positive=True)"
            )
        self.kernel = kernel
        a, b = radial_coefficients(kernel, s)
        super().__init__(a, b, s, dimension, arithmetic=arithmetic)

    def diagonal(self) -> sp.Expr:
        """Return k(x, x) as a function of s."""
        value = sp.sympify(self.kernel(self.s, self.s, self.s))
        if not value.has(*SINGULAR):
            return sp.factor(value)
        return sp.factor(radially_expanded(self.kernel, self.s, sp.S.One, sp.S.Zero, sideways=True).coefficient(0))

    def conformal(self, factor: sp.Expr) -> RadialMetric:
        """Return the metric of c(x.x) c(y.y) k, for a factor c(s)."""
        return conformal_change(self, self.diagonal(), factor)


def conformal_change(
    metric: CoordinateMetric | RadialMetric, diagonal: sp.Expr, factor: sp.Expr
) -> CoordinateMetric | RadialMetric:
    """The metric of the kernel c(x) c(y) k(x, y): g~ = c^2 g + c (dc dk + dk dc)/2 + k dc dc.

    Args:
        metric: that of the kernel k.
        diagonal: k(x, x), in the metric's coordinates, or in its s.
        factor: c, likewise.

    Raises:
        InputError: for a factor that is not exact, or a metric that it makes singular.

    >>> s = sp.Symbol("s", positive=True)
    >>> conformal_change(RadialMetric(1, 0, s), s, 1 / sp.sqrt(s)).matrix().terms  # a sphere, seen from its centre
    Traceback (most recent call last):
    symgeo.errors.InputError: `a`, `b`: the metric is singular, a or a + b s is zero; both must be non-zero functions
    """
    if isinstance(metric, RadialMetric):
        s = metric.s
        c, k = (checked_function(f, name, (s,)) for f, name in ((factor, "`factor`"), (diagonal, "`diagonal`")))
        dc, dk = c.diff(s), k.diff(s)
        b = c**2 * metric.b + 4 * dc * (c * dk + k * dc)
        return RadialMetric(c**2 * metric.a, sp.factor(b), s, metric.dimension, arithmetic=metric.arithmetic)
    x = metric.coordinates
    c, k = (checked_function(f, name, x) for f, name in ((factor, "`factor`"), (diagonal, "`diagonal`")))
    dc, dk = sp.Matrix([c.diff(q) for q in x]), sp.Matrix([k.diff(q) for q in x])
    changed = c**2 * metric.matrix() + c * (dc * dk.T + dk * dc.T) / 2 + k * dc * dc.T
    return CoordinateMetric(changed, x, arithmetic=metric.arithmetic, riemannian=metric.riemannian)
