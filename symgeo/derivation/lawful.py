"""The rules of a proof for every d are claims too: here they are checked, in components and where possible for every d.

A letter that is symmetric must have symmetric components, its derivative must be what the rules say, constants must
have none, and inverse letters must be inverse. Letters without a definition stand for themselves and are constant.

For every d a rule of a defined letter is proven by expanding its definition, which for J_m := d_m Phi and
H_mn := d_m J_n is the rule itself, H being symmetric as Phi is smooth; for the inverse u of g,

    u symmetric if g is        d u = D   if   D g + u d g = 0        (g being invertible, this determines D)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from symgeo.derivation.checks import Sizes, compare, required, spoken
from symgeo.derivation.components import COORDINATES, Frame, Meanings
from symgeo.derivation.contraction import Algebra
from symgeo.derivation.evidence import Claim, Evidence, weakest
from symgeo.derivation.language import Index, Partial
from symgeo.derivation.printer import latex
from symgeo.derivation.rules import Law, Rules
from symgeo.derivation.smooth import is_derivative_by_definition, is_iterated_derivative
from symgeo.derivation.traversal import tensors
from symgeo.derivation.zero import is_zero
from symgeo.errors import InputError

_E, _F = Index("e"), Index("f")


def law_evidence(rules: Rules, claim: Claim) -> list[Evidence]:
    """How the rules are known that a proof uses.

    Raises:
        InputError: nothing said so yet.
    """
    found: list[Evidence] = []
    for law in rules.laws():
        if _is_constant_letter(law, rules, claim.meanings):
            continue
        if law not in claim.meanings.laws:
            raise InputError(
                f"`rules` of {claim.name} say {latex(law.left)} = {latex(law.right)}, which was not checked before; "
                "put a RulesHold with them into this step or an earlier one"
            )
        found.append(claim.meanings.laws[law])
    return found


def _is_constant_letter(law: Law, rules: Rules, meanings: Meanings) -> bool:
    return law.kind == "constant" and law.tensor in meanings.letters and law.tensor != rules.along


@dataclass(frozen=True)
class RulesHold:
    """The letters of `rules` obey them: in every component for each (d, n) of `sizes`, and where it can, for every d.

    Args:
        rules: what is to be checked.
        sizes: the (d, n) of the components.
        given: rules checked before, under which the definitions of the letters are expanded in the proof for every d.
        units: whether n is mentioned in the margin.
    """

    rules: Rules
    sizes: Sizes
    given: Rules = field(default_factory=Rules)
    units: bool = True

    def __post_init__(self) -> None:
        required(self.sizes, "RulesHold")
        if not self.rules.laws():
            raise InputError("`rules` of RulesHold must say something of a letter, got none that does")
        if self.given.laws() and self.given.along != self.rules.along:
            raise InputError(
                f"`given` must be about derivatives along {self.rules.along.name}, as `rules` are, got "
                f"{self.given.along.name}"
            )

    def run(self, claim: Claim) -> Evidence:
        """Decide every component of every law."""
        return self.summary(self.established(claim))

    def summary(self, found: Mapping[Law, Evidence]) -> Evidence:
        """The laws that `established` answers, as one piece of evidence."""
        worst = weakest(found.values())
        return replace(worst, note=f"rules: {worst.note}")

    def established(self, claim: Claim) -> dict[Law, Evidence]:
        """Each law with its evidence: exact for every d, or at `sizes` where only components say so."""
        given = law_evidence(self.given, claim)
        note = f"exact, {spoken(self.sizes, self.units)}"
        self._components(claim, f"rules of the letters: {note}")
        some = Evidence("exact", note, sizes=self.sizes)
        every = Evidence("exact", "exact, every d and n" if self.units else "exact, every d")
        known = weakest([every, *given])
        # The laws of an inverse stand on those of what it inverts: these come first.
        laws = sorted(self.rules.laws(), key=lambda law: law.tensor in claim.meanings.inverses)
        found: dict[Law, Evidence] = {}
        for law in laws:
            inverse = law.tensor in claim.meanings.inverses
            founded = not inverse or all(not evidence.sizes for evidence in found.values())
            always = founded and self._holds_always(law, claim.meanings)
            found[law] = weakest([known, every if always else some])
        return found

    def _components(self, claim: Claim, note: str) -> None:
        for d, n in self.sizes:
            frame = Frame(d, n, claim.meanings)
            for law in self.rules.laws():
                indices = tuple(sorted(law.left.free | law.right.free))
                sides = zip(frame.components(law.left, indices), frame.components(law.right, indices), strict=True)
                for (values, a), (_, b) in sides:
                    if not is_zero(a - b):
                        where = f"{latex(law.left)} = {latex(law.right)}, d = {d}, n = {n}, indices {values}, "
                        compare(claim, a, b, note, where)

    def _holds_always(self, law: Law, meanings: Meanings) -> bool:
        if _is_constant_letter(law, self.rules, meanings):
            return True
        if law.kind == "derivative" and is_derivative_by_definition(law.left, law.right, meanings):
            return True
        if law.kind == "symmetric" and is_iterated_derivative(law.tensor, meanings):
            return True
        lower = meanings.inverses.get(law.tensor)
        if lower is not None:
            return self._inverse_holds_always(law, meanings)
        # The letter is expanded by its definition, also where it is a derivative; what stands in it may stay a letter.
        given = self.given
        letters = given.letters | meanings.letters - {COORDINATES}
        base = Rules(
            letters - {law.tensor},
            given.symmetric - {law.tensor},
            {
                tensor: slope
                for tensor, slope in given.derivatives.items()
                if law.tensor not in {tensor, *tensors(slope[1])}
            },
            (given.constants | meanings.letters) - {law.tensor, COORDINATES, self.rules.along},
            tuple(pair for pair in given.inverses if law.tensor not in pair),
            tuple(pair for pair in given.grams if law.tensor not in pair),
            self.rules.along,
        )
        try:
            return not Algebra(meanings, base).difference(law.left, law.right)
        except InputError:
            return False

    def _inverse_holds_always(self, law: Law, meanings: Meanings) -> bool:
        upper, lower = law.tensor, meanings.inverses[law.tensor]
        match law.kind:
            case "symmetric":
                return lower in self.rules.symmetric
            case "inverse":
                return set(tensors(law.left)) == {upper, lower}
            case "derivative" if (upper, lower) in self.rules.inverses and lower in self.rules.derivatives:
                vector = None if self.rules.along == COORDINATES else self.rules.along
                (a, m, n), slope = self.rules.derivatives[upper]
                product_rule = slope * lower[n, _E] + upper[m, _F] * Partial(a, lower[_F, _E], vector)
                return not Algebra(meanings, self.rules).difference(product_rule, 0 * product_rule)
        return False
