"""The geometries of all layers of a module, from one pass through it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jaxtyping import Float
from torch import Tensor, nn

from symgeo.pullback.feature_map import FeatureMap
from symgeo.pullback.layers import in_one_pass
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

        Layers that have no such quantity can be left out: `del layers["unused"]`.

        Args:
            x: points.
            quantities: as `Pullback.evaluate` has them.

        Raises:
            InputError, NumericalError: as `Pullback.evaluate` does, for any of the layers.
        """
        batches = {name: geo._batch(x) for name, geo in self.items()}
        asked = {name: checked(batch, quantities) for name, batch in batches.items()}
        if not batches:
            return {}
        found = in_one_pass(self._whole, batches, quantities, next(iter(self.values()))._chunk)
        if found is None:  # an operation that jets cannot pass
            return {name: geo.evaluate(x, *quantities) for name, geo in self.items()}
        return {
            name: finished(batches[name], asked[name], *found[name], geo._on_singular, geo._chunk)
            for name, geo in self.items()
        }
