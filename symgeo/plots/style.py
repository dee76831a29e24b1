"""One look for all figures; used as `with matplotlib.rc_context(STYLE)`, so that the reader's own settings stay."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

STYLE: Mapping[str, object] = MappingProxyType(
    {
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],  # shipped with matplotlib: the same picture on every machine
        "mathtext.fontset": "dejavusans",
        "font.size": 9,
        "axes.titlesize": 10,
        "axes.labelsize": 9,
        "axes.linewidth": 0.6,
        "xtick.labelsize": 8,
        "ytick.labelsize": 8,
        "xtick.direction": "out",
        "ytick.direction": "out",
        "xtick.major.size": 2.5,
        "ytick.major.size": 2.5,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "legend.fontsize": 8.5,
        "legend.frameon": False,
        "image.cmap": "magma",  # perceptually uniform, rises in lightness: readable in greyscale
        "figure.facecolor": "white",
        "savefig.facecolor": "white",
        "savefig.dpi": 150,
        "pdf.fonttype": 42,  # text stays text, and can be searched
    }
)
