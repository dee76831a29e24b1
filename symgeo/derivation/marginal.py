r"""Means over Gaussian weights: what is averaged, and their reduction to one dimension.

A linear form z of independent centred normal variables is normal and centred. So, in any dimension d,

    E_{w,b}[f(z)] = E_{z ~ N(0, v)}[f(z)]        z = a_mu w_mu + c b        v = sigma^2 a_mu a_mu + zeta^2 c^2

where a_mu and c do not depend on w and b; that z is such a form is checked, and v computed, in the algebra of indices.
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from symgeo.derivation.components import COORDINATES, Meanings
from symgeo.derivation.compound import Mean
from symgeo.derivation.contraction import Algebra
from symgeo.derivation.evidence import Claim
from symgeo.derivation.functions import Expectation
from symgeo.derivation.language import Entry, Index, Over, Partial, Plus, Scalar, Tensor, Term, Times, parts, term
from symgeo.derivation.rules import Rules
from symgeo.derivation.traversal import replaced, scalar, tensors
from symgeo.errors import InputError

_I = Index("i")


def means(value: Term) -> Iterator[Mean]:
    """Every mean in a term."""
    if isinstance(value, Mean):
        yield value
    for part in parts(value):
        yield from means(part)


def mean_of(claim: Claim) -> Mean:
    """The first mean in the sides; the others are over the same weight and bias.

    Raises:
        InputError: there is none, they differ in weight, bias or deviations, or a weight stands outside of them.
    """
    found = [mean for side in claim.sides for mean in means(term(side))]
    if not found:
        raise InputError(f"`sides` of {claim.name} must hold an expectation over weights, got none")
    first = found[0]
    for mean in found:
        if (mean.weight, mean.bias, mean.deviations) != (first.weight, first.bias, first.deviations):
            raise InputError(f"`sides` of {claim.name} must average over the same weight and bias throughout")
        if any(means(mean.body)):
            raise InputError(f"`sides` of {claim.name} must not average what is averaged already")
        _letters(mean, claim.meanings)
    for side in claim.sides:
        outside = term(side)
        for mean in found:
            outside = replaced(outside, mean, Scalar(sp.S.One))
        if any(is_random(tensor, first, claim.meanings) for tensor in tensors(outside)):
            raise InputError(f"`sides` of {claim.name} must hold weight and bias only inside an expectation")
    return first


def _letters(mean: Mean, meanings: Meanings) -> None:
    for tensor, positions in ((mean.weight, "d"), (mean.bias, "")):
        if tensor.positions != positions or tensor not in meanings.letters:
            raise InputError(f"`{tensor.name}` is averaged over and must be a letter with slots {positions!r}")
    if not all(deviation.is_positive for deviation in mean.deviations):
        raise InputError(f"`deviations` of a mean must be positive, got {mean.deviations}")


def is_random(tensor: Tensor, mean: Mean, meanings: Meanings) -> bool:
    """Whether a tensor is the weight or the bias, or made of them."""
    if tensor in (mean.weight, mean.bias):
        return True
    if tensor in meanings.inverses:
        return is_random(meanings.inverses[tensor], mean, meanings)
    if tensor in meanings.tensors:
        return any(is_random(part, mean, meanings) for part in tensors(meanings.tensors[tensor][1]))
    return False


def unaveraged(value: Term) -> Term:
    """What is averaged, of a term that is linear in means; what holds no mean is its own mean.

    Raises:
        InputError: it is not linear in them.
    """
    match value:
        case Mean(body):
            return body
        case _ if not any(means(value)):
            return value
        case Plus(terms):
            return Plus(tuple(unaveraged(part) for part in terms))
        case Over(numerator, denominator) if not any(means(denominator)):
            return Over(unaveraged(numerator), denominator)
        case Times(factors) if sum(1 for factor in factors if any(means(factor))) == 1:
            return Times(tuple(unaveraged(factor) for factor in factors))
    raise InputError("`sides` must be linear in expectations: at most one in each summand")


def require_linear(tensor: Tensor, mean: Mean, meanings: Meanings) -> None:
    """Refuse a scalar tensor that is no linear form in weight and bias; its coefficients are x and other letters.

    Raises:
        InputError: it is not.
    """
    constants = meanings.letters - {mean.weight, COORDINATES}
    rules = Rules(meanings.letters - {COORDINATES}, constants=constants, along=mean.weight)
    for monomial in Algebra(meanings, rules).monomials(tensor[()], {}):
        carriers = [letter for letter in monomial.letters if letter.tensor in (mean.weight, mean.bias)]
        if len(carriers) != 1 or any(letter.call for letter in monomial.letters):
            raise InputError(f"`{tensor.name}` must be a linear form in {mean.weight.name} and {mean.bias.name}")


def variance_of(tensor: Tensor, mean: Mean, meanings: Meanings) -> sp.Expr:
    """The variance of a scalar tensor that is a linear form in weight and bias.

    Raises:
        InputError: it is not.
    """
    refusal = InputError(f"`{tensor.name}` must be a linear form in {mean.weight.name} and {mean.bias.name}")
    rules = Rules(frozenset({mean.weight, mean.bias}), constants=frozenset({mean.bias}), along=mean.weight)
    algebra = Algebra(meanings, rules)
    share = sp.S.Zero
    for monomial in algebra.monomials(tensor[()], {}):
        carriers = [letter for letter in monomial.letters if letter.tensor in (mean.weight, mean.bias)]
        if len(carriers) != 1 or any(letter.call for letter in monomial.letters):
            raise refusal
        if carriers[0].tensor == mean.bias:
            if len(monomial.letters) != 1:
                raise refusal
            share += monomial.coefficient
    slope = Partial(_I, tensor[()], mean.weight)
    squares = algebra.normal_form(slope * slope)
    if set(squares) - {()}:
        raise refusal
    sigma, zeta = mean.deviations
    return sp.expand(sigma**2 * squares.get((), sp.S.Zero) + zeta**2 * share**2)


def reduced(value: Term, meanings: Meanings, z: sp.Symbol) -> sp.Expr:
    """A term with each mean of a function of one linear form as an expectation over one normal variable `z`.

    Raises:
        InputError: a mean is of something else.
    """
    for mean in list(means(value)):
        forms = {tensor for tensor in tensors(mean.body) if is_random(tensor, mean, meanings)}
        if len(forms) > 1 or any(tensor.positions for tensor in forms):
            raise InputError(
                "`sides` must average functions of one linear form of the weights, to be reduced to one dimension, "
                f"got {', '.join(sorted(tensor.name for tensor in forms))}"
            )
        body, variance = mean.body, sp.S.One
        for form in forms:
            variance = variance_of(form, mean, meanings)
            body = replaced(body, Entry(form, ()), Scalar(z))
        value = replaced(value, mean, Scalar(Expectation(scalar(body), z, variance)))
    return meanings.expanded(scalar(value))
