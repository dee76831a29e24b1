"""Layers in a mode in which a point has no features of its own: the batch, chance or earlier calls come in."""

from __future__ import annotations

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd
from torch.nn.modules.instancenorm import _InstanceNorm
from torch.nn.utils.parametrizations import _SpectralNorm
from torch.nn.utils.spectral_norm import SpectralNorm

from symgeo.errors import InputError

BATCH_NORM = (
    "`features` normalises by the statistics of the batch (BatchNorm in train mode), so that no point has features of "
    "its own: call .eval() on the module first."
)
NO_STATISTICS = (
    "`features` normalises by the statistics of the batch in either mode (BatchNorm with track_running_stats=False), "
    "so that no point has features of its own: give it running statistics, or take LayerNorm or GroupNorm."
)
INSTANCE_NORM = (
    "`features` gathers statistics as it runs (InstanceNorm in train mode with track_running_stats=True): call .eval() "
    "on the module first."
)
DROPOUT = "`features` draws at random (Dropout in train mode): call .eval() on the module first."
SPECTRAL_NORM = (
    "`features` goes on estimating a norm at every call (spectral_norm in train mode), and is another map each time: "
    "call .eval() on the module first."
)


def check_modes(module: nn.Module) -> None:
    """Refuse a module with such a layer.

    Raises:
        InputError: there is one; the message names it.
    """
    for name, layer in module.named_modules():
        reason = ""
        if isinstance(layer, _BatchNorm) and layer.running_mean is None:
            reason = NO_STATISTICS
        elif isinstance(layer, _BatchNorm) and layer.training:
            reason = BATCH_NORM
        elif isinstance(layer, _InstanceNorm) and layer.training and layer.running_mean is not None:
            reason = INSTANCE_NORM
        elif isinstance(layer, _DropoutNd) and layer.training and layer.p > 0:
            reason = DROPOUT
        elif layer.training and _estimates(layer):
            reason = SPECTRAL_NORM
        if reason:
            owner = name.partition("parametrizations")[0].rstrip(".")  # of a weight that is parametrised
            raise InputError(f"{reason[:-1]} (layer `{owner or 'features'}`).")


def _estimates(layer: nn.Module) -> bool:
    """Whether a layer estimates a spectral norm: as a parametrisation, or by a hook, as before torch had those."""
    hooks = layer._forward_pre_hooks.values()
    return isinstance(layer, _SpectralNorm) or any(isinstance(hook, SpectralNorm) for hook in hooks)
