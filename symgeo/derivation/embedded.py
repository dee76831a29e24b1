r"""Any smooth metric, in letters for proofs for every d: the one that a map pulls back from a Euclidean space.

    g_mn = sum_j J_jm J_jn     J = d Phi     H = d J     K = d H     L = d K

As letters the derivatives of a map are symmetric, since they commute, and otherwise free, and those of the metric
follow:

    d_a g_mn = sum_k (H_kam J_kn + J_km H_kan)     d_a g^mn = -g^mb g^nc d_a g_bc

Nothing is lost by it: an equation between finitely many derivatives of a metric at a point is one of rational
functions, and the values that maps give them fill an open set. That some map gives a metric as a whole is Nash's
theorem.

Source: J. Nash, The imbedding problem for Riemannian manifolds, Annals of Mathematics 63 (1956).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from symgeo.derivation.compound import UnitSum
from symgeo.derivation.curvature import LeviCivita
from symgeo.derivation.language import Entry, Index, Partial, Tensor, Term, inputs, units
from symgeo.derivation.likewise import Likewise
from symgeo.derivation.rules import Rules
from symgeo.derivation.steps import Define
from symgeo.errors import InputError

_M, _N, _L, _A, _B, _K = inputs(r"\mu \nu \lambda \alpha \beta \kappa")
_UNIT, _SUMMED = units("j k")

_NAMES = (r"\Phi", "J", "H", "K", "L")

# The input indices of the first to the fourth derivative, the last derivative first.
_SLOTS = ((_M,), (_M, _N), (_L, _M, _N), (_K, _L, _M, _N))


def _rule(low: Tensor, high: Tensor) -> tuple[tuple[Index, ...], Entry]:
    """That `high` is the derivative of `low`, as `Rules.derivatives` says it."""
    order = low.positions.count("d")
    function = low.positions.removeprefix("j") == "d" * order
    if not function or high.positions != f"{low.positions}d" or order >= len(_SLOTS):
        raise InputError(
            f"`family` must be a map or function and its derivatives in turn, with a slot d more each time, up to "
            f"{len(_SLOTS)}, got {low.name} with {low.positions!r} before {high.name} with {high.positions!r}"
        )
    along, *rest = _SLOTS[order]
    unit = (_UNIT,) if low.positions.startswith("j") else ()
    return (along, *unit, *rest), high[(*unit, along, *rest)]


def jets(*family: Tensor) -> Rules:
    """The rules of a smooth map (or function) and its derivatives: each is the next one's, and derivatives commute.

    Args:
        family: in turn, with slots "j", "jd", "jdd", ... or "", "d", "dd", ...; it may begin with a derivative.

    Raises:
        InputError: the slots are not those, or are more than those of a fourth derivative.
    """
    return Rules(
        letters=frozenset(family),
        symmetric=frozenset(tensor for tensor in family if tensor.positions.count("d") > 1),
        derivatives={low: _rule(low, high) for low, high in pairwise(family)},
    )


@dataclass(frozen=True)
class EmbeddedMetric:
    """The metric of `geometry` as that of a map, whose letters carry its mark; see the module.

    Args:
        geometry: the tensors of the metric.
        order: the number of derivatives of the map that have names, 2 to 4: a proof in which the metric is
            differentiated k times needs k + 1.

    Raises:
        InputError: another order.
    """

    geometry: LeviCivita
    order: int

    def __post_init__(self) -> None:
        if not 2 <= self.order < len(_NAMES):
            raise InputError(f"`order` must be 2 to {len(_NAMES) - 1}, got {self.order}")

    @property
    def family(self) -> tuple[Tensor, ...]:
        """The map and its derivatives: Phi, J, H, ..."""
        mark = self.geometry.mark
        names = (f"{mark}{{{name}}}" if mark else name for name in _NAMES[: self.order + 1])
        return tuple(Tensor(name, f"j{'d' * place}") for place, name in enumerate(names))

    def derivatives(self) -> tuple[Define, ...]:
        """The definitions of J, H, ..., each labelled by its name."""
        links = ((low, *_rule(low, high)) for low, high in pairwise(self.family))
        return tuple(
            Define(high, Partial(along, low[tuple(slots)]), high.tensor.name) for low, (along, *slots), high in links
        )

    def metric(self, label: str = "") -> Define:
        """The definition of the metric."""
        first = self.family[1]
        return Define(self.geometry.g_dd[_M, _N], UnitSum((_UNIT,), first[_UNIT, _M] * first[_UNIT, _N]), label)

    def slope(self, along: Index, left: Index, right: Index) -> Term:
        """The derivative of g_{left right} by `along`, in first and second derivatives of the map."""
        first, second = self.family[1:3]
        return UnitSum(
            (_SUMMED,),
            second[_SUMMED, along, left] * first[_SUMMED, right] + first[_SUMMED, left] * second[_SUMMED, along, right],
        )

    def like(self, other: EmbeddedMetric) -> Likewise:
        """What was defined for the map and the metric of `other`, for these."""
        pairs = zip(other.family, self.family, strict=False)
        return Likewise((*pairs, (other.geometry.g_dd, self.geometry.g_dd)))

    def map_rules(self) -> Rules:
        """What the map and its derivatives obey."""
        return jets(*self.family)

    def rules(self) -> Rules:
        """What the metric, its inverse and the derivatives of the map obey; the map itself is not needed."""
        g_dd, g_uu, first = self.geometry.g_dd, self.geometry.g_uu, self.family[1]
        drop = -(g_uu[_M, _B] * g_uu[_N, _K] * self.slope(_A, _B, _K))
        return jets(*self.family[1:]) | Rules(
            letters=frozenset({first, g_dd, g_uu}),
            symmetric=frozenset({g_dd, g_uu}),
            derivatives={g_dd: ((_A, _M, _N), self.slope(_A, _M, _N)), g_uu: ((_A, _M, _N), drop)},
            inverses=((g_uu, g_dd),),
            grams=((first, g_dd),),
        )
