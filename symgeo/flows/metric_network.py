r"""Networks whose outputs are metrics (Halverson and Ruehle, arXiv:2310.19870), over a reference metric h = E^T E.

    free            g = exp N                   positive by construction
    conformal       g = e^N h                   positive by construction
    additive        g = h + N
    multiplicative  g_ij = h_ij (1 + N_ij)
    matrix          g = E^T (1 + N) E
    kaehler         g = h + (d d-bar phi) delta, d d-bar = Lap / 4, one complex dimension

N(x) is symmetric, made of the d (d + 1)/2 outputs of a network in the packing of `packing`, or one number. The last
four are refused at the first point where they are not positive definite.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call, jacrev, vmap

from symgeo.errors import InputError, NumericalError
from symgeo.flows.packing import components, pack, unpack
from symgeo.models import MLP

Ansatz = Literal["free", "conformal", "additive", "multiplicative", "matrix", "kaehler"]
Reference = Callable[[Float[Tensor, "batch d"]], Float[Tensor, "batch d d"]]


class Periodic(nn.Module):
    """x -> (cos(2 pi x / L), sin(2 pi x / L)), so that what follows is a function on the torus of lengths L."""

    def __init__(self, lengths: Sequence[float]) -> None:
        super().__init__()
        if not lengths or not all(math.isfinite(a) and a > 0 for a in lengths):
            raise InputError(f"`lengths` must be positive, not {tuple(lengths)}")
        self.lengths = tuple(map(float, lengths))

    def forward(self, x: Float[Tensor, "batch d"]) -> Float[Tensor, "batch 2d"]:
        """The circle's coordinates."""
        angle = x * (2 * math.pi / x.new_tensor(self.lengths))
        return torch.cat([angle.cos(), angle.sin()], -1)


class MetricNetwork(nn.Module):
    """A metric g_ij(x; theta).

    Args:
        network: (batch, d) -> (batch, d (d + 1)/2), or (batch, 1) for "conformal" and "kaehler".
        dimension: d.
        ansatz: see the module.
        reference: h, of points; the flat metric if not given.

    Raises:
        InputError: an unknown ansatz, or "kaehler" in other than two real dimensions.
    """

    def __init__(
        self, network: nn.Module, dimension: int, ansatz: Ansatz = "additive", reference: Reference | None = None
    ) -> None:
        super().__init__()
        if ansatz not in get_args(Ansatz):
            raise InputError(f"`ansatz` must be one of {', '.join(get_args(Ansatz))}, not {ansatz!r}")
        if dimension < 1 or (ansatz == "kaehler" and dimension != 2):
            raise InputError(f"`dimension` {dimension} does not go with the ansatz {ansatz!r}")
        self.network, self.dimension, self.ansatz, self.reference = network, dimension, ansatz, reference

    def forward(self, x: Float[Tensor, "batch d"]) -> Float[Tensor, "batch o"]:
        """The packed components of g, unchecked.

        Raises:
            InputError: points of another dimension, or a network that makes other components.
        """
        if x.ndim != 2 or x.shape[1] != self.dimension:
            raise InputError(f"`x` must be (batch, {self.dimension}), not {tuple(x.shape)}: one row for each point")
        if self.ansatz == "kaehler":
            return pack(self._reference(x) + self._kaehler(x)[:, None, None] * torch.eye(2, dtype=x.dtype))
        made = self.network(x)
        wanted = 1 if self.ansatz == "conformal" else components(self.dimension)
        if made.shape != (len(x), wanted):
            raise InputError(f"`network` must make ({len(x)}, {wanted}) for {self.ansatz!r}, not {tuple(made.shape)}")
        if self.ansatz == "free":
            return pack(torch.linalg.matrix_exp(unpack(made)))
        h = self._reference(x)
        if self.ansatz == "conformal":
            return pack(h) * made.exp()
        if self.ansatz == "additive":
            return pack(h) + made
        n = unpack(made)
        if self.ansatz == "multiplicative":
            return pack(h * (1 + n))
        frame = torch.linalg.cholesky(h).mT
        return pack(h + frame.mT @ n @ frame)

    def metric(self, x: Float[Tensor, "batch d"]) -> Float[Tensor, "batch d d"]:
        """g at the points.

        Raises:
            NumericalError: not positive definite; names the first such point.
        """
        return checked_metric(unpack(self(x)), x)

    def _reference(self, x: Tensor) -> Tensor:
        if self.reference is not None:
            return self.reference(x)
        return torch.eye(self.dimension, dtype=x.dtype, device=x.device).expand(len(x), -1, -1)

    def _kaehler(self, x: Tensor) -> Float[Tensor, " batch"]:
        """Lap phi / 4, with its dependence on the parameters."""
        parameters = dict(self.network.named_parameters())

        def potential(point: Tensor) -> Tensor:
            return functional_call(self.network, parameters, (point[None],)).reshape(())

        return vmap(jacrev(jacrev(potential)))(x).diagonal(dim1=1, dim2=2).sum(1) / 4


def metric_network(
    dimension: int,
    ansatz: Ansatz = "additive",
    *,
    widths: Sequence[int] = (64, 64),
    activation: str = "tanh",
    lengths: Sequence[float] | None = None,
    reference: Reference | None = None,
    scale: float = 0.1,
    steepness: float = 0.5,
    seed: int = 0,
) -> MetricNetwork:
    """A fully connected metric network in float64 and the NTK parametrisation.

    Args:
        dimension: d.
        ansatz: see the module.
        widths: of the hidden layers.
        activation: a name of `symgeo.models.ACTIVATIONS`.
        lengths: of a torus, on which it is to be periodic.
        reference: h, of points; the flat metric if not given.
        scale: what the outputs are multiplied by, so that the start is near the reference.
        steepness: what the circle's coordinates are multiplied by on a torus: small is smooth.
        seed: of the weights.

    Raises:
        InputError: an unknown ansatz or activation, or lengths that do not fit the dimension.
    """
    if lengths is not None and len(lengths) != dimension:
        raise InputError(f"`lengths` must be {dimension} numbers, not {tuple(lengths)}")
    inputs = dimension if lengths is None else 2 * dimension
    outputs = 1 if ansatz in ("conformal", "kaehler") else components(dimension)
    generator = torch.Generator().manual_seed(seed)
    mlp = MLP((inputs, *widths, outputs), activation, parametrisation="ntk", generator=generator)
    layers: list[nn.Module] = [] if lengths is None else [Periodic(lengths), Times(steepness)]
    return MetricNetwork(nn.Sequential(*layers, mlp, Times(scale)), dimension, ansatz, reference)


class Times(nn.Module):
    """Multiplication by a fixed number."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        """factor * x."""
        return self.factor * x


def checked_metric(g: Float[Tensor, "batch d d"], x: Float[Tensor, "batch d"]) -> Float[Tensor, "batch d d"]:
    """The matrices as they are.

    Raises:
        NumericalError: not positive definite; names the first such point.
    """
    smallest = torch.linalg.eigvalsh(g.detach())[..., 0]
    bad = (~(smallest > 0)).nonzero()
    if len(bad):
        k = int(bad[0])
        raise NumericalError(
            f"the metric is not positive definite at x = {[round(v, 6) for v in x[k].tolist()]}: its smallest "
            f"eigenvalue is {float(smallest[k]):.4g}; start nearer to the reference (`scale`), or take ansatz 'free'"
        )
    return g
