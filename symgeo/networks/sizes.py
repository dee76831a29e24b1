"""Sizes of networks: counts of inputs, units and layers, checked at the door."""

from __future__ import annotations

import operator

from symgeo.errors import InputError


def checked_size(value: object, name: str, wanted: str = "an integer of at least 1") -> int:
    """The count as a Python integer; NumPy's and SymPy's integers are counts too, True and 2.0 are not.

    Raises:
        InputError: naming the argument, for anything else and below 1.
    """
    try:
        count = operator.index(value) if not isinstance(value, bool) else 0  # pyright: ignore[reportArgumentType]
    except TypeError:
        count = 0
    if count < 1:
        raise InputError(f"`{name}` must be {wanted}, not {value!r}")
    return count
