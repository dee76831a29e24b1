"""What a shallow network's quantities compute, for any width n and dimension d: sums over units are contractions.

The weights are orthogonalised once, W = Q R, so that in the chart y = R x the metric

    g'_ab = (1/n) sum_j phi'(z_j)^2 Q_ja Q_jb

is as well conditioned as the slopes allow, however badly scaled or nearly parallel the columns of W are. There the
curvature is taken in the orthonormal frame of g' = L L^T: with E = L^-1 and t_uvw = E_ua E_vb E_wc T'_abc,

    R = (|t|^2 - |tr t|^2) / 4,      log sqrt det g = log |det R| - log det E,

and indices go back to the chart x with R and its inverse. Derived in derivations/03_shallow_network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import sympy as sp

from symgeo.activations import Activation
from symgeo.codegen.program import (
    Input,
    InverseCholesky,
    Let,
    LogDiagonal,
    OrthogonalColumns,
    Program,
    Step,
    TriangularInverse,
)
from symgeo.errors import InputError
from symgeo.geometry.programs import X, title
from symgeo.networks.shallow_few_units import few_units

N = sp.Symbol("n", integer=True, positive=True)
D = sp.Symbol("d", integer=True, positive=True)
W, B, Z = (sp.IndexedBase(name, real=True) for name in ("W", "b", "z"))
COLUMNS, TRIANGLE, BACK = (sp.IndexedBase(name, real=True) for name in ("Q", "R", "R_inverse"))
P, C = (sp.IndexedBase(name, real=True) for name in ("phi1_squared", "phi1_phi2"))
G, E, T = (sp.IndexedBase(name, real=True) for name in ("g", "E", "T"))
# T with its first index in the frame and the others in the chart y, then one and two of them in the chart x; t_uvw.
T1, T1_YX, T1_XX, T2, T3, TRACE = (
    sp.IndexedBase(name, real=True) for name in ("T_1", "T_1yx", "T_1xx", "T_2", "T_3", "trace")
)
RESULT, NUMBER = sp.IndexedBase("result", real=True), sp.Symbol("result", real=True)

j = sp.Idx("j", N)
a, b, c, e, u, v, w = (sp.Idx(name, D) for name in "abceuvw")

_PSEUDO = "n^-n det(W W^T) prod_j phi'(z_j)^2, the product of the n non-zero eigenvalues of g"
_DEPENDENT = "`W` has linearly dependent {}, so that the metric is singular everywhere"
PREACTIVATION = "z_j = w_j . x + b_j"
METRIC = "g_ab = (1/n) sum_j phi'(z_j)^2 w_ja w_jb"
THIRD = "T_abc = (2/n) sum_j phi'(z_j) phi''(z_j) w_ja w_jb w_jc"


def _over(summand: sp.Expr, *indices: sp.Idx) -> sp.Expr:
    return sp.Sum(summand, *((index, index.lower, index.upper) for index in indices))


def _preactivation() -> Step:
    return Let(Z[j], _over(W[j, a] * X[a], a) + B[j])


def _at_z(function: Callable[[sp.Expr], sp.Expr]) -> sp.Expr:
    """A function of a real z, at z_j."""
    z = sp.Symbol("z", real=True)
    return sp.sympify(function(z)).xreplace({z: Z[j]})


def _slopes(phi: Activation) -> list[Step]:
    return [_preactivation(), Let(P[j], _at_z(lambda z: phi.derivative(z, 1) ** 2 / N))]


def _metric(phi: Activation) -> list[Step]:
    return [*_slopes(phi), Let(RESULT[a, b], _over(P[j] * W[j, a] * W[j, b], j))]


def _frame(phi: Activation) -> list[Step]:
    return [
        OrthogonalColumns(COLUMNS, TRIANGLE, W, _DEPENDENT.format("columns")),
        *_slopes(phi),
        Let(G[a, b], _over(P[j] * COLUMNS[j, a] * COLUMNS[j, b], j)),
        InverseCholesky(E, G),
    ]


def _third(phi: Activation) -> list[Step]:
    return [
        *_frame(phi),
        Let(C[j], _at_z(lambda z: 2 * phi.derivative(z, 1) * phi.derivative(z, 2) / N)),
        Let(T[a, b, c], _over(C[j] * COLUMNS[j, a] * COLUMNS[j, b] * COLUMNS[j, c], j)),
        Let(T1[u, b, c], _over(E[u, a] * T[a, b, c], a)),
    ]


def _third_in_chart(phi: Activation) -> list[Step]:
    """The first index in the frame, the other two in the chart x."""
    return [
        *_third(phi),
        Let(T1_YX[u, b, c], _over(T1[u, b, e] * TRIANGLE[e, c], e)),
        Let(T1_XX[u, b, c], _over(T1_YX[u, e, c] * TRIANGLE[e, b], e)),
    ]


def _coframe(target: sp.IndexedBase) -> list[Step]:
    """The frame in the chart x, F = E R^-T, so that g^ab = F_ua F_ub."""
    return [TriangularInverse(BACK, TRIANGLE), Let(target[u, a], _over(E[u, e] * BACK[a, e], e))]


def _inverse(phi: Activation) -> list[Step]:
    F = sp.IndexedBase("frame", real=True)
    return [*_frame(phi), *_coframe(F), Let(RESULT[a, b], _over(F[u, a] * F[u, b], u))]


def _log_volume(value: Callable[[sp.Expr], sp.Expr]) -> Callable[[Activation], list[Step]]:
    """A function of log sqrt det g."""
    once, each = sp.Symbol("log_det_R", real=True), sp.Symbol("log_det_E", real=True)
    return lambda phi: [
        *_frame(phi),
        LogDiagonal(once, TRIANGLE),
        LogDiagonal(each, E),
        Let(NUMBER, value(once - each)),
    ]


def _christoffel(phi: Activation) -> list[Step]:
    F = sp.IndexedBase("frame", real=True)
    return [*_third_in_chart(phi), *_coframe(F), Let(RESULT[a, b, c], _over(F[u, a] * T1_XX[u, b, c], u) / 2)]


def _riemann(phi: Activation) -> list[Step]:
    product = sp.IndexedBase("product", real=True)
    return [
        *_third_in_chart(phi),
        Let(product[a, b, c, e], _over(T1_XX[u, a, b] * T1_XX[u, c, e], u)),
        Let(RESULT[a, b, c, e], (product[b, c, a, e] - product[b, e, a, c]) / 4),
    ]


def _in_frame(phi: Activation) -> list[Step]:
    return [
        *_third(phi),
        Let(T2[u, v, c], _over(E[v, b] * T1[u, b, c], b)),
        Let(TRACE[u], _over(T2[u, v, c] * E[v, c], v, c)),
    ]


def _ricci(phi: Activation) -> list[Step]:
    # R_bc = (t_uvb t_uvc - tr_u t_ubc) / 4 in the chart y, then both indices into the chart x.
    y, yx = sp.IndexedBase("ricci_y", real=True), sp.IndexedBase("ricci_yx", real=True)
    square, trace = _over(T2[u, v, b] * T2[u, v, c], u, v), _over(TRACE[u] * T1[u, b, c], u)
    return [
        *_in_frame(phi),
        Let(y[b, c], square / 4 - trace / 4),
        Let(yx[b, c], _over(y[b, e] * TRIANGLE[e, c], e)),
        Let(RESULT[b, c], _over(yx[e, c] * TRIANGLE[e, b], e)),
    ]


def _scalar_curvature(phi: Activation) -> list[Step]:
    square, trace = _over(T3[u, v, w] * T3[u, v, w], u, v, w), _over(TRACE[u] * TRACE[u], u)
    return [
        *_in_frame(phi),
        Let(T3[u, v, w], _over(E[w, c] * T2[u, v, c], c)),
        Let(NUMBER, square / 4 - trace / 4),
    ]


def _pseudo_determinant(value: Callable[[sp.Expr], sp.Expr]) -> Callable[[Activation], list[Step]]:
    """A function of log(n^-n det(W W^T) prod phi'(z_j)^2), from the triangle of W^T."""
    transposed, columns, triangle = (sp.IndexedBase(name, real=True) for name in ("W_transposed", "Q", "R"))
    slope, once, each = sp.IndexedBase("log_phi1", real=True), *sp.symbols("log_det_R log_slopes", real=True)
    return lambda phi: [
        Let(transposed[a, j], W[j, a]),
        OrthogonalColumns(columns, triangle, transposed, _DEPENDENT.format("rows")),
        LogDiagonal(once, triangle),
        _preactivation(),
        Let(slope[j], _at_z(lambda z: sp.log(sp.Abs(phi.derivative(z, 1))))),
        Let(each, _over(slope[j], j)),
        Let(NUMBER, value(2 * (once + each) - N * sp.log(N))),
    ]


# quantity -> (rank of the result, formula, steps)
_QUANTITIES: dict[str, tuple[int, str, Callable[[Activation], list[Step]]]] = {
    "matrix": (2, METRIC, _metric),
    "inverse": (2, f"g^ab, the inverse of {METRIC}", _inverse),
    "determinant": (0, f"det g,   {METRIC}", _log_volume(lambda log: sp.exp(2 * log))),
    "volume_element": (0, f"sqrt det g,   {METRIC}", _log_volume(sp.exp)),
    "log_volume_element": (0, f"1/2 log det g,   {METRIC}", _log_volume(lambda log: log)),
    "pseudo_determinant": (0, _PSEUDO, _pseudo_determinant(sp.exp)),
    "log_pseudo_determinant": (0, f"log of {_PSEUDO}", _pseudo_determinant(lambda log: log)),
    "christoffel": (3, f"Gamma^c_ab = g^ce T_eab / 2\n{THIRD}", _christoffel),
    "riemann": (4, f"R_abcd = g^ef (T_ebc T_fad - T_ebd T_fac) / 4\n{THIRD}", _riemann),
    "ricci": (2, f"R_bd = g^ac g^ef (T_ebc T_fad - T_ebd T_fac) / 4\n{THIRD}", _ricci),
    "scalar_curvature": (0, f"R = (T_abc T^abc - T_a T^a) / 4,   T_a = g^bc T_abc\n{THIRD}", _scalar_curvature),
}

_MORE = {
    "pseudo_determinant": "Pseudo-determinant of the metric",
    "log_pseudo_determinant": "Logarithm of the pseudo-determinant of the metric",
}
_INVERTIBLE = (N >= D, "the metric is singular: width n = {n} is below the input dimension d = {d}")
_NOT_ABOVE = (N <= D, "the metric has no zero eigenvalue: width n = {n} exceeds the input dimension d = {d}")


def shallow_program(phi: Activation, quantity: str) -> Program:
    """The program of a quantity of the metric of the shallow network with activation `phi`.

    Raises:
        InputError: for a quantity that has no kernel, or curvature of an activation with a kink.
    """
    heading = title(quantity, f"the shallow network with {phi.name} units", _MORE)
    rank, formula, steps = _QUANTITIES[quantity]
    if "T_abc" in formula:
        phi.require_smooth("connection" if quantity == "christoffel" else "curvature")
    needed = (_INVERTIBLE,) if quantity not in ("matrix", *_MORE) else (_NOT_ABOVE,) if quantity in _MORE else ()
    program = _program(quantity, heading, formula, steps(phi), (D,) * rank, needed)
    if quantity == "scalar_curvature":
        return replace(program, special=partial(few_units, program, phi))
    return program


def feature_program(phi: Activation, quantity: str) -> Program:
    """The program of the feature map itself, Phi_j(x) = phi(z_j)/sqrt(n).

    Raises:
        InputError: for any other quantity; those belong to the metric.
    """
    if quantity != "feature_map":
        raise InputError(f"`quantity` {quantity!r} has no kernel; a network has feature_map, its metric the rest")
    steps = [_preactivation(), Let(RESULT[j], _at_z(lambda z: phi.phi(z)) * N ** -sp.Rational(1, 2))]
    heading = f"Feature map of the shallow network with {phi.name} units."
    return _program(quantity, heading, "Phi_j = phi(z_j) / sqrt(n)", steps, (N,), ())


def _program(
    quantity: str,
    heading: str,
    formula: str,
    steps: list[Step],
    shape: tuple[sp.Expr, ...],
    requires: tuple[tuple[sp.Expr, str], ...],
) -> Program:
    return Program(
        quantity,
        heading,
        f"{formula}\n{PREACTIVATION}",
        "Features phi(z_j)/sqrt(n). Derived in derivations/03_shallow_network.",
        (
            Input(W, "weights, one row a unit", (N, D)),
            Input(B, "biases", (N,)),
            Input(X, "points", (D,), batched=True),
        ),
        tuple(steps),
        RESULT if shape else NUMBER,
        shape,
        sizes=(N, D),
        requires=requires,
    )
