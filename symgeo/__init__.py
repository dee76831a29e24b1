"""symgeo: the Riemannian geometry of neural networks.

Closed forms with SymPy, every line of their derivation checked by machine; fast kernels generated from them; the
geometry of any trained torch network; metric flows. `import symgeo` needs neither torch nor matplotlib.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from symgeo.activations import Activation, activation
    from symgeo.codegen import Kernel, generate
    from symgeo.errors import CheckFailed, DataError, InputError, NumericalError, SymgeoError
    from symgeo.geometry import CoordinateMetric, HessianMetric, KernelMetric, Metric, PullbackMetric, RadialMetric
    from symgeo.networks import ShallowNetwork, WideNetwork
    from symgeo.pullback import Pullback as Pullback

__version__ = "0.1.0"

_HOME = {
    "Activation": "activations",
    "activation": "activations",
    "CheckFailed": "errors",
    "CoordinateMetric": "geometry",
    "DataError": "errors",
    "HessianMetric": "geometry",
    "InputError": "errors",
    "Kernel": "codegen",
    "KernelMetric": "geometry",
    "Metric": "geometry",
    "NumericalError": "errors",
    "Pullback": "pullback",
    "PullbackMetric": "geometry",
    "RadialMetric": "geometry",
    "ShallowNetwork": "networks",
    "SymgeoError": "errors",
    "WideNetwork": "networks",
    "generate": "codegen",
}

# Pullback is not among them: `from symgeo import *` works without torch.
__all__ = [
    "Activation",
    "CheckFailed",
    "CoordinateMetric",
    "DataError",
    "HessianMetric",
    "InputError",
    "Kernel",
    "KernelMetric",
    "Metric",
    "NumericalError",
    "PullbackMetric",
    "RadialMetric",
    "ShallowNetwork",
    "SymgeoError",
    "WideNetwork",
    "activation",
    "generate",
]


def __getattr__(name: str) -> object:
    # Rooms are imported when first used, so that `symgeo --help` and torch-only users do not wait for SymPy.
    if name not in _HOME:
        raise AttributeError(f"module 'symgeo' has no attribute {name!r}; it has {', '.join(_HOME)}")
    return getattr(importlib.import_module(f"symgeo.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
