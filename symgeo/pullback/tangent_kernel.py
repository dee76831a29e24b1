r"""The empirical neural tangent kernel, and the Gram matrix of any output of each point with respect to parameters.

    Theta_ab(x, x') = sum_I df_a(x)/dtheta_I df_b(x')/dtheta_I        (Jacot, Gabriel and Hongler 2018)

A matrix that sees activations a_it and sends back cotangents c_it (`taps`) adds sum_{t,t'} (a_it . a_jt')(c_it . c_jt')
(`factors`): for a layer of one place the Hadamard product of two Gram matrices, so that the N x P matrix of gradients
is never formed (Novak, Sohl-Dickstein and Schoenholz 2022). Parameters that are used in any other way are
differentiated point by point.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call, jacrev, vmap
from torch.nn.functional import pad

from symgeo.errors import InputError
from symgeo.pullback.chart import flat_points
from symgeo.pullback.differentiation import loops_allowed
from symgeo.pullback.factors import add_matrix_gram, add_vector_gram
from symgeo.pullback.feature_map import CASTING, FeatureMap
from symgeo.pullback.options import check_chunk
from symgeo.pullback.propagation import plain_kernels
from symgeo.pullback.symmetric import mirrored
from symgeo.pullback.taps import Taps, Use, displaced

# What the factors of a chunk of points may take, and what their intermediate products.
BUDGET_BYTES = 128_000_000
# How many points of x, and of y, say which calls keep the points in their places.
FEW_POINTS = 4

OTHER_LAYERS = "`features` runs other layers for other points: take the kernel of each kind of points on its own."

Outputs = Literal["trace", "sum", "full"]


def ntk(
    features: nn.Module,
    x: Float[Tensor, " N *shape"],
    y: Float[Tensor, " M *shape"] | None = None,
    *,
    outputs: Outputs = "trace",
    output: Callable[[Float[Tensor, "batch n"]], Float[Tensor, "batch o"]] | None = None,
    chunk: int | None = None,
) -> Float[Tensor, " N M *outputs"]:
    """The Gram matrix of the gradients, with respect to the parameters, of the outputs at x and at y.

    The parameters are those that require a gradient. Linear layers, convolutions in one and two dimensions and the
    scales of normalisations, wherever they are called, cost a backward pass for each output and products of their
    factors; the rest costs its gradient at each point.

    Args:
        features: a module (batch, *shape) -> (batch, n); one with dropout or batch statistics in eval mode.
        x: points, in the dtype that the computation is to be done in.
        y: other points; None for x itself.
        outputs: "trace", sum_a Theta_aa, (N, M); "sum", sum_ab Theta_ab, the kernel of the sum of the outputs, (N, M);
            "full", Theta_ab, (N, M, o, o).
        output: what is made of the features of each point before the gradient is taken, a loss for example.
        chunk: how many points go through at once; by default as many as 128 MB hold.

    Returns:
        Theta, in the dtype of x and on its device.

    Raises:
        InputError: a module or points that cannot be meant, or no parameter that requires a gradient.
    """
    _check(features, x, y, outputs, chunk)
    mapped = FeatureMap(features)
    with torch.inference_mode(False), CASTING:
        left, right = x.detach().clone(), None if y is None else y.detach().clone()
        with torch.no_grad():
            mapped.trial(mapped.called_in(x.dtype), left[:8])
        few = torch.cat([_spread(points) for points in (left, right) if points is not None])
        return _Gradients(features, few, outputs, output).kernel(left, right, chunk)


def _check(features: nn.Module, x: Tensor, y: Tensor | None, outputs: str, chunk: int | None) -> None:
    if outputs not in ("trace", "sum", "full"):
        raise InputError(f'`outputs` must be "trace", "sum" or "full", not {outputs!r}.')
    if chunk is not None:
        check_chunk(chunk)
    if not isinstance(features, nn.Module):
        kind = type(features).__name__
        raise InputError(f"`features` must be a torch module, which has parameters to differentiate by, not {kind}.")
    if not any(parameter.requires_grad for parameter in features.parameters()):
        raise InputError("`features` has no parameter that requires a gradient: features.requires_grad_().")
    for name, points in (("x", x), ("y", x if y is None else y)):
        if not isinstance(points, Tensor):
            kind = type(points).__name__
            raise InputError(
                f"`{name}` must be a torch tensor of points (N, ...), not {kind}: torch.as_tensor({name})."
            )
    if x.ndim < 2:
        raise InputError(f"`x` must be points (N, ...), not {tuple(x.shape)}: x[None] for a single one.")
    flat_points(x, tuple(x.shape[1:]))
    if y is not None and (y.dtype != x.dtype or y.shape[1:] != x.shape[1:] or not len(y) or not y.isfinite().all()):
        wanted = f"(M, {', '.join(map(str, x.shape[1:]))})"
        raise InputError(f"`y` must be finite {x.dtype} points {wanted} like `x`; it is {y.dtype} {tuple(y.shape)}.")


@dataclass(frozen=True)
class Factors:
    """The gradients of a chunk of points: those of matrices in factors, by name, and those of all else written out."""

    matrices: dict[str, tuple[Tensor, Tensor]]
    vectors: Float[Tensor, "batch o v"]


class _Gradients:
    """A module with parameters in the dtype of the points, and the gradients of its outputs.

    A few points say how it is gone through.
    """

    def __init__(
        self, module: nn.Module, points: Tensor, outputs: Outputs, output: Callable[[Tensor], Tensor] | None
    ) -> None:
        self.module, self.output, self.outputs = module, output, outputs
        # A call may write into buffers.
        state = dict(module.named_parameters()) | {k: v.detach().clone() for k, v in module.named_buffers()}
        self.state = {k: v.detach().to(points.dtype if v.is_floating_point() else v.dtype) for k, v in state.items()}
        self.tracked = {k: self.state[k].requires_grad_() for k, p in module.named_parameters() if p.requires_grad}
        self.names = {id(parameter): name for name, parameter in self.tracked.items()}
        self.known = self._known_calls(points)
        #: Parameters with uses that no tap listens at.
        self.rest: dict[str, Tensor] = {}
        uses, reached = self._passes(points, [*self.tracked.values()])
        self.rest = {name: p for name, p in self.tracked.items() if id(p) in reached}
        held = sum(
            u.call.inputs.numel() + u.call.patches().numel() + sum(c.numel() for c in u.cotangents) for u in uses
        )
        written_out = sum(p.numel() for p in self.rest.values()) * self.count
        self.point_bytes = points.element_size() * (held // len(points) + written_out)

    def kernel(self, x: Tensor, y: Tensor | None, chunk: int | None) -> Tensor:
        """Theta, block by block; of x with itself, the blocks above the diagonal."""
        size = chunk or max(1, BUDGET_BYTES // max(1, self.point_bytes))
        other, o = x if y is None else y, self._o
        total = x.new_zeros(len(x), o, len(other), o)
        for i in range(0, len(x), size):
            rows = self.factors(x[i : i + size])
            for j in range(0 if y is not None else i, len(other), size):
                columns = rows if y is None and i == j else self.factors(other[j : j + size])
                block = self._block(rows, columns)
                total[i : i + size, :, j : j + size] = block
                if y is None and i != j:
                    total[j : j + size, :, i : i + size] = block.permute(2, 3, 0, 1)
        return total.permute(0, 2, 1, 3) if self.outputs == "full" else total[:, 0, :, 0]

    def _block(self, rows: Factors, columns: Factors) -> Float[Tensor, "N o M o"]:
        if rows.matrices.keys() != columns.matrices.keys():
            raise InputError(OTHER_LAYERS)
        block = rows.vectors.new_zeros(*rows.vectors.shape[:2], *columns.vectors.shape[:2])
        if rows.vectors.shape[2]:
            add_vector_gram(block, rows.vectors, columns.vectors)
        for name in rows.matrices:
            add_matrix_gram(block, rows.matrices[name], columns.matrices[name], BUDGET_BYTES)
        if rows is columns:  # of which one triangle was computed
            block = mirrored(block.flatten(2).flatten(0, 1)).view(block.shape)
        return block

    def factors(self, points: Tensor) -> Factors:
        """The gradients at a chunk of points."""
        uses, reached = self._passes(points, [p for name, p in self.tracked.items() if name not in self.rest])
        if reached or any(len(use.call.inputs) != len(points) for use in uses):
            raise InputError(OTHER_LAYERS)
        named = [(self._seen(use.call.weight), self._seen(use.call.bias), use) for use in uses]
        partners = {(weight, bias) for weight, bias, _ in named}
        activations: dict[str, list[Tensor]] = {}
        cotangents: dict[str, list[Tensor]] = {}
        vectors: dict[str, Tensor] = {}

        def add(name: str, gradient: Float[Tensor, "batch o groups q"]) -> None:
            flat = gradient.flatten(2)
            vectors[name] = vectors[name] + flat if name in vectors else flat

        for weight, bias, use in named:
            laid_out = torch.stack([use.call.laid_out(c) for c in use.cotangents], 1)
            # A bias that always comes with one matrix is a column of it, which sees a one.
            alone = sum(weight in pair or bias in pair for pair in partners) == 1
            column = weight and bias and alone and not use.call.scales
            if weight and use.call.scales:
                add(weight, (laid_out * use.call.patches()[:, None]).sum(3))
            elif weight:
                patches = use.call.patches()
                activations.setdefault(weight, []).append(pad(patches, (0, 1), value=1.0) if column else patches)
                cotangents.setdefault(weight, []).append(laid_out)
            if bias and not column:
                add(bias, laid_out.sum(3))
        matrices = {k: (_joined(activations[k], 2), self._folded(_joined(cotangents[k], 3))) for k in activations}
        written_out = [self._folded(gradient) for gradient in vectors.values()]
        if self.rest:
            written_out.append(self._folded(self._written_out(points)))
        return Factors(matrices, torch.cat([points.new_zeros(len(points), self._o, 0), *written_out], 2))

    def _seen(self, parameter: Tensor | None) -> str | None:
        """The name of a parameter all of whose uses are listened at."""
        name = self.names.get(id(parameter))
        return None if name in self.rest else name

    @property
    def _o(self) -> int:
        return self.count if self.outputs == "full" else 1

    def _folded(self, gradients: Float[Tensor, " batch o *rest v"]) -> Tensor:
        """For a trace, the outputs as more entries of one gradient."""
        return gradients if self.outputs != "trace" else gradients.movedim(1, -2).flatten(-2)[:, None]

    def _passes(self, points: Tensor, others: list[Tensor]) -> tuple[list[Use], set[int]]:
        """One pass forwards, and one backwards an output; which of the other tensors autograd reaches."""
        with torch.enable_grad(), Taps(self.names, self.known) as taps:
            made = self._made(self.state, points)
        self.count = made.shape[1]
        reached: set[int] = set()
        targets = [use.source for use in taps.uses] + others
        for a in range(self.count if made.requires_grad and targets else 0):
            found = torch.autograd.grad(made[:, a].sum(), targets, retain_graph=a + 1 < self.count, allow_unused=True)
            reached |= {id(t) for t, g in zip(others, found[len(taps.uses) :], strict=True) if g is not None}
            for use in taps.uses:
                use.close(a + 1)
        return [use for use in taps.uses if use.cotangents], reached

    def _made(self, state: dict[str, Tensor], points: Tensor) -> Float[Tensor, "batch o"]:
        features = functional_call(self.module, state, (points,))
        made = features if self.output is None else self.output(features)
        if not isinstance(made, Tensor) or made.ndim != 2 or len(made) != len(points):
            got = tuple(made.shape) if isinstance(made, Tensor) else type(made).__name__
            raise InputError(f"`output` must make (batch, o) of features {tuple(features.shape)}, not {got}.")
        return made.sum(1, keepdim=True) if self.outputs == "sum" else made

    def _known_calls(self, points: Tensor) -> set[int]:
        """The calls whose first dimension is the points, each in its place.

        It follows their number from two to three; that they keep their places is seen from what comes back.
        """
        sizes = []
        for count in (2, 3):
            with torch.no_grad(), Taps(self.names) as taps:
                self._made(self.state, points[:1].expand(count, *points.shape[1:]))
            sizes.append(taps.sizes)
        if len(sizes[0]) != len(sizes[1]):
            return set()
        known = {number for number, pair in enumerate(zip(*sizes, strict=True)) if pair == (2, 3)}
        return known - self._displaced(points, known)

    def _displaced(self, points: Tensor, known: set[int]) -> set[int]:
        """Those of some calls in which a row is not its point's."""
        # Nothing that sorts by what it sees leaves an order and its reverse as they are.
        both = torch.cat([points, points.flip(0)])
        with torch.enable_grad(), Taps(self.names, known) as taps:
            made = self._made(self.state, both)
            # Weights, all different: the plain sum of a softmax has no gradient.
            each = made @ torch.linspace(1, 2, made.shape[1], dtype=made.dtype, device=made.device)
        return displaced(taps.uses, each) if made.requires_grad and taps.uses else set()

    def _written_out(self, points: Tensor) -> Float[Tensor, "batch o rest"]:
        """The gradients with respect to the rest, point by point."""

        def one(rest: dict[str, Tensor], point: Tensor) -> Tensor:
            return self._made(self.state | rest, point[None])[0]

        try:
            with plain_kernels(), loops_allowed():
                gradients = vmap(jacrev(one), (None, 0))(self.rest, points)
        except RuntimeError:  # recurrent layers among others have no rule for vmap
            return torch.stack([self._autograd(point[None]) for point in points])
        return torch.cat([gradient.detach().flatten(2) for gradient in gradients.values()], 2)

    def _autograd(self, point: Tensor) -> Float[Tensor, "o rest"]:
        targets = [*self.rest.values()]
        with torch.enable_grad():
            outputs = self._made(self.state, point)[0]
        found = [torch.autograd.grad(output, targets, retain_graph=True, materialize_grads=True) for output in outputs]
        return torch.stack([torch.cat([gradient.flatten() for gradient in row]) for row in found])


def _spread(points: Tensor) -> Tensor:
    """A few points from all over a batch: those side by side may have much in common."""
    return points[torch.linspace(0, len(points) - 1, min(len(points), FEW_POINTS)).long()]


def _joined(pieces: list[Tensor], along: int) -> Tensor:
    """Side by side; a single one as it is, not copied."""
    return pieces[0] if len(pieces) == 1 else torch.cat(pieces, along)
