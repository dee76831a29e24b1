"""Options that several parts take, checked at the door."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

from symgeo.errors import InputError


def check_chunk(chunk: object) -> None:
    """Refuse what is no number of points.

    Raises:
        InputError: it is not a positive whole number.
    """
    if not _whole(chunk):
        raise InputError(f"`chunk` must be a positive number of points, a whole one, not {chunk!r}.")


def shape_of(input_shape: object) -> tuple[int, ...] | None:
    """The shape of one input as a tuple; None where none is given.

    Raises:
        InputError: it is not positive whole numbers.
    """
    if input_shape is None:
        return None
    if not isinstance(input_shape, Sequence) or not input_shape or not all(_whole(size) for size in input_shape):
        cure = f": input_shape=({input_shape},) for vectors" if _whole(input_shape) else ""
        raise InputError(f"`input_shape` must be positive whole numbers, (c, h, w), not {input_shape!r}{cure}.")
    return tuple(int(size) for size in input_shape)


def _whole(number: object) -> bool:
    return isinstance(number, Integral) and not isinstance(number, bool) and int(number) > 0
