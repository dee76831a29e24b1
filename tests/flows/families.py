"""Homogeneous metrics of the symbolic rooms as the kernels that flows take."""

from functools import cache, partial

from symgeo import generate
from symgeo.flows import Family
from symgeo.geometry import HOMOGENEOUS, homogeneous_metric


@cache
def family(name: str, dimension: int = 3) -> Family:
    """The kernels of a homogeneous metric."""
    made = homogeneous_metric(name, dimension)
    return Family(generate(made.metric.matrix), generate(made.metric.ricci), made.point, made.parameters)


FAMILIES = {name: partial(family, name) for name in HOMOGENEOUS}
