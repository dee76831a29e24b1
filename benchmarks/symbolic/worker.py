"""One system on one case in a process of its own: prints seconds and the verdict on the answer, as JSON.

Runs in the peers' environment too, so it imports nothing of symgeo but for symgeo's own row. Imports are not counted.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import sympy as sp

sys.path.insert(0, str(Path(__file__).parent))
from cases import CASES, Case, agree, at_a_point, truth


def symgeo_curvature() -> Callable[[Case], sp.Expr]:
    """This package: chart, tower and back to SymPy."""
    from symgeo import ShallowNetwork
    from symgeo.geometry import CoordinateMetric

    def curvature(case: Case) -> sp.Expr:
        if case.network is not None:
            inputs, width = case.network
            return ShallowNetwork("sigmoid", inputs=inputs, width=width).metric.scalar_curvature()
        return CoordinateMetric(case.matrix, case.coordinates).scalar_curvature()

    return curvature


def einsteinpy_curvature() -> Callable[[Case], sp.Expr]:
    """EinsteinPy's RicciScalar."""
    from einsteinpy.symbolic import MetricTensor, RicciScalar  # type: ignore[import-not-found]

    return lambda case: RicciScalar.from_metric(MetricTensor(case.matrix.tolist(), case.coordinates)).expr


def einsteinengine_curvature() -> Callable[[Case], sp.Expr]:
    """EinsteinEngine, on symengine."""
    from einsteinengine.symbolic.metric import MetricTensor  # type: ignore[import-not-found]
    from einsteinengine.symbolic.ricci_scalar import RicciScalar  # type: ignore[import-not-found]
    from einsteinengine.symbolic.ricci_tensor import RicciTensor  # type: ignore[import-not-found]
    from einsteinengine.symbolic.riemann import RiemannCurvatureTensor  # type: ignore[import-not-found]

    def curvature(case: Case) -> sp.Expr:
        metric = MetricTensor(case.matrix.tolist(), list(case.coordinates), name="g")
        ricci = RicciTensor.from_riemann(RiemannCurvatureTensor.from_metric(metric))
        return sp.sympify(RicciScalar.from_ricci_tensor_and_metric(ricci, metric).get_raw_data())

    return curvature


def tensoratlas_curvature() -> Callable[[Case], sp.Expr]:
    """TensorAtlas, with its own simplification."""
    from tensoratlas.relativity import scalar_curvature  # type: ignore[import-not-found]

    return lambda case: scalar_curvature(case.matrix, case.coordinates)


def diffgeom_curvature() -> Callable[[Case], sp.Expr]:
    """sympy.diffgeom, its answer simplified."""
    from sympy import diffgeom

    def curvature(case: Case) -> sp.Expr:
        names = [x.name for x in case.coordinates]
        chart = diffgeom.CoordSystem("C", diffgeom.Patch("P", diffgeom.Manifold("M", len(names))), case.coordinates)
        fields = dict(zip(case.coordinates, chart.base_scalars(), strict=True))
        forms, size = chart.base_oneforms(), range(len(names))
        g = case.matrix.xreplace(fields)  # subs would reach into the chart that the fields carry
        metric = sum(g[i, j] * diffgeom.TensorProduct(forms[i], forms[j]) for i in size for j in size)
        ricci = sp.Matrix(diffgeom.metric_to_Ricci_components(metric).tolist())
        back = {field: x for x, field in fields.items()}
        return sp.simplify((g.inv() * ricci).trace().xreplace(back))

    return curvature


SYSTEMS = {
    "symgeo": symgeo_curvature,
    "EinsteinPy": einsteinpy_curvature,
    "EinsteinEngine": einsteinengine_curvature,
    "TensorAtlas": tensoratlas_curvature,
    "sympy.diffgeom": diffgeom_curvature,
}


def main(system: str, name: str) -> None:
    """Time the system on the case, from matrix to SymPy expression, and check the value."""
    curvature, case = SYSTEMS[system](), CASES[name]()
    gc.collect()
    gc.freeze()  # else a row may pay for a walk through all that imports have made, 40 ms, and the next may not
    start = time.process_time()
    result = sp.sympify(curvature(case))
    seconds = time.process_time() - start
    right = agree(at_a_point(result, case), truth(case))
    recognised = case.scalar_curvature != 0 or result == 0
    print(json.dumps({"seconds": seconds, "right": right, "zero_recognised": recognised}))


if __name__ == "__main__":
    main(*sys.argv[1:])
