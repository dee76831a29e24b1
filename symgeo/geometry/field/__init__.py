"""Differential fields: exact arithmetic in which zero means zero.

Curvature needs only +, *, / and d, so it lives in a differential field: the rational functions in the coordinates, the
parameters and a few kernels (sin x, exp u, sqrt q, f(x), f'(x), ...), each kernel one generator, derivations given on
generators, algebraic relations (sin^2 = 1 - cos^2, v^2 = q) reduced. An element is kept in the normal form of
`symgeo.geometry.field.algebra`, so that no simplification is ever needed.

When is zero, or not zero, certain?

- Zero is always certain: only true relations are used.
- Not zero is certain when the generators have no relation that the field overlooks. This is established, and what is
  not established is refused, for: roots of every kind, nested or not (`radicals`); exp, circular and hyperbolic
  functions and logarithms of such expressions (`exponentials`, `primitives`); error functions and one inverse function
  of each family (`primitives`); undefined functions with their derivatives, in the sense that the result is not zero
  for every choice of the function (`functions`).
- It is taken on trust that different transcendental numbers in one expression (pi, e, log 2, sin 1) have no algebraic
  relation, as Schanuel's conjecture says, and that a Function class with its own fdiff satisfies no algebraic relation
  beyond what its fdiff says: a class Sig with Sig' = Sig (1 - Sig) together with exp of the same argument does.

Identities hold where both sides are defined, on the branches that SymPy uses; roots and logarithms of products are
split only at factors that their symbols' assumptions make positive.
"""

from symgeo.geometry.field.field import DifferentialField, is_zero

__all__ = ["DifferentialField", "is_zero"]
