"""What a chart and a matrix of functions must be, checked at the door, before any computing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sympy as sp

from symgeo.errors import InputError


def checked_coordinates(coordinates: Iterable[Any]) -> tuple[sp.Symbol, ...]:
    """Return `coordinates` as a tuple of different symbols.

    Raises:
        InputError: if there is none, one is not a symbol, or one repeats.
    """
    if isinstance(coordinates, str):
        raise InputError(f'`coordinates`: expected symbols, got the text "{coordinates}"; use sympy.symbols')
    if not isinstance(coordinates, Iterable):
        raise InputError(f"`coordinates`: expected a list of symbols, got {coordinates!r}")
    names = tuple(sp.sympify(name) for name in coordinates)
    if not names:
        raise InputError("`coordinates`: expected at least one symbol, got none")
    for name in names:
        if not isinstance(name, sp.Symbol):
            raise InputError(f"`coordinates`: expected symbols, got {name}; make one with sympy.Symbol")
    for position, name in enumerate(names):
        if name in names[:position]:
            raise InputError(f"`coordinates`: {name} appears more than once; each coordinate needs its own symbol")
    return names


def checked_function(value: Any, where: str, coordinates: Sequence[sp.Symbol]) -> sp.Expr:
    """Return `value` as an exact scalar expression; `where` names it in errors.

    Raises:
        InputError: for a float, a non-scalar, an infinity, or an undefined function of coordinates it does not declare.
    """
    try:
        expression = sp.sympify(value)
    except (sp.SympifyError, TypeError) as error:
        raise InputError(f"{where}: SymPy cannot read {str(value).splitlines()[0]!r}") from error
    if isinstance(expression, sp.core.function.FunctionClass):
        raise InputError(f"{where}: the function {expression} is not applied; write {expression}({coordinates[0]})")
    if not isinstance(expression, sp.Expr) or expression.is_Matrix:
        raise InputError(f"{where}: expected a scalar expression, got {type(expression).__name__}")
    floats = sorted(expression.atoms(sp.Float), key=str)
    if floats:
        raise InputError(
            f"{where}: the float {floats[0]} is not exact; write {sp.nsimplify(floats[0], rational=True)}, "
            "or pass the matrix through sympy.nsimplify"
        )
    if expression.has(sp.nan, sp.oo, -sp.oo, sp.zoo):
        raise InputError(f"{where}: {expression} is not finite")
    same_name = {name.name: name for name in coordinates}
    for symbol in sorted(expression.free_symbols, key=str):
        twin = same_name.get(symbol.name)
        if twin is not None and twin != symbol:
            raise InputError(
                f"{where}: the symbol {symbol} has a coordinate's name but other assumptions; use one symbol for both"
            )
    return expression


def checked_matrix(matrix: Any, coordinates: Sequence[sp.Symbol], name: str = "matrix") -> sp.ImmutableDenseMatrix:
    """Return `matrix` as a square symmetric matrix of exact expressions, one row a coordinate.

    Raises:
        InputError: naming the entry that is at fault.
    """
    rows = matrix.tolist() if hasattr(matrix, "tolist") else matrix
    if not (isinstance(rows, Sequence) and rows and all(isinstance(row, Sequence) for row in rows)):
        raise InputError(f"`{name}`: expected a square matrix of expressions, got {type(matrix).__name__}")
    sizes = {len(row) for row in rows}
    if sizes != {len(rows)}:
        raise InputError(f"`{name}`: expected a square matrix, got {len(rows)} x {max(sizes)}")
    size = len(coordinates)
    if len(rows) != size:
        raise InputError(f"`{name}`: expected {size} x {size} for {size} coordinates, got {len(rows)} x {len(rows)}")
    entries = [
        [checked_function(entry, f"`{name}`[{i}, {j}]", coordinates) for j, entry in enumerate(row)]
        for i, row in enumerate(rows)
    ]
    return sp.ImmutableDenseMatrix(entries)
