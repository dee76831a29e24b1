r"""Operations that have no two continuous derivatives.

At a kink the first derivative jumps, or the function itself: curvature computed from the second derivative would miss
what lies in the jump. At a crease the first derivative is continuous and the second jumps, and curvature with it: there
is one on either side, none between. For ELU (Clevert, Unterthiner and Hochreiter 2016),

    phi(z) = scale z  for z > 0,    scale alpha (exp(z input_scale) - 1)  else,

the slope goes from scale alpha input_scale to scale: a crease where they agree, as for alpha = 1, else a kink, as for
SELU.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from torch.nn import functional

KINKED = (
    "relu", "leaky_relu", "prelu", "rrelu", "hardtanh", "hardsigmoid", "hardswish", "hardshrink", "softshrink",
    "threshold", "max_pool", "fractional_max_pool", "adaptive_max_pool", "multi_margin_loss", "multilabel_margin_loss",
    "fake_quantize", "copysign", "special_i0e",
)  # fmt: skip
CREASED = ("celu", "huber_loss", "smooth_l1_loss", "softsign", "special_i1e")
# Functions of which no single operation tells.
CREASED_FUNCTIONS = {functional.softsign: "softsign"}
# Operations that may have kinks or be harmless: they count when every second derivative is zero.
SUSPECT = (
    "abs", "clamp", "max", "min", "amax", "amin", "aminmax", "fmax", "fmin", "cummax", "cummin", "median", "nanmedian",
    "kthvalue", "mode", "where", "sort", "topk", "argsort", "argmax", "argmin", "searchsorted", "bucketize", "unique",
    "nonzero", "sign", "sgn", "angle", "floor", "ceil", "round", "trunc", "frac", "fmod", "remainder", "renorm",
)  # fmt: skip
COMPARISONS = frozenset({"gt", "lt", "ge", "le"})
# Torch's softplus goes over to the identity at this threshold, with a jump of 2e-9, a rounding of what is meant; with a
# lower threshold it is another function.
SOFTPLUS_THRESHOLD = 20.0


def roughness(name: str, arguments: Mapping[str, Any]) -> Literal["kink", "crease"] | None:
    """What jumps in an operation: its first derivative, its second, or None.

    Args:
        name: the operation's.
        arguments: those that were given, by the names of its schema.
    """
    if name == "elu":
        alpha, inner = arguments.get("alpha", 1), arguments.get("input_scale", 1)
        return "crease" if alpha * inner == 1 else "kink"
    if name == "softplus":
        return "kink" if arguments.get("threshold", SOFTPLUS_THRESHOLD) < SOFTPLUS_THRESHOLD else None
    if name.startswith(KINKED):
        return "kink"
    return "crease" if name.startswith(CREASED) else None


def suspect(name: str) -> bool:
    """Whether an operation may have kinks."""
    return name in COMPARISONS or name.startswith(SUSPECT)
