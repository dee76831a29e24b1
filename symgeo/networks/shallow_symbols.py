"""The symbols of a shallow network whose width or number of inputs stays open; indices run from 1."""

from __future__ import annotations

import sympy as sp

WIDTH = sp.Symbol("n", integer=True, positive=True)
INPUTS = sp.Symbol("d", integer=True, positive=True)
UNIT = sp.Symbol("j", integer=True, positive=True)
OTHER = sp.Symbol("k", integer=True, positive=True)
# The member of a set of units; never a summation index beside the others, so that replacing those leaves it alone.
MEMBER = sp.Symbol("l", integer=True, positive=True)
DIRECTION = sp.Symbol("i", integer=True, positive=True)
WEIGHTS, BIASES, POINT = (sp.IndexedBase(name, real=True) for name in ("W", "b", "x"))
