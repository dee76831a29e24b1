"""Networks of infinite width with Gaussian weights, by name: one layer or many, isotropic weights or correlated ones.

The metrics are in symgeo.networks.wide_metric (one layer), deep (more) and correlated (a weight covariance).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from symgeo.activations import Activation, activation
from symgeo.errors import InputError
from symgeo.networks.correlated import CorrelatedMetric
from symgeo.networks.deep import DeepMetric
from symgeo.networks.kernels import gaussian_kernel
from symgeo.networks.sizes import checked_size
from symgeo.networks.wide_metric import SIGMA, ZETA, S, WideMetric

__all__ = ["SIGMA", "ZETA", "S", "WideMetric", "WideNetwork"]


class WideNetwork:
    """An infinitely wide network with Gaussian weights.

    >>> WideNetwork("erf").metric.scalar_curvature()
    -pi*s*sigma**2*(d - 1)*(d + 2)/(2*(2*zeta**2 + 1)*sqrt(2*s*sigma**2 + 2*zeta**2 + 1))
    """

    def __init__(
        self,
        activation_: str | Activation | Callable[[sp.Expr], sp.Expr],
        inputs: int | None = None,
        *,
        degree: int | sp.Expr | None = None,
        depth: int = 1,
        tied: bool = True,
        covariance: Any = None,
    ) -> None:
        """Take the activation by name, as a SymPy function of one variable, or as an Activation.

        Args:
            activation_: such as "erf", "relu", "monomial(3)".
            inputs: the input dimension d; None keeps it a symbol.
            degree: of "monomial" and "rectified_monomial", where the name does not carry it.
            depth: the number of hidden layers.
            tied: whether all layers share sigma and zeta; otherwise they are sigma_1, zeta_1, sigma_2, ...
            covariance: of the weights, a symmetric positive definite d x d matrix of exact entries in place of
                sigma^2; the metric is then in coordinates x_1, ..., x_d.

        Raises:
            InputError: for an unknown activation, one whose expectation diverges, inputs or depth below 1, or a
                covariance that is none.
        """
        self.activation = activation(activation_, degree)
        if inputs is not None:
            inputs = checked_size(inputs, "inputs", "an integer of at least 1, or None to keep it open")
        depth = checked_size(depth, "depth", "an integer of at least 1, the number of hidden layers")
        self.inputs, self.depth = inputs, depth
        if covariance is not None:
            if depth > 1:
                raise InputError(
                    "`covariance` goes with depth=1; the weights of deeper layers have no input directions"
                )
            self._metric = CorrelatedMetric(self.activation, covariance)
            if inputs not in (None, len(self._metric.coordinates)):
                raise InputError(
                    f"`covariance` is {self._metric.dimension} x {self._metric.dimension}, but inputs={inputs}; "
                    "leave `inputs` out"
                )
            self.inputs = len(self._metric.coordinates)
        elif depth > 1:
            self._metric = DeepMetric(self.activation, depth, inputs, tied=tied)
        else:
            self._metric = WideMetric(self.activation, inputs)

    @property
    def metric(self) -> WideMetric | DeepMetric | CorrelatedMetric:
        """The metric of the feature map's kernel, in the symbols s, sigma, zeta and d."""
        return self._metric

    @property
    def symbols(self) -> dict[str, sp.Symbol]:
        """Name -> symbol: s = x.x, sigma, zeta, d."""
        return self.metric.symbols

    def kernel(self, p: sp.Expr, r: sp.Expr, c: sp.Expr) -> sp.Expr:
        """The kernel k(x, y) = E[Phi(x) . Phi(y)] at p = x.x, r = y.y, c = x.y, in sigma and zeta.

        Raises:
            InputError: for an activation whose kernel has no closed form, or correlated weights.

        >>> WideNetwork("exp").kernel(sp.S.One, sp.S.One, sp.S.Zero)
        exp(sigma**2 + 2*zeta**2)
        """
        if isinstance(self._metric, CorrelatedMetric):
            raise InputError("`covariance`: the kernel is that of isotropic weights at y = Sigma^(1/2) x, sigma = 1")
        layer = gaussian_kernel(self.activation)
        deep = isinstance(self._metric, DeepMetric)
        for sigma, zeta in self._metric.deviations if deep else ((SIGMA, ZETA),):
            p, r, c = (sigma**2 * sp.sympify(q) + zeta**2 for q in (p, r, c))
            p, r, c = layer(p, p, p), layer(r, r, r), layer(p, r, c)
        return c

    def __repr__(self) -> str:
        deep = f", depth={self.depth}" if self.depth > 1 else ""
        return f"WideNetwork({self.activation.name!r}, inputs={self.inputs}{deep})"
