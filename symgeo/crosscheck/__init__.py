"""Closed forms against other computations: quadrature, Monte Carlo, automatic differentiation, trained networks.

The only room that sees both the symbolic and the numeric side. `crosscheck()` yields one row a comparison.
"""

from symgeo.crosscheck.comparisons import Trained, crosscheck, trained_runs
from symgeo.crosscheck.rows import Row, failures, table, write_json

__all__ = ["Row", "Trained", "crosscheck", "failures", "table", "trained_runs", "write_json"]
