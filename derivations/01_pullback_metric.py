r"""The metric that a map pulls back to its inputs, its volume element, and what is left of it when it is degenerate.

Source: Burges, Geometry and invariance in kernel based methods (1999), for the metric of a kernel; Federer, Geometric
measure theory (1969), section 3.2, for the area and coarea formulas.
"""

from __future__ import annotations

import sys
from pathlib import Path

import sympy as sp

from symgeo.derivation import (
    COORDINATES,
    DELTA,
    DELTA_UNITS,
    INPUTS,
    LOG,
    RADIUS,
    UNITS,
    At,
    Components,
    Define,
    Derivation,
    Determinant,
    Digits,
    ForAll,
    Given,
    Identity,
    Inverse,
    MinorSum,
    Partial,
    Prose,
    Quadrature,
    Reference,
    Rules,
    RulesHold,
    Section,
    Step,
    Tensor,
    UnitSum,
    inputs,
    jets,
    term,
    units,
)

NAME = "01_pullback_metric"

mu, nu, la, al, be = inputs(r"\mu \nu \lambda \alpha \beta")
i, j, k = units("i j k")
d, n, x, s = INPUTS, UNITS, COORDINATES, RADIUS
a, r, t, m = sp.symbols("a r t m", positive=True)
theta = sp.Symbol(r"\theta", positive=True)
shift = sp.Symbol(r"\lambda", positive=True)

Phi, J = Tensor(r"\Phi", "j"), Tensor("J", "jd")
g_dd, g_uu = Tensor("g", "dd"), Tensor("g", "uu")
y, u, xi = Tensor("y", "d"), Tensor("u", "u"), Tensor(r"\xi", "d")
kernel, minor = Tensor("k", ""), Tensor("M", "dd")
bar, bar_g = Tensor(r"\bar{\Phi}", "j"), Tensor(r"\bar{g}", "dd")
turn = Tensor("A", "dd")
gram = Tensor("K", "jj")
gram_inverse = Tensor("K^{-1}", "jj")
lifted, lifted_gram = Tensor(r"g^{\lambda}", "dd"), Tensor(r"K^{\lambda}", "jj")
span, filled, pseudo = Tensor("Q", "dd"), Tensor(r"\hat{g}", "dd"), Tensor("g^{+}", "dd")
first, last, sphere_g = Tensor("X", "d"), Tensor("Y", ""), Tensor(r"\mathring{g}", "dd")

EVERY = "exact, every d and n"
JETS = jets(Phi, J) | Rules(letters=frozenset({u}))
SHAPES = Components(((1, 2), (2, 3), (3, 2)))


def metric() -> Section:
    """Map, metric, kernel."""
    return Section(
        "The metric",
        (
            Given((Phi,), of=x),
            Given((y, u)),
            Prose(
                r"Let $\Phi$ be any smooth map from $\mathbb{R}^d$ to $\mathbb{R}^n$: the features of a network as "
                r"functions of its inputs. Greek indices run over the $d$ inputs and are summed where they occur twice "
                r"in a product, Latin ones over the $n$ features and are summed where a sum is written. With the "
                r"Jacobian"
            ),
            Define(J[j, mu], Partial(mu, Phi[j]), "J"),
            Prose(
                r"a displacement $u$ of the input moves the features by $J_{j\mu}u^\mu$, to first order. The metric "
                r"that $\Phi$ pulls back to its inputs is"
            ),
            Define(g_dd[mu, nu], UnitSum((j,), J[j, mu] * J[j, nu]), "metric"),
            Prose(r"and measures the displacement by the length of what it becomes:"),
            Step(
                (g_dd[mu, nu] * u[mu] * u[nu], UnitSum((j,), (J[j, mu] * u[mu]) * (J[j, nu] * u[nu]))),
                (RulesHold(JETS, ((2, 3), (3, 2))), ForAll(JETS, EVERY), SHAPES),
                "length",
            ),
            Prose(
                r"A sum of squares, so that $g$ is positive semidefinite, and it vanishes where $J_{j\mu}u^\mu=0$: the "
                r"null directions of $g$ are those that the features do not see to first order. A curve $x(t)$ has "
                r"the length $\int\sqrt{g_{\mu\nu}\dot x^\mu\dot x^\nu}\,dt$, that of its image. "
                r"The features need not be known, but only their scalar products at two inputs,"
            ),
            Define(kernel[()], UnitSum((j,), Phi[j] * At(Phi[j], y)), "kernel"),
            Prose(r"for the metric is the mixed derivative of this kernel, on its diagonal [@burges]:"),
            Step(
                (g_dd[mu, nu], At(Partial(mu, Partial(nu, kernel[()], y)), x, y)),
                (SHAPES,),
                "kernel-metric",
            ),
            Prose(
                r"This is how the metric of a network of infinite width, of which the kernel alone is left, is defined."
            ),
        ),
    )


def charts() -> Section:
    """Chart independence; layers."""
    chain = UnitSum((j,), At(J[j, mu], xi) * turn[mu, al] * At(J[j, nu], xi) * turn[nu, be])
    return Section(
        "Other coordinates, and layers",
        (
            Given((xi,), of=x),
            Prose(
                r"Nothing depends on the coordinates in which the inputs are given. Let the old ones be any smooth "
                r"functions $\xi(x)$ of new ones, with the Jacobian"
            ),
            Define(turn[mu, al], Partial(al, xi[mu]), "A"),
            Prose(r"In the new coordinates the map and its metric are"),
            Define(bar[j], At(Phi[j], xi), "composed"),
            Define(bar_g[al, be], UnitSum((j,), Partial(al, bar[j]) * Partial(be, bar[j])), "new-metric"),
            Prose(r"By the chain rule,"),
            Step(
                (Partial(al, bar[j]), At(J[j, mu], xi) * turn[mu, al]),
                (Components(((1, 2), (2, 3), (3, 1))),),
                "chain",
            ),
            Prose(r"so that the metric is carried along as a tensor with two lower indices,"),
            Step((bar_g[al, be], chain), (Components(((1, 2), (2, 2))),), "carried-J"),
            Step(
                (bar_g[al, be], At(g_dd[mu, nu], xi) * turn[mu, al] * turn[nu, be]),
                (Components(((1, 2), (2, 2), (3, 1))),),
                "carried",
            ),
            Prose(
                r"with the same length for a displacement as before. That $\xi$ can be inverted was not used. If it is "
                r"an earlier layer of a network with as many units as inputs, [[carried]] says how the metric "
                r"of a later layer is pulled back through it; other widths change the range of the indices only."
            ),
        ),
    )


def volume() -> Section:
    """Gram determinant, area formula."""
    minors = MinorSum(J, j, term(1))
    tuples = MinorSum(J, j, term(1), increasing=False)
    lagrange = UnitSum((j, k), (J[j, 1] * J[k, 2] - J[j, 2] * J[k, 1]) ** 2)
    area = sp.Integral(2 * sp.pi * a**2 * sp.sin(theta), (theta, 0, sp.pi))
    stereographic = sp.Integral(2 * sp.pi * r * (2 * a**2 / (a**2 + r**2)) ** 2, (r, 0, sp.oo))
    return Section(
        "The volume element",
        (
            Prose(
                r"The cube that is spanned by small displacements along the axes becomes the parallelepiped that the "
                r"columns of $J$ span, and its squared volume is their Gram determinant, $\det g$. With as many "
                r"features as inputs this is the square of the Jacobian determinant,"
            ),
            Step(
                (Determinant(g_dd), Determinant(J) ** 2),
                (Components(((1, 1), (2, 2), (3, 3))),),
                "square",
                sp.Eq(n, d),
            ),
            Prose(
                r"with more, a sum of such squares over all sets of $d$ features: the shadows that the parallelepiped "
                r"throws on the coordinate planes obey Pythagoras, as Cauchy and Binet found:"
            ),
            Step(
                (Determinant(g_dd), minors),
                (Components(((1, 1), (1, 3), (2, 2), (2, 3), (2, 4), (3, 4))),),
                "cauchy-binet",
            ),
            Prose(r"Over ordered families every set is met $d!$ times,"),
            Step(
                (Determinant(g_dd), term(1 / sp.factorial(d)) * tuples),
                (Components(((1, 3), (2, 3), (3, 3))),),
                "tuples",
            ),
            Prose(r"and for two inputs this is Lagrange's identity,"),
            Step(
                (g_dd[1, 1] * g_dd[2, 2] - g_dd[1, 2] ** 2, sp.Rational(1, 2) * lagrange),
                (Components(((2, 2), (2, 4))),),
                "lagrange",
                sp.Eq(d, 2),
            ),
            Prose(r"In other coordinates [[carried]] multiplies the determinant by the square of that of $A$,"),
            Step(
                (Determinant(bar_g), At(Determinant(g_dd), xi) * Determinant(turn) ** 2),
                (Components(((1, 1), (1, 2), (2, 2))), Digits(11, ((2, 3),), points=1)),
                "density",
            ),
            Prose(
                r"and the element $\sqrt{\det g}\,d^dx$ by the factor that the substitution of $\xi$ in an integral "
                r"asks for. Hence its integral over a region of inputs belongs to the image alone: if $\Phi$ is "
                r"injective there, it is the $d$-dimensional area of the image. This is the area formula [@federer], "
                r"and is taken from there; two charts of the sphere of radius $a$ show what it says. In polar "
                r"coordinates and in stereographic ones, with"
            ),
            Define(first[mu], term(2 * a**2 / (a**2 + s)) * x[mu], "sphere-X"),
            Define(last[()], term(a * (a**2 - s) / (a**2 + s)), "sphere-Y"),
            Prose(r"as the first components of the map and the last, hence with the metric"),
            Define(
                sphere_g[mu, nu],
                Partial(mu, first[la]) * Partial(nu, first[la]) + Partial(mu, last[()]) * Partial(nu, last[()]),
                "sphere-metric",
            ),
            Step(
                (sphere_g[mu, nu], term((2 * a**2 / (a**2 + s)) ** 2) * DELTA[mu, nu]),
                (ForAll(), Components(((1, 1), (2, 1), (3, 1)), units=False)),
                "sphere-conformal",
            ),
            Prose(r"whose volume element is the $d$-th power of the factor $2a^2/(a^2+s)$, the area is for $d=2$"),
            Step((area, stereographic, 4 * sp.pi * a**2), (Identity("exact, integrated"),), "sphere-area"),
            Prose(
                r"The logarithm of the volume element, by which a network's magnification is drawn, has a gradient "
                r"that needs no determinant. Where $g$ is invertible, with the inverse"
            ),
            Inverse(g_uu, g_dd, (mu, nu, la), "inverse", sizes=((1, 1), (2, 2), (2, 3))),
            Prose(r"Jacobi's formula says"),
            Step(
                (
                    Partial(la, LOG(Determinant(g_dd))),
                    2 * (g_uu[mu, nu] * UnitSum((j,), Partial(la, J[j, mu]) * J[j, nu])),
                ),
                (Components(((1, 2), (2, 2))), Digits(12, ((2, 3),), points=1)),
                "jacobi",
            ),
        ),
    )


def degenerate() -> Section:
    """Fewer features than inputs."""
    wide = Components(((2, 1), (3, 1), (3, 2)))
    less = sp.Lt(n, d)
    return Section(
        "Fewer features than inputs",
        (
            Prose(
                r"A network with fewer features than inputs has null directions at every input, and its metric has no "
                r"volume:"
            ),
            Step((Determinant(g_dd), 0), (wide,), "zero", less),
            Prose(
                r"What it measures is the quotient by the null directions. The volume element of the quotient is found "
                r"from the Gram matrix of the gradients of the features, the rows of $J$,"
            ),
            Define(gram[j, k], J[j, mu] * J[k, mu], "gram"),
            Prose(
                r"which has the same eigenvalues as $g$ but for those that vanish. To see it, lift both by a number "
                r"$\lambda$,"
            ),
            Define(lifted[mu, nu], g_dd[mu, nu] + term(shift) * DELTA[mu, nu], "lifted"),
            Define(lifted_gram[j, k], gram[j, k] + term(shift) * DELTA_UNITS[j, k], "lifted-gram"),
            Prose(r"The two characteristic polynomials differ by powers of $\lambda$ (Sylvester's identity),"),
            Step(
                (term(shift**n) * Determinant(lifted), term(shift**d) * Determinant(lifted_gram)),
                (Components(((1, 1), (1, 3), (2, 1), (2, 3), (3, 1), (3, 2))),),
                "sylvester",
            ),
            Prose(
                r"so that for $n<d$ the metric has $d-n$ eigenvalues zero, and the product of the others, its "
                r"pseudo-determinant $\lim_{\lambda\to0}\lambda^{n-d}\det g^\lambda$, is $\det K$. This is not zero "
                r"where the gradients are independent, and is a sum of squared minors again, the parts of inputs and "
                r"features exchanged. For two features, with"
            ),
            Define(minor[mu, nu], J[1, mu] * J[2, nu] - J[1, nu] * J[2, mu], "minor"),
            Step(
                (Determinant(gram), sp.Rational(1, 2) * (minor[mu, nu] * minor[mu, nu])),
                (Components(((2, 2), (3, 2), (4, 2))),),
                "minors",
                sp.Eq(n, 2),
            ),
            Prose(r"Let the gradients be independent, so that $K$ has an inverse,"),
            Inverse(gram_inverse, gram, (j, k, i), "gram-inverse", sizes=((1, 1), (2, 1), (2, 2))),
            Prose(r"The displacements in the span of the gradients are those that"),
            Define(span[mu, nu], UnitSum((j, k), J[j, mu] * gram_inverse[j, k] * J[k, nu]), "span"),
            Prose(r"leaves alone. It is a projector, and what it takes away is null:"),
            Step((span[mu, la] * span[la, nu], span[mu, nu]), (wide,), "projector", less),
            Step((g_dd[mu, la] * span[la, nu], g_dd[mu, nu]), (wide,), "null", less),
            Prose(r"Filled with Euclid's metric in the null directions, $g$ has the determinant of $K$:"),
            Define(filled[mu, nu], g_dd[mu, nu] + DELTA[mu, nu] - span[mu, nu], "filled"),
            Step((Determinant(filled), Determinant(gram)), (wide,), "filled-determinant", less),
            Prose(
                r"This shows what the pseudo-determinant is relative to: the scalar product of the inputs, by which "
                r"$K$ was formed. It does not change as [[density]] does, and compares inputs of one and the same "
                r"network only. The pseudo-inverse of the metric, by which gradients are raised where $g$ has no "
                r"inverse, is"
            ),
            Define(
                pseudo[mu, nu],
                UnitSum((j, k, i), J[j, mu] * gram_inverse[j, k] * gram_inverse[k, i] * J[i, nu]),
                "pseudo-inverse",
            ),
            Step(
                (g_dd[mu, la] * pseudo[la, nu], span[mu, nu]), (Components(((2, 1), (3, 1), (3, 2))),), "pseudo", less
            ),
            Prose(
                r"The integral of $\sqrt{\det K}$ has a meaning too. By the coarea formula [@federer] it adds up the "
                r"areas of the sets on which the features are constant. For the one feature $\Phi=\frac12|x|^2$, whose "
                r"gradient has the length $r=|x|$, these are spheres of radius $\sqrt{2t}$, and on the ball $r\le a$ "
                r"the formula says, but for the area of the unit sphere on both sides,"
            ),
            Step(
                (
                    sp.Integral(r * r ** (m - 1), (r, 0, a)),
                    sp.Integral((2 * t) ** ((m - 1) / 2), (t, 0, a**2 / 2)),
                    a ** (m + 1) / (m + 1),
                ),
                (Identity("exact, integrated"), Quadrature(13)),
                "coarea",
            ),
            Prose(
                r"with $m=d$ the number of inputs. In practice the rank of $J$ is read off the eigenvalues of $K$, "
                r"relative to the largest, and is reported; between a small eigenvalue and none no formula decides."
            ),
        ),
    )


def derivation() -> Derivation:
    """The derivation, unchecked as yet; `check`, `write` and `html` check it."""
    return Derivation(
        NAME,
        "The pullback metric and its volume element",
        r"A smooth map $\Phi:\mathbb{R}^d\to\mathbb{R}^n$ pulls the metric of its features back to its inputs. It is "
        r"shown how the metric follows from the Jacobian or from a kernel, that it does not depend on coordinates, "
        r"that its volume element is a Gram determinant and measures the area of the image, and what takes the place "
        r"of the volume element where there are fewer features than inputs. Every numbered equation was checked by "
        r"machine when this text was made; the margin says how. Where it names pairs $(d,n)$, the map was an "
        r"unspecified smooth function of $d$ variables with $n$ components.",
        (metric(), charts(), volume(), degenerate()),
        (
            Reference(
                "burges",
                r"C. J. C. Burges, Geometry and invariance in kernel based methods, in \emph{Advances in Kernel "
                r"Methods: Support Vector Learning}, MIT Press, 1999.",
            ),
            Reference("federer", r"H. Federer, \emph{Geometric Measure Theory}, Springer, 1969, section 3.2."),
        ),
    )


if __name__ == "__main__":
    derivation().write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
