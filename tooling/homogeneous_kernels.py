"""Write the kernels of homogeneous metrics that `symgeo.flows` integrates: python -m tooling.homogeneous_kernels.

Each family is a metric in a chart, with parameters that enter it linearly; SymPy derives its Ricci tensor and
`symgeo.generate` writes both as modules that need neither SymPy nor symgeo.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import sympy as sp

from symgeo import CoordinateMetric, RadialMetric, generate
from symgeo.geometry import Metric

FOLDER = Path(__file__).parent.parent / "symgeo" / "flows" / "families"


def families() -> dict[str, Metric]:
    """The metrics by name."""
    a, b, c, rho = sp.symbols("a b c rho", positive=True)
    theta, phi, psi, u, v = sp.symbols("theta phi psi u v", real=True)
    x, y, z = sp.symbols("x y z", real=True)
    height = sp.Symbol("y", positive=True)
    s, d = sp.Symbol("s", nonnegative=True), sp.Symbol("d", integer=True, positive=True)
    # The left-invariant coframe of SU(2), d sigma_1 = -sigma_2 ^ sigma_3: the unit S^3 is a = b = c = 1/4.
    coframe = sp.Matrix(
        [
            [sp.cos(psi), sp.sin(psi) * sp.sin(theta), 0],
            [-sp.sin(psi), sp.cos(psi) * sp.sin(theta), 0],
            [0, sp.cos(theta), 1],
        ]
    )
    heisenberg = sp.Matrix([[1, 0, 0], [0, 1, 0], [0, -x, 1]])
    return {
        "sphere": RadialMetric(4 * rho / (1 + s) ** 2, 0, s, dimension=d),
        "hyperbolic": RadialMetric(4 * rho / (1 - s) ** 2, 0, s, dimension=d),
        "bianchi_ix": CoordinateMetric(
            (coframe.T * sp.diag(a, b, c) * coframe).applyfunc(sp.expand), (theta, phi, psi)
        ),
        "nil": CoordinateMetric((heisenberg.T * sp.diag(a, b, c) * heisenberg).applyfunc(sp.expand), (x, y, z)),
        "sol": CoordinateMetric(sp.diag(a * sp.exp(2 * z), b * sp.exp(-2 * z), c), (x, y, z)),
        "product": CoordinateMetric(
            sp.diag(a, a * sp.sin(theta) ** 2, b / height**2, b / height**2), (theta, phi, x, height)
        ),
        "warped": CoordinateMetric(sp.diag(a, b * sp.exp(2 * u), b * sp.exp(2 * u), b * sp.exp(2 * u)), (u, v, x, y)),
    }


def main() -> None:
    """Write every family's two modules."""
    FOLDER.mkdir(exist_ok=True)
    for name, metric in families().items():
        for quantity in ("matrix", "ricci"):
            print(generate(getattr(metric, quantity)).save(FOLDER / f"{name}_{quantity}.py"))
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", str(FOLDER)], check=True)


if __name__ == "__main__":
    main()
