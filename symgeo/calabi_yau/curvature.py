r"""Curvature of a potential's metric g = g_FS + d dbar phi, in the sample's own coordinates.

    R_{a bbar c dbar} = - d_c dbar_d g_{a bbar} + g^{e fbar} d_c g_{a fbar} dbar_d g_{e bbar}
    Ric_{c dbar} = g^{a bbar} R_{a bbar c dbar} = - d_c dbar_d log det g

The components g_{a bbar} come from the features' jets as functions of the ambient point. The coordinates are
holomorphic, so that Z(x) has no mixed second derivative and, for any smooth extension F off the hypersurface,

    d_c dbar_d F(Z(x)) = F_{i jbar} dZ_i/dx_c conj(dZ_j/dx_d),

which two derivatives forward along the frame's vectors v and iv give:
4 d_c dbar_d = D_c D_d + D_ic D_id + i (D_c D_id - D_ic D_d). Exact up to rounding.
"""

from __future__ import annotations

import dataclasses
import warnings
from dataclasses import dataclass

import torch
from jaxtyping import Complex
from torch import Tensor
from torch.func import jvp

from symgeo.calabi_yau.network import PhiNetwork
from symgeo.calabi_yau.sample import Sample, concatenated, coordinate_frame, fubini_study
from symgeo.errors import InputError

_CHUNK = 100  # points differentiated at once: bounds the memory, changes no result
_FRAME = 1e-3  # well above rounding in complex64, well below what another frame differs by


@dataclass(frozen=True)
class MetricJets:
    """A metric and its derivatives in the coordinates of a sample's patches.

    Attributes:
        g: g_{a bbar}.
        first: d_c g_{a bbar}, indices (a, b, c).
        mixed: d_c dbar_d g_{a bbar}, indices (a, b, c, d).
    """

    g: Complex[Tensor, "m n n"]
    first: Complex[Tensor, "m n n n"]
    mixed: Complex[Tensor, "m n n n n"]


@torch.no_grad()
def metric_jets(network: PhiNetwork, sample: Sample) -> MetricJets:
    """The metric, its first and its mixed second derivatives.

    Args:
        network: in the sample's precision.
        sample: in coordinates, not in a unitary frame.

    Raises:
        InputError: a sample in another frame, along which g would not be differentiated as a function of coordinates.
    """
    there = sample.hypersurface.gradient(sample.points)
    if not torch.allclose(
        sample.frame, coordinate_frame(there, sample.patch, sample.dependent), rtol=_FRAME, atol=_FRAME
    ):
        raise InputError("`sample` must be in the coordinates of its patches: pass it as it was before `.unitary()`")
    parts = [_jets(network, sample[i : i + _CHUNK]) for i in range(0, len(sample), _CHUNK)]
    return MetricJets(*(torch.cat([getattr(p, f.name) for p in parts]) for f in dataclasses.fields(MetricJets)))


def riemann(jets: MetricJets) -> Complex[Tensor, "m n n n n"]:
    """R_{a bbar c dbar}."""
    # inverse[f, e] g[e, b] = 1: g^{e fbar} is inverse[f, e].
    inverse = torch.linalg.inv(jets.g)
    conjugate = jets.first.transpose(1, 2).conj()  # dbar_d g_{e bbar} = conj(d_d g_{b ebar})
    return -jets.mixed + torch.einsum("mafc,mfe,mebd->mabcd", jets.first, inverse, conjugate)


def ricci(jets: MetricJets) -> Complex[Tensor, "m n n"]:
    """Ric_{c dbar} = - d_c dbar_d log det g."""
    return torch.einsum("mba,mabcd->mcd", torch.linalg.inv(jets.g), riemann(jets))


def scalar_curvature(jets: MetricJets) -> Tensor:
    """g^{c dbar} Ric_{c dbar}, half the Riemannian scalar curvature of 2 Re g_{a bbar} dz^a dzbar^b."""
    return torch.einsum("mdc,mcd->m", torch.linalg.inv(jets.g), ricci(jets)).real


def _jets(network: PhiNetwork, sample: Sample) -> MetricJets:
    m, n = len(sample), sample.frame.shape[2]
    # The real directions: the frame's vectors, then i times them. All pairs at once, as so many more points.
    directions = torch.cat([sample.frame, 1j * sample.frame], 2)
    first_index, second_index = torch.triu_indices(2 * n, 2 * n)
    pairs = len(first_index)
    there = concatenated([sample] * pairs)

    def metric(Z: Tensor) -> Tensor:
        frame = coordinate_frame(there.hypersurface.gradient(Z), there.patch, there.dependent)
        return network.metric(dataclasses.replace(there, points=Z, frame=frame, fubini_study=fubini_study(Z, frame)))

    v, w = (directions[:, :, index].permute(2, 0, 1).reshape(pairs * m, -1) for index in (first_index, second_index))

    def along(Z: Tensor) -> tuple[Tensor, " Tensor"]:
        return jvp(metric, (Z,), (v,))

    with warnings.catch_warnings():
        # The first forward derivative loads torch's rules for them, with a function of its own that it has deprecated.
        warnings.filterwarnings("ignore", "`torch.jit.script", DeprecationWarning)
        (g, along_v), (_, along_both) = jvp(along, (there.points,), (w,))
    slope, hessian = along_v.unflatten(0, (pairs, m)), along_both.unflatten(0, (pairs, m))
    where = {(int(a), int(b)): k for k, (a, b) in enumerate(zip(first_index, second_index, strict=True))}

    def second(a: int, b: int) -> Tensor:
        return hessian[where[min(a, b), max(a, b)]]

    first = torch.stack([(slope[where[c, c]] - 1j * slope[where[c + n, c + n]]) / 2 for c in range(n)], -1)
    mixed = [
        [(second(c, d) + second(c + n, d + n) + 1j * (second(c, d + n) - second(c + n, d))) / 4 for d in range(n)]
        for c in range(n)
    ]
    return MetricJets(g[:m], first, torch.stack([torch.stack(row, -1) for row in mixed], -2))
