"""The geometries of all layers of a module, from one pass through it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from jaxtyping import Float
from torch import Tensor, nn

from symgeo.errors import InputError, NumericalError
from symgeo.pullback.feature_map import FeatureMap
from symgeo.pullback.layers import in_one_pass, left_out
from symgeo.pullback.values import checked, finished

if TYPE_CHECKING:
    from symgeo.pullback.pullback import Pullback


class Layers(dict[str, "Pullback"]):
    """The geometry that each layer of a module pulls back to its inputs, by the layer's name."""

    def __init__(self, module: nn.Module, parts: dict[str, Pullback]) -> None:
        super().__init__(parts)
        self._whole = FeatureMap(module)

    def evaluate(self, x: Float[Tensor, "... d"], *quantities: str) -> dict[str, dict[str, Tensor]]:
        """Quantities of every layer, from one pass through the module.

        Layers that have no such quantity, that are never run or that return no tensor can be left out: `del
        layers["unused"]`.

        Args:
            x: points.
            quantities: as `Pullback.evaluate` has them.

        Raises:
            InputError, NumericalError: as `Pullback.evaluate` does, for any of the layers.
        """
        batches, asked = {}, {}
        for name, geo in self.items():
            with of_layer(name):
                batches[name] = geo._batch(x)
                asked[name] = checked(batches[name], quantities)
        if not batches:
            return {}
        found = in_one_pass(self._whole, batches, quantities, next(iter(self.values()))._chunk)
        results = {}
        for name, geo in self.items():
            with of_layer(name):
                if found is None:  # an operation that jets cannot pass
                    results[name] = geo.evaluate(x, *quantities)
                else:
                    results[name] = finished(batches[name], asked[name], *found[name], geo._on_singular, geo._chunk)
        return results


@contextmanager
def of_layer(name: str) -> Iterator[None]:
    """What is refused of one layer, with its name and how it is left out."""
    try:
        yield
    except (InputError, NumericalError) as error:
        cure = left_out(name)
        if cure in str(error) or str(error).startswith(("`x`", "`quantities`")):
            raise
        raise type(error)(f"{str(error).rstrip('.')} (layer `{name}`: {cure}).") from error
