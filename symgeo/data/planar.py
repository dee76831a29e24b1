r"""Two classes in the plane that no line separates: spirals, circles and moons, with Gaussian noise.

    spiral    +-(r cos t, r sin t),  r = 2 t + pi,  t = 2 pi sqrt(U),  U uniform on [0, 1]
    circles   r (cos t, sin t),  t uniform on [0, 2 pi];  r = 1 outside, r = 1/2 inside
    moons     (cos t, sin t)  and  (1 - cos t, 1/2 - sin t),  t uniform on [0, pi]

Source: the spiral of the public notebook riemann-nn, after "Principles of Riemannian geometry in neural networks"
(Hauser and Ray, 2017), with noise 0.2; circles and moons are scikit-learn's, with noise 0.05 and 0.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from jaxtyping import Float
from numpy.typing import DTypeLike

from symgeo.data.dataset import Dataset, Part

_TRAIN = 1000
_TEST = 1000

Curve = Callable[[np.random.Generator, int], Float[np.ndarray, "batch 2"]]


def _on_circle(t: np.ndarray, r: np.ndarray | float = 1.0) -> np.ndarray:
    return np.stack([r * np.cos(t), r * np.sin(t)], axis=1)


def _arm(sign: int) -> Curve:
    def draw(random: np.random.Generator, count: int) -> np.ndarray:
        t = 2 * np.pi * np.sqrt(random.random(count))
        return sign * _on_circle(t, 2 * t + np.pi)

    return draw


def _circle(radius: float) -> Curve:
    return lambda random, count: _on_circle(2 * np.pi * random.random(count), radius)


def _upper_moon(random: np.random.Generator, count: int) -> np.ndarray:
    return _on_circle(np.pi * random.random(count))


def _lower_moon(random: np.random.Generator, count: int) -> np.ndarray:
    return np.array([1, 0.5]) - _on_circle(np.pi * random.random(count))


CURVES: Mapping[str, tuple[tuple[Curve, Curve], float, tuple[str, str]]] = MappingProxyType(
    {
        "spiral": ((_arm(1), _arm(-1)), 0.2, ("first arm", "second arm")),
        "circles": ((_circle(1.0), _circle(0.5)), 0.05, ("outside", "inside")),
        "moons": ((_upper_moon, _lower_moon), 0.1, ("upper", "lower")),
    }
)
"""Name -> the curves of the two classes, the noise's standard deviation, the names of the classes."""


def load_planar(name: str, seed: int = 0, dtype: DTypeLike = np.float64) -> Dataset:
    """1,000 points to learn from and 1,000 kept apart, half of each class, in random order.

    Args:
        name: "spiral", "circles" or "moons".
        seed: of the points; the same seed gives the same points on every machine.
        dtype: of the inputs.
    """
    curves, noise, classes = CURVES[name]
    random = np.random.default_rng(seed)

    def part(count: int) -> Part:
        x = np.concatenate([curve(random, count // 2) for curve in curves])
        y = np.repeat(np.arange(2), count // 2)
        order = random.permutation(count)
        return Part((x + noise * random.normal(size=x.shape))[order].astype(dtype), y[order])

    return Dataset(name, part(_TRAIN), part(_TEST), classes, (2,), source=f"drawn with seed {seed}")
