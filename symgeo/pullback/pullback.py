r"""The geometry that a feature map pulls back to its inputs.

For Phi: R^d -> R^n with the flat metric on R^n, or another (`target`, `ambient`),

    g_mn(x) = d_m Phi . d_n Phi,

and all else follows from the first and second derivatives of Phi (Gauss's equation; `local`). Points go through in
chunks, so that memory is bounded by the budget and not by the number of points.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from symgeo.errors import InputError
from symgeo.pullback.ambient import Ambient
from symgeo.pullback.batch import Batch, check_size, located
from symgeo.pullback.chart import Chart
from symgeo.pullback.directions import Directions
from symgeo.pullback.every_layer import Layers
from symgeo.pullback.feature_map import FeatureMap
from symgeo.pullback.frame import orthonormal_frame, rank
from symgeo.pullback.layers import Layer, layer_names
from symgeo.pullback.local import local_quantities
from symgeo.pullback.options import check_chunk, shape_of
from symgeo.pullback.quantities import Volume
from symgeo.pullback.target import Target
from symgeo.pullback.values import checked, finished, needed, order_of


class Pullback(Directions):
    """The pullback geometry of a feature map Phi: g_mn = d_m Phi . d_n Phi.

    Every method takes points x of shape (..., d), or (..., *input_shape), and returns a tensor that leads with the same
    (...). Tangent vectors and paths come in either shape too. The computation is done in the dtype of x, on its device,
    that of `geodesic` in float64 where the map takes it. The map is left as it was found: parameters, buffers, mode,
    gradients. Results carry no gradient, with respect to x or to parameters: kernels that torch differentiates are what
    `symgeo.generate(..., backend="torch")` makes.

    Curvature asks for two continuous derivatives. Refused by name are ReLU and its like, whose first derivative jumps,
    SELU and ELU of alpha other than 1 among them; and ELU of alpha 1, CELU and softsign, whose second derivative jumps,
    and with it curvature. A kink made of abs, clamp or where is seen when nothing else in the map bends, and else is
    the caller's to know.

    A second opinion: torch.func's own nested jacfwd has the second derivatives of LayerNorm wrong, by half of their
    size and more (torch 2.13); here they are right, as in jacrev of jacrev.

    Accuracy, the median relative error of R against 50 digits on shallow networks: in float64 3e-15 at cond(g) = 7,
    2e-11 at 4e4 and 3e-7 at 4e8; in float32 3e-6, 1e-2 and no digit at all. Nearly singular metrics want float64.

    Args:
        features: any torch callable or module, (batch, d) -> (batch, n); twice continuously differentiable for
            curvature.
        input_shape: the shape of one input, (c, h, w) for images; coordinates are then counted flat, d = c h w. Not
            needed for vectors, nor for a module whose first layer is a convolution.
        target: the metric on the features: "flat"; "fisher", the Fisher-Rao metric of the softmax that the features are
            the logits of; positive weights (n,); a positive definite matrix (n, n), symmetric but for rounding; or a
            metric that varies, a callable (batch, n) -> (batch, n, n) that torch differentiates twice, symmetric and
            positive definite at the features of every point. Of the last, n^3 first derivatives are formed at a point.
        on_singular: what to do where the metric has no inverse or no volume: "raise" a NumericalError that names the
            first such point, or "mark" the point: minus infinity for a log volume, NaN for every other number, and for
            all that `exp` and `geodesic_flow` have beyond it. `geodesic`, `transport`, `length` and `energy` always
            raise.
        chunk: how many points go through at once; by default 640, fewer for wide networks and more for those of one
            layer, which are evaluated block by block. The results of different chunks agree to rounding (matrix
            products of different sizes round differently).

    Raises:
        InputError: a feature map that cannot be meant.
    """

    def __init__(
        self,
        features: Callable[[Tensor], Tensor],
        *,
        input_shape: tuple[int, ...] | None = None,
        target: Target = "flat",
        on_singular: Literal["raise", "mark"] = "raise",
        chunk: int | None = None,
    ) -> None:
        if on_singular not in ("raise", "mark"):
            raise InputError(f'`on_singular` must be "raise" or "mark", not {on_singular!r}.')
        if chunk is not None:
            check_chunk(chunk)
        self._map = FeatureMap(features, target)
        self._target = target
        self._ambient = Ambient(target) if callable(target) else None
        self._input_shape = shape_of(input_shape)
        self._section: Chart | None = None
        self._on_singular = on_singular
        self._chunk = chunk

    def __repr__(self) -> str:
        """The map, the number of coordinates where it is known, the target and the section."""
        section, parts = self._section, [self._map.name]
        d = self._map.coordinates if self._input_shape is None else math.prod(self._input_shape)
        if section is not None:
            d = section.dimension
        if d is not None:
            parts.append(f"d={d}")
        target = self._target
        if isinstance(target, Tensor):
            kind = "weights" if target.ndim == 1 else "matrix"
            parts.append(f"target={kind} {tuple(target.shape)}")
        else:
            spoken = repr(target) if isinstance(target, str) else "a metric that varies"
            parts.append(f"target={spoken}".replace("'", '"'))
        if section is not None:
            parts.append(f"section of inputs {section.input_shape}")
        return f"Pullback({', '.join(parts)})"

    def on_plane(self, origin: Tensor, u: Tensor, v: Tensor) -> Pullback:
        """The geometry of the plane section (a, b) -> features(origin + a u + b v): a Pullback of two inputs.

        Only the two directions are pushed through the map, however many inputs it has.

        Args:
            origin: one input.
            u, v: two directions of the same shape; for the plane through three inputs p, q, r: p, q - p, r - p.

        Raises:
            InputError: shapes that differ, more than one input, coordinates that are not finite, directions that are
                parallel.
        """
        return self._through({"origin": origin, "u": u, "v": v})

    def on_line(self, origin: Tensor, u: Tensor) -> Pullback:
        """The geometry of the line a -> features(origin + a u): a Pullback of one input.

        Args:
            origin: one input.
            u: a direction of the same shape; for the line through two inputs p and q: p, q - p.

        Raises:
            InputError: shapes that differ, more than one input, coordinates that are not finite, a direction that is
                zero.
        """
        return self._through({"origin": origin, "u": u})

    def _through(self, inputs: dict[str, Tensor]) -> Pullback:
        for name, tensor in inputs.items():
            if not isinstance(tensor, Tensor):
                kind = type(tensor).__name__
                raise InputError(f"`{name}` must be a torch tensor, not {kind}: torch.as_tensor({name}).")
        origin, *directions = inputs.values()
        if any(direction.shape != origin.shape for direction in directions):
            shapes = ", ".join(str(tuple(tensor.shape)) for tensor in inputs.values())
            raise InputError(f"`{'`, `'.join(inputs)}` must be inputs of one shape, not {shapes}.")
        for name, tensor in inputs.items():
            if not tensor.is_floating_point() or not tensor.isfinite().all():
                raise InputError(f"`{name}` must be finite floats: it is {tensor.dtype}, or has a NaN or an infinity.")
        self._check_one_input(origin)
        vectors = torch.stack(directions).detach().flatten(1)
        if int(rank(orthonormal_frame(vectors[None].double()).r, vectors.shape[1])) < len(vectors):
            raise InputError("`u` is zero, or parallel to `v`: give directions that are independent.")
        chart = self._section or Chart(self._input_shape or tuple(origin.shape))
        section = self._with(self._map.features, self._target)
        section._section = chart.section(origin.detach().flatten(), vectors)
        return section

    def _check_one_input(self, origin: Tensor) -> None:
        wanted = self._input_shape if self._section is None else (self._section.dimension,)
        shape = tuple(origin.shape)
        if origin.ndim == 0 or origin.numel() == 0:
            raise InputError(f"`origin` must be one input, with coordinates; its shape is {shape}.")
        if wanted is not None:
            if shape not in (wanted, (math.prod(wanted),)):
                raise InputError(f"`origin` must be one input of shape {wanted}, not {shape}.")
        elif origin.ndim > 1 and not self._takes(origin[None]) and self._takes(origin):
            raise InputError(f"`origin` must be one input, not a batch of them, {shape}: origin[0].")

    def _takes(self, inputs: Tensor) -> bool:
        """Whether the map takes these inputs as they are."""
        try:
            with torch.no_grad():
                self._map.trial(self._map.called_in(inputs.dtype), inputs.detach()[:8])
        except InputError:
            return False
        return True

    def layers(self, *, leaves: bool = False) -> Layers:
        """The geometry that each layer pulls back to the inputs: one Pullback a layer, by name, in order of definition.

        The target of each is flat. `layers().evaluate(x, "metric", ...)` has the quantities of all from one pass; a
        part that is never run, or returns no tensor, is left out of it by `del layers["its name"]`.

        Args:
            leaves: every part without parts of its own; by default the children of the module.

        Raises:
            InputError: the feature map is no module, and has no layers.
        """
        module = self._map.module
        if module is None or self._map.features is not module:
            raise InputError("`features` is a plain callable, and has no layers: hand over a torch module.")
        return Layers(module, {name: self._with(Layer(module, name), "flat") for name in layer_names(module, leaves)})

    def metric(self, x: Float[Tensor, "... d"]) -> Float[Tensor, "... d d"]:
        """The metric g_mn = d_m Phi . d_n Phi, in the product of the target."""
        return self.evaluate(x, "metric")["metric"]

    def log_volume(self, x: Float[Tensor, "... d"]) -> Float[Tensor, " ..."]:
        """The log volume element, log sqrt det g; the log pseudo-volume for a map to fewer features than inputs.

        Raises:
            NumericalError: the rank is below min(n, d) at some point, where `volume` has it and the pseudo-volume.
        """
        return self.evaluate(x, "log_volume")["log_volume"]

    def volume(self, x: Float[Tensor, "... d"]) -> Volume:
        """The log pseudo-volume, the sum of the logs of the non-zero singular values of J, with the rank at each point.

        Equal to log sqrt det g where the rank is d. A singular value counts as zero below max(n, d) eps times the
        largest.
        """
        batch = self._batch(x)
        check_size(batch, 0, 1, "the volume")
        found, _ = local_quantities(batch, ("log_volume", "rank"), 1, self._chunk)
        return Volume(batch.shaped(found["log_volume"]), batch.shaped(found["rank"]))

    def rank(self, x: Float[Tensor, "... d"]) -> Int[Tensor, " ..."]:
        """The rank of the differential of Phi, at most min(n, d)."""
        return self.volume(x).rank

    def christoffel(self, x: Float[Tensor, "... d"]) -> Float[Tensor, "... d d d"]:
        """The Christoffel symbols Gamma^c_ab, upper index first: R^{-1} Q^T d_a d_b Phi, with J = Q R."""
        return self.evaluate(x, "christoffel")["christoffel"]

    def riemann(self, x: Float[Tensor, "... d"]) -> Float[Tensor, "... d d d d"]:
        """The Riemann tensor R_abcd = <H_ac, P H_bd> - <H_ad, P H_bc>, all indices down."""
        return self.evaluate(x, "riemann")["riemann"]

    def ricci(self, x: Float[Tensor, "... d"]) -> Float[Tensor, "... d d"]:
        """The Ricci tensor R_bd = g^ac R_abcd."""
        return self.evaluate(x, "ricci")["ricci"]

    def scalar_curvature(self, x: Float[Tensor, "... d"]) -> Float[Tensor, " ..."]:
        """The scalar curvature R = g^bd R_bd; 2 for the unit sphere in three dimensions."""
        return self.evaluate(x, "scalar_curvature")["scalar_curvature"]

    def evaluate(self, x: Float[Tensor, "... d"], *quantities: str) -> dict[str, Tensor]:
        """Several quantities from one pass through the map.

        Args:
            x: points.
            quantities: of "metric", "log_volume", "rank", "christoffel", "riemann", "ricci", "scalar_curvature".

        Returns:
            Each quantity by its name, as the method of that name has it.

        Raises:
            InputError: no quantity, or an unknown one; curvature of a map without two continuous derivatives, or with
                fewer features than coordinates.
            NumericalError: the metric is singular at some point, and a quantity has no value there; or its value is too
                large or too small for the dtype.
        """
        batch = self._batch(x)
        asked = checked(batch, quantities)
        found, bends = local_quantities(batch, needed(asked), order_of(asked), self._chunk)
        return finished(batch, asked, found, bends, self._on_singular, self._chunk)

    def _with(self, features: Callable[[Tensor], Tensor], target: Target) -> Pullback:
        """Another map under the same options, in the same coordinates."""
        other = Pullback(
            features, input_shape=self._input_shape, target=target, on_singular=self._on_singular, chunk=self._chunk
        )
        other._section = self._section
        return other

    def _batch(self, x: Tensor) -> Batch:
        try:
            return located(self._map, x, self._section, self._input_shape, self._ambient)
        except InputError as error:
            shape = self._shape_that_works(x) if str(error).startswith("`features`") else None
            if shape is None:
                raise
            raise InputError(f"{str(error).rstrip('.')}; with input_shape={shape} it takes these points.") from error

    def _shape_that_works(self, x: Tensor) -> tuple[int, ...] | None:
        """The shape of one input with which the map takes points that it does not take as vectors; None for none."""
        known = self._section is not None or self._input_shape is not None
        for leading in () if known else range(1, x.ndim - 1):
            shape = tuple(x.shape[leading:])
            if self._takes(x.reshape(-1, *shape)):
                return shape
        return None
