r"""Deep networks of infinite width (NNGP): L hidden layers with independent Gaussian weights and biases.

With q_0 = s = x.x, v_l = sigma_l^2 q_l + zeta_l^2, Q(v) = E[phi(z)^2] and G(v) = E[phi'(z)^2] over z ~ N(0, v), the
features of layer l have squared norm q_l and metric g^(l) = a_l delta + b_l x x^T:

    q_l+1 = Q(v_l),   g^(l+1) = sigma_l^2 G(v_l) g^(l) + G'(v_l) dv_l dv_l / 2,   so that
    a_l+1 = sigma_l^2 G(v_l) a_l,   b_l+1 = sigma_l^2 G(v_l) b_l + 2 G'(v_l) (dv_l/ds)^2,   a_0 = 1, b_0 = 0

(Lee et al., Deep neural networks as Gaussian processes, 2018, for the kernel; derivatives of it as in
symgeo.networks.wide_metric). Curvature needs a'', b' and hence v'': the recursion carries these derivatives along.
Written out, a and b double or triple with each layer, so formulas keep them as a(s) and b(s); these have values
(`evalf` once s, sigma and zeta are numbers), and `doit` writes them out.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache, cached_property
from typing import Any

import sympy as sp

from symgeo.activations import Activation
from symgeo.codegen.program import Let, Program, reads
from symgeo.errors import InputError
from symgeo.gaussian import closed_expectation
from symgeo.geometry import Metric, RadialMetric, RadialTensor
from symgeo.geometry.programs import parameters, radial_program
from symgeo.networks.wide_metric import SIGMA, ZETA, S

_z = sp.Symbol("z", real=True)
_v = sp.Symbol("v", positive=True)

# a, b and those of their derivatives that curvature is made of.
A, B = sp.Function("a")(S), sp.Function("b")(S)
_JET = {name: sp.Symbol(name, real=True) for name in ("a", "a1", "a2", "b", "b1")}
_OPEN = {sp.diff(A, S, 2): "a2", sp.diff(A, S): "a1", A: "a", sp.diff(B, S): "b1", B: "b"}


class LayerFunction(sp.Function):
    """a or b, or its k-th derivative: f(k, s, sigma, zeta, ...), shown as a(s), a'(s), a''(s)."""

    is_real = True
    metric: DeepMetric

    def doit(self, **_: object) -> sp.Expr:
        """The value as an expression in s, sigma and zeta, all layers written out."""
        written = self.metric.written_out(f"{self.func.__name__}{self.args[0] or ''}")
        return written.subs(dict(zip(self.metric.arguments, self.args[1:], strict=True)), simultaneous=True)

    def _eval_evalf(self, prec: int) -> sp.Expr | None:
        if any(not argument.is_number for argument in self.args):
            return None
        known: dict[sp.Basic, sp.Expr] = dict(zip(self.metric.arguments, self.args[1:], strict=True))
        for step in self.metric.layers:
            # Differences of arcsines may cancel: guard digits.
            known[step.target] = sp.sympify(step.value).xreplace(known)._evalf(prec + 40)
        return known[_JET[f"{self.func.__name__}{self.args[0] or ''}"]]

    def _sympystr(self, printer) -> str:
        return f"{self.func.__name__}{chr(39) * int(self.args[0])}({printer._print(self.args[1])})"

    def _latex(self, printer, exp: str | None = None) -> str:
        body = rf"{self.func.__name__}{chr(39) * int(self.args[0])}\left({printer._print(self.args[1])}\right)"
        return body if exp is None else rf"{{{body}}}^{{{exp}}}"


@cache
def _functions(phi: Activation, depth: int, tied: bool) -> dict[str, type[LayerFunction]]:
    """The classes of a and b of a network: the same for each metric made of it."""
    metric = DeepMetric(phi, depth, tied=tied)
    return {name: type(name, (LayerFunction,), {"metric": metric}) for name in ("a", "b")}


class DeepMetric(Metric):
    """The metric of the last layer's features, in a(s) and b(s); `layers` says what they are.

    `open` is the same metric for any functions a and b.
    """

    def __init__(
        self, phi: Activation, depth: int, dimension: int | sp.Expr | None = None, *, tied: bool = True
    ) -> None:
        """Take the activation of every layer, and the number of layers.

        Args:
            phi: one with closed forms for E[phi^2] and E[phi'^2].
            depth: L >= 1.
            dimension: of the input; None keeps it the symbol d.
            tied: whether all layers share sigma and zeta; otherwise they are sigma_1, zeta_1, sigma_2, ...

        Raises:
            InputError: for an activation without closed forms.
        """
        if phi.gram is None or phi.second_moment is None:
            raise InputError(
                f"`activation` {phi.name!r} has no closed form for E[phi^2] and E[phi'^2], which a deep network needs; "
                "take depth=1, or an activation composed of polynomials, exp, sin, cos, erf and steps"
            )
        self.activation, self.depth, self.tied = phi, depth, tied
        self.open = RadialMetric(A, B, S, dimension)

    @cached_property
    def deviations(self) -> tuple[tuple[sp.Symbol, sp.Symbol], ...]:
        """(sigma, zeta) of each layer."""
        if self.tied:
            return ((SIGMA, ZETA),) * self.depth
        return tuple(
            (sp.Symbol(f"sigma_{l}", positive=True), sp.Symbol(f"zeta_{l}", nonnegative=True))
            for l in range(1, self.depth + 1)
        )

    @cached_property
    def layers(self) -> tuple[Let, ...]:
        """The recursion as definitions: v_0, v_1, ..., and at its end a, a', a'', b, b' as a, a1, a2, b, b1."""
        phi = self.activation
        assert phi.gram is not None
        assert phi.second_moment is not None
        G, Q = phi.gram(_v), phi.second_moment(_v)
        dG, dQ = _slope(G, phi.derivative(_z), phi), _slope(Q, phi.phi(_z), phi)
        moments = (Q, dQ, dQ.diff(_v), G, dG, dG.diff(_v))
        steps: list[Let] = []

        def named(name: str, value: sp.Expr) -> sp.Expr:
            if value.is_number:
                return value
            steps.append(Let(sp.Symbol(name, real=True), value))
            return steps[-1].target

        q, q1, q2 = S, sp.S.One, sp.S.Zero
        a, a1, a2, b, b1 = sp.S.One, sp.S.Zero, sp.S.Zero, sp.S.Zero, sp.S.Zero
        for l, (sigma, zeta) in enumerate(self.deviations):
            v = named(f"v_{l}", sigma**2 * q + zeta**2)
            v1, v2 = sigma**2 * q1, sigma**2 * q2
            Q0, Q1, Q2, G0, G1, G2 = (moment.xreplace({_v: v}) for moment in moments)
            G0, G1, G2 = named(f"G_{l}", G0), named(f"dG_{l}", G1), named(f"ddG_{l}", G2)
            last = l + 1 == self.depth
            end = "" if last else f"_{l + 1}"
            a, a1, a2, b, b1 = (
                named(f"a{end}", sigma**2 * G0 * a),
                named(f"a1{end}", sigma**2 * (G1 * v1 * a + G0 * a1)),
                named(f"a2{end}", sigma**2 * ((G2 * v1**2 + G1 * v2) * a + 2 * G1 * v1 * a1 + G0 * a2)),
                named(f"b{end}", sigma**2 * G0 * b + 2 * G1 * v1**2),
                named(f"b1{end}", sigma**2 * (G1 * v1 * b + G0 * b1) + 2 * G2 * v1**3 + 4 * G1 * v1 * v2),
            )
            if not last:
                q, q1, q2 = (
                    named(f"q_{l + 1}", Q0),
                    named(f"q1_{l + 1}", Q1 * v1),
                    named(f"q2_{l + 1}", Q2 * v1**2 + Q1 * v2),
                )
        numbers = {name: value for name, value in zip(_JET, (a, a1, a2, b, b1), strict=True) if value.is_number}
        return (*steps, *(Let(_JET[name], value) for name, value in numbers.items()))

    @property
    def arguments(self) -> tuple[sp.Symbol, ...]:
        """What a and b are functions of: s, and the deviations in the order of the layers."""
        return (S, *dict.fromkeys(symbol for pair in self.deviations for symbol in pair))

    def written_out(self, name: str) -> sp.Expr:
        """a, a1 = a', a2 = a'', b or b1 = b' as an expression in `arguments`; its size grows fast with the depth."""
        known: dict[sp.Basic, sp.Expr] = {}
        for step in self.layers:
            known[step.target] = sp.sympify(step.value).xreplace(known)
        return known[_JET[name]]

    @cached_property
    def _values(self) -> dict[sp.Basic, sp.Expr]:
        """What stands for a(s), b(s) and their derivatives: numbers where they are, else the functions with values."""
        numbers = {step.target: step.value for step in self.layers if sp.sympify(step.value).is_number}
        heads = _functions(self.activation, self.depth, self.tied)
        return {
            expression: numbers.get(_JET[name], heads[name[0]](int(name[1:] or 0), *self.arguments))
            for expression, name in _OPEN.items()
        }

    def _closed(self, value: Any) -> Any:
        if isinstance(value, RadialTensor):
            terms = ((self._closed(coefficient), factors) for coefficient, factors in value.terms)
            return replace(value, terms=tuple(term for term in terms if term[0] != 0))
        return value.xreplace(self._values)

    @property
    def dimension(self) -> sp.Expr:
        """The input dimension d, a symbol unless it was given."""
        return self.open.dimension

    @property
    def symbols(self) -> dict[str, sp.Symbol]:
        """Name -> symbol: s, the deviations, and d where it is open."""
        return {symbol.name: symbol for symbol in (*self.dimension.free_symbols, *self.arguments)}

    def matrix(self) -> RadialTensor:
        """Return a delta_ij + b x_i x_j."""
        return self._closed(self.open.matrix())

    def inverse(self) -> RadialTensor:
        """Return g^ij."""
        return self._closed(self.open.inverse())

    def determinant(self) -> sp.Expr:
        """Return a^(d-1) (a + b s)."""
        return self._closed(self.open.determinant())

    def volume_element(self) -> sp.Expr:
        """Return sqrt(det g)."""
        return self._closed(self.open.volume_element())

    def log_volume_element(self) -> sp.Expr:
        """Return 1/2 log det g."""
        return self._closed(self.open.log_volume_element())

    def christoffel(self, kind: int = 2) -> RadialTensor:
        """Return Gamma^r_ab (kind 2) or Gamma_r,ab (kind 1)."""
        return self._closed(self.open.christoffel(kind))

    def riemann(self) -> RadialTensor:
        """Return R_mnab."""
        return self._closed(self.open.riemann())

    def ricci(self) -> RadialTensor:
        """Return R_nb."""
        return self._closed(self.open.ricci())

    def scalar_curvature(self) -> sp.Expr:
        """Return R = 2 (d-1) K_rt + (d-1)(d-2) K_tt."""
        return self._closed(self.open.scalar_curvature())

    def sectional_curvatures(self) -> tuple[sp.Expr, sp.Expr]:
        """Return (K_rt, K_tt): of planes through x, and of planes orthogonal to x."""
        radial, tangential = self.open.sectional_curvatures()
        return self._closed(radial), self._closed(tangential)

    def program(self, quantity: str) -> Program:
        """The program of a quantity: the recursion, layer by layer, then the formula in a and b."""
        program = radial_program(
            self.open,
            quantity,
            of=f"the infinitely wide network of {self.depth} layers with {self.activation.name} units",
            source="Weights N(0, sigma^2/width), biases N(0, zeta^2); a(s) and b(s) by recursion over the layers.",
        )
        names = {expression: _JET[name] for expression, name in _OPEN.items()}
        first, *rest = program.steps
        closed = [
            Let(step.target, sp.sympify(step.value).xreplace(names)) if isinstance(step, Let) else step for step in rest
        ]
        used: set[sp.Basic] = set().union(*map(reads, closed))
        needed: list[Let] = []
        for step in reversed(self.layers):
            if step.target in used:
                needed.insert(0, step)
                used |= sp.sympify(step.value).free_symbols
        inputs = (program.inputs[0], *parameters(self.arguments[1:]))
        return replace(program, inputs=inputs, steps=(first, *needed, *closed))


def _slope(moment: sp.Expr, f: sp.Expr, phi: Activation) -> sp.Expr:
    """d/dv E[f^2] = E[z f f']/v (Stein), which keeps its digits where the derivative of an arcsine does not."""
    if phi.smoothness == "smooth" or f == phi.phi(_z):
        slope = phi.derivative(_z) if f == phi.phi(_z) else phi.derivative(_z, 2)
        closed = closed_expectation(_z * f * slope, _z, _v)
        if closed is not None:
            return sp.Add(*(term / _v for term in sp.Add.make_args(closed)))
    return sp.diff(moment, _v)
