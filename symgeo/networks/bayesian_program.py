r"""The 1/n correction that data makes to a wide network's metric, as a program: closed forms, no quadrature.

With H_ab = E[phi'(z)^2 phi(z_a) phi(z_b)] as a function of the covariances of (z, z_a, z_b), Stein's lemma gives

    E[phi'(z)^2 phi(z_a) phi(z_b) w_m w_n] = sigma^2 delta_mn H_ab + sigma^4 sum_ij y_im y_jn (1 + delta_ij) dH_ab/dC_ij

over y = (x, x_a, x_b), because dE[F]/dC_ij = E[d_i d_j F]/(1 + delta_ij). Summed with Psi_ab (symgeo.networks.bayesian)
terms that exchange a and b are equal.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from symgeo.activations import Activation, activation
from symgeo.codegen.program import Input, Let, OrthogonalColumns, Program, Step, TriangularInverse
from symgeo.errors import InputError
from symgeo.geometry.programs import X, parameters
from symgeo.networks.kernels import gaussian_kernel
from symgeo.networks.three_points import three_point_mean
from symgeo.networks.wide_metric import SIGMA, ZETA

COUNT = sp.Symbol("m", integer=True, positive=True)
D = sp.Symbol("d", integer=True, positive=True)
NOISE = sp.Symbol("noise", nonnegative=True)
DATA, TARGETS = sp.IndexedBase("X", real=True), sp.IndexedBase("y", real=True)
TITLES = {
    "correction": "Coefficient of 1/n in the posterior mean of the metric",
    "log_volume": "Coefficient of 1/n in the logarithm of the volume element of the posterior mean",
}

a, b, c = (sp.Idx(name, COUNT) for name in "abc")
i, j = (sp.Idx(name, D) for name in "ij")
_MOMENTS = sp.symbols("p q r a b c", real=True)


def bayesian_program(
    activation_: str | Activation | Callable[[sp.Expr], sp.Expr], quantity: str = "correction"
) -> Program:
    """The program of the correction, or of that of log sqrt det g: `generate(bayesian_program("erf"))`.

    Its kernel takes points x, and X (m, d), y (m), sigma, zeta and noise as `bayesian_correction` does.

    Raises:
        InputError: for another quantity, or an activation without closed forms.
    """
    phi = activation(activation_)
    if quantity not in TITLES:
        raise InputError(f"`quantity` {quantity!r} has no kernel; the posterior has {' and '.join(TITLES)}")
    three_point_mean(phi)  # refuses what has no closed form, and what has one has a G
    assert phi.gram is not None
    metric = phi.gram(_V)
    steps, result = _correction(phi, metric), _CORRECTION
    if quantity == "log_volume":
        result = sp.Symbol("result", real=True)
        steps += _log_volume(metric, result)
    return Program(
        quantity,
        f"{TITLES[quantity]} of the infinitely wide network with {phi.name} units.",
        "(1/2) sum_ab Psi_ab Cov[phi'(z)^2 w_m w_n, phi(z_a) phi(z_b)],   Psi = C^-1 y y^T C^-1 - C^-1,\n"
        "C = k(X, X) + noise^2,   z = w . x + b,   z_a = w . x_a + b"
        + (",   contracted with g^mn/2" if quantity == "log_volume" else ""),
        "Weights N(0, sigma^2), biases N(0, zeta^2). Derived in derivations/08_finite_width_corrections.",
        (
            Input(X, "points", (D,), batched=True),
            Input(DATA, "training points", (COUNT, D)),
            Input(TARGETS, "their values", (COUNT,)),
            *parameters((SIGMA, ZETA, NOISE)),
        ),
        tuple(steps),
        result,
        (D, D) if quantity == "correction" else (),
        sizes=(D, COUNT),
    )


def _over(summand: sp.Expr, *indices: sp.Idx) -> sp.Expr:
    return sp.Sum(summand, *((index, index.lower, index.upper) for index in indices))


def _psi(phi: Activation) -> tuple[list[Step], sp.IndexedBase, sp.IndexedBase]:
    """Steps to the kernel K_ab of the training points and Psi_ab."""
    K, C, Q, R, back, inverse, pulled, psi = (
        sp.IndexedBase(name, real=True) for name in ("K", "C", "Q", "R", "R_inverse", "C_inverse", "pulled", "psi")
    )
    kernel = gaussian_kernel(phi)(*_MOMENTS[1:3], _MOMENTS[5])
    singular = "the kernel of `X` is singular to working precision; raise `noise`, or drop points that repeat"
    return (
        [
            Let(K[a, b], kernel.xreplace(dict(zip(_MOMENTS, _entries(), strict=True)))),
            Let(C[a, b], K[a, b] + NOISE**2 * sp.KroneckerDelta(a, b)),
            OrthogonalColumns(Q, R, C, singular),
            TriangularInverse(back, R),
            Let(inverse[a, b], _over(back[a, c] * Q[b, c], c)),
            Let(pulled[a], _over(inverse[a, b] * TARGETS[b], b)),
            Let(psi[a, b], pulled[a] * pulled[b] - inverse[a, b]),
        ],
        K,
        psi,
    )


_V, _S = sp.symbols("v s", real=True)
_LENGTH, _ALONG, _CROSS = (sp.IndexedBase(name, real=True) for name in ("lengths", "along", "covariance"))
# Sums over pairs of training points with Psi: of H, dH/dp and K; vectors over points, over directions, and a matrix.
_H, _H_V, _K = sp.symbols("psi_H psi_H_v psi_K", real=True)
_OWN, _CROSSED, _PULLED = (sp.IndexedBase(name, real=True) for name in ("own", "crossed", "pulled_x"))
_CORRECTION = sp.IndexedBase("correction_mn", real=True)


def _entries() -> tuple[sp.Expr, ...]:
    """The covariances of (z, z_a, z_b) in the order of _MOMENTS."""
    return _V, _LENGTH[a], _LENGTH[b], _ALONG[a], _ALONG[b], _CROSS[a, b]


def _correction(phi: Activation, metric: sp.Expr) -> list[Step]:
    """Steps to the correction; `metric` is G(v)."""
    H, known = three_point_mean(phi)(*_MOMENTS), dict(zip(_MOMENTS, _entries(), strict=True))
    h, h_v, h_length, h_along, h_cross, pull = (
        sp.IndexedBase(name, real=True) for name in ("H", "H_v", "H_length", "H_along", "H_cross", "pull")
    )
    p, q, _, along, _, cross = _MOMENTS
    slopes = ((h, H), *((base, H.diff(m)) for base, m in ((h_v, p), (h_length, q), (h_along, along), (h_cross, cross))))
    first, K, psi = _psi(phi)
    half = sp.IndexedBase("half", real=True)
    straight = SIGMA**2 * (_H - metric * _K) / 2
    bent = (_H_V - metric.diff(_V) * _K) * X[i] * X[j] + (X[i] * _PULLED[j] + _PULLED[i] * X[j] + half[i, j]) / 2
    return [
        Let(_S, _over(X[i] * X[i], i)),
        Let(_V, SIGMA**2 * _S + ZETA**2),
        Let(_ALONG[a], SIGMA**2 * _over(DATA[a, i] * X[i], i) + ZETA**2),
        Let(_LENGTH[a], SIGMA**2 * _over(DATA[a, i] * DATA[a, i], i) + ZETA**2),
        Let(_CROSS[a, b], SIGMA**2 * _over(DATA[a, i] * DATA[b, i], i) + ZETA**2),
        *first,
        *(Let(base[a, b], value.xreplace(known)) for base, value in slopes),
        Let(_H, _over(psi[a, b] * h[a, b], a, b)),
        Let(_H_V, _over(psi[a, b] * h_v[a, b], a, b)),
        Let(_K, _over(psi[a, b] * K[a, b], a, b)),
        Let(pull[a], 2 * _over(psi[a, b] * h_along[a, b], b)),
        Let(_OWN[a], 4 * _over(psi[a, b] * h_length[a, b], b)),
        Let(_CROSSED[a, i], 2 * _over(psi[a, b] * h_cross[a, b] * DATA[b, i], b)),
        Let(_PULLED[i], _over(pull[a] * DATA[a, i], a)),
        Let(half[i, j], _over(_CROSSED[a, i] * DATA[a, j], a) + _over(_OWN[a] * DATA[a, i] * DATA[a, j], a)),
        Let(_CORRECTION[i, j], straight * sp.KroneckerDelta(i, j) + SIGMA**4 * bent),
    ]


def _log_volume(metric: sp.Expr, result: sp.Symbol) -> list[Step]:
    """tr(g^-1 correction)/2 for g = A_x delta + B x x^T, the trace summed by its terms."""
    trace, along = sp.symbols("trace along_x", real=True)
    bend = metric.diff(_V)
    own = _over(_CROSSED[a, i] * DATA[a, i], a, i) + _over(_OWN[a] * DATA[a, i] * DATA[a, i], a, i)
    across, more = SIGMA**2 * metric, 2 * SIGMA**4 * bend
    straight = D * SIGMA**2 * (_H - metric * _K) / 2
    return [
        Let(trace, straight + SIGMA**4 * ((_H_V - bend * _K) * _S + _over(X[i] * _PULLED[i], i) + own / 2)),
        Let(along, _over(X[i] * X[j] * _CORRECTION[i, j], i, j)),
        Let(result, (trace - more * along / (across + more * _S)) / (2 * across)),
    ]
