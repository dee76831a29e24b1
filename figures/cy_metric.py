"""Learned Ricci-flat metrics on slices: the elliptic curve, and the curvature of K3.

Left with the Fubini-Study metric, right with a learned one. Above, the metric's only component on the Fermat cubic in
the coordinate x of (1 : x : y), which is |Omega|^2 up to a factor where it is flat; in the middle, its ratio eta to
that. Below, the density of the Euler number, c_2 over the Ricci-flat volume, on the slice (1 : x : 1/2 : y) of the
Fermat quartic: for a Ricci-flat metric it is |Riemann|^2 up to a factor, and nowhere negative.
"""

from __future__ import annotations

import argparse
import copy
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from symgeo.calabi_yau import Sample, at, eta, fermat, sample
from symgeo.calabi_yau.comparison import invariant_potential
from symgeo.calabi_yau.curvature import metric_jets, riemann
from symgeo.calabi_yau.euler import chern_density
from symgeo.calabi_yau.monge_ampere import equation
from symgeo.calabi_yau.network import PhiNetwork
from symgeo.plots import MapRow, PlaneMap, plane_grid, save

EXPERIMENTS = ()  # its potentials are solved in a second
IN_REPORT = False
CAPTION = (
    "Fubini–Study metric (left) and learned metric (right). Above: the component of the metric on the Fermat cubic in "
    "the coordinate x of (1 : x : y), log10. Middle: eta, its ratio to the flat metric, 1 up to rounding on the right. "
    "Below: the density of the Euler number over the Ricci-flat volume on the slice (1 : x : 1/2 : y) of the Fermat "
    "quartic; of a Ricci-flat metric it is |Riemann|² up to a factor. Three and four points are where y = 0."
)
EXTENT = (-1.6, 1.6, -1.6, 1.6)


def draw(*, side: int = 60) -> Figure:
    """Three rows of two maps.

    Args:
        side: the maps are side x side points; an even number misses the points where y = 0 on the real axis.
    """
    cubic, quartic = (invariant_potential(sample(fermat(n), 1000, 0), degree=8)[0] for n in (1, 2))
    # Without its readout phi is zero.
    still = [copy.deepcopy(network) for network in (cubic, quartic)]
    for network in still:
        network.readout.weight.zero_()
    x = _plane(side)
    curve = _slice(1, [torch.ones_like(x), x])
    surface = _slice(2, [torch.ones_like(x), x, 0.5 * torch.ones_like(x)])
    columns = []
    for title, one, two in (("Fubini–Study", *still), ("learned", cubic, quartic)):
        # In the coordinate x on all of the curve, whichever coordinate is largest.
        with torch.no_grad():
            component = one.metric(curve)[:, 0, 0].real.log10()
            ratio = eta(one, equation(one, curve))
        columns.append((title, component, ratio, _euler_density(two, surface)))
    rows = []
    labels = (
        (r"cubic: $\log_{10}\, g_{x\bar x}$  (1/length²)", "magma", None),
        (r"cubic: $\eta$  (1)", "cividis", None),
        (r"quartic: $c_2$ / volume  (1)", "viridis", 1.0),
    )
    for index, (label, colours, asinh) in enumerate(labels, start=1):
        maps = [PlaneMap(column[0], column[index].reshape(side, side).numpy()) for column in columns]
        rows.append(MapRow(maps, label, colours=colours, asinh=asinh))
    return plane_grid(rows, EXTENT, axis_labels=(r"Re $x$", r"Im $x$"))


def _plane(side: int) -> Tensor:
    left, right, bottom, top = EXTENT
    real, imaginary = np.linspace(left, right, side), np.linspace(bottom, top, side)
    return torch.from_numpy((real + 1j * imaginary[:, None]).ravel())


def _slice(n: int, given: list[Tensor]) -> Sample:
    """The points with these coordinates and a last one that puts them on Fermat's hypersurface."""
    degree = n + 2
    last = (-sum(z**degree for z in given)) ** (1 / degree)
    points = torch.stack([*given, last], 1)
    where = fermat(n)
    zero = torch.zeros(len(points), dtype=torch.int64)
    return at(where, points, patch=zero, dependent=zero + n + 1 if n == 1 else None)


def _euler_density(network: PhiNetwork, there: Sample) -> Tensor:
    jets = metric_jets(network, there)
    raised = torch.einsum("mbe,mabcd->meacd", torch.linalg.inv(jets.g), riemann(jets))
    return chern_density(raised) / (there.kappa * there.density)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default=".", help="the folder to write cy_metric.pdf and cy_metric.png into")
    arguments = parser.parse_args()
    save(draw(), Path(arguments.output) / "cy_metric")
