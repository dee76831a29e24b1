"""A metric network sampled on a periodic grid, as a function of its parameters in one vector."""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor
from torch.func import functional_call, jacrev, vmap

from symgeo.errors import InputError
from symgeo.flows.metric_network import MetricNetwork
from symgeo.flows.packing import pack, unpack
from symgeo.flows.periodic import PeriodicGrid


class GridNetwork:
    """g_ij at the points of a grid, its Jacobian, and gradients pulled back to the parameters.

    Args:
        network: in float64, periodic with the grid's lengths.
        grid: where it is sampled.

    Raises:
        InputError: a network of another dimension, or one that is not periodic on the grid.
    """

    def __init__(self, network: MetricNetwork, grid: PeriodicGrid) -> None:
        if network.dimension != grid.dimension:
            raise InputError(f"`network` has dimension {network.dimension}, but `grid` {grid.dimension}")
        self.network, self.grid = network, grid
        self.x = torch.from_numpy(grid.points().reshape(grid.dimension, -1).T.copy())
        named = [(name, p) for name, p in network.named_parameters() if p.requires_grad]
        self._names = [name for name, _ in named]
        self._shapes = [tuple(p.shape) for _, p in named]
        #: The parameters as they are.
        self.start = torch.cat([p.detach().reshape(-1) for _, p in named]).double()
        with torch.no_grad():
            shifted = self.x[:3] + self.x.new_tensor(grid.lengths)
            if not torch.allclose(network(shifted), network(self.x[:3]), rtol=1e-8, atol=1e-10):
                raise InputError(f"`network` is not periodic with the lengths {grid.lengths}: give it `lengths`")

    def packed(self, theta: Float[Tensor, " P"], x: Float[Tensor, "N d"]) -> Float[Tensor, "N o"]:
        """The packed metric at points."""
        sizes = [math.prod(shape) for shape in self._shapes]
        split = [part.reshape(shape) for part, shape in zip(theta.split(sizes), self._shapes, strict=True)]
        return functional_call(self.network, dict(zip(self._names, split, strict=True)), (x,))

    def metric(self, theta: Float[Tensor, " P"]) -> Float[ndarray, "d d *grid"]:
        """g_dd on the grid."""
        with torch.no_grad():
            g = unpack(self.packed(theta, self.x)).numpy()
        return np.moveaxis(g, 0, -1).reshape(*g.shape[1:], *self.grid.shape)

    def on_points(self, t_dd: Float[ndarray, "d d *grid"]) -> Float[Tensor, "N d d"]:
        """A tensor on the grid as matrices at the points."""
        d = self.grid.dimension
        return torch.from_numpy(np.moveaxis(t_dd.reshape(d, d, -1), -1, 0).copy())

    def jacobian(self, theta: Float[Tensor, " P"]) -> Float[Tensor, "N o P"]:
        """The derivative of the packed metric by the parameters."""
        return vmap(jacrev(lambda p, x: self.packed(p, x[None])[0]), (None, 0))(theta, self.x).detach()

    def pulled_gradient(self, theta: Float[Tensor, " P"], l: Float[ndarray, "d d *grid"]) -> Float[Tensor, " P"]:
        """sum_x l^ij dg_ij(x)/dtheta."""
        tracked = theta.detach().requires_grad_()
        value = (self.packed(tracked, self.x) * pack(self.on_points(l))).sum()
        return torch.autograd.grad(value, tracked)[0]
