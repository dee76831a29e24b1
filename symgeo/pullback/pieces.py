"""Results of a function for pieces of the points, checked and put together field by field.

A result is a tensor with a row a point, or tuples, lists, dictionaries or dataclasses of such: what the methods of a
geometry return.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import torch
from torch import Tensor

from symgeo.errors import InputError

Result = TypeVar("Result")


def check_rows(result: object, count: int) -> None:
    """Refuse a result that is not of so many points.

    Raises:
        InputError: something in it is no tensor, or has another number of rows.
    """
    if isinstance(result, Tensor):
        got = "" if result.ndim and len(result) == count else f"a tensor of shape {tuple(result.shape)}"
    else:
        parts = _parts(result)
        got = "" if parts is not None else f"a {type(result).__name__}"
        for part in parts or {}:
            check_rows((parts or {})[part], count)
    if got:
        raise InputError(
            "`function` must return a tensor with a row a point, or tuples, lists, dicts or dataclasses of such; "
            f"for {count} point{'s' if count > 1 else ''} it returned {got}."
        )


def joined(results: Sequence[Result]) -> Result:
    """The results for all points.

    Args:
        results: for one piece after the other, each with rows as `check_rows` asks for.

    Raises:
        InputError: they are not alike.
    """
    first: Any = results[0]
    if isinstance(first, Tensor):
        shapes = list(dict.fromkeys(tuple(r.shape[1:]) if isinstance(r, Tensor) else type(r).__name__ for r in results))
        if len(shapes) > 1:
            raise InputError(
                f"`function` returned rows of shape {shapes[0]} for some points and {shapes[1]} for others: return "
                "what has one shape at all points."
            )
        return torch.cat(results)  # pyright: ignore
    parts = [_parts(result) or {} for result in results]
    if any(type(result) is not type(first) for result in results) or any(p.keys() != parts[0].keys() for p in parts):
        raise InputError("`function` returned other parts for some points than for others: return the same for all.")
    made = {key: joined([part[key] for part in parts]) for key in parts[0]}
    if isinstance(first, dict):
        return made  # pyright: ignore
    if is_dataclass(first):
        return replace(first, **made)  # pyright: ignore
    values = list(made.values())
    return type(first)(*values) if hasattr(first, "_fields") else type(first)(values)


def _parts(result: Any) -> dict[Any, Any] | None:
    """What a result is made of; None for what is made of nothing."""
    if isinstance(result, dict):
        return result
    if isinstance(result, (tuple, list)):
        return dict(enumerate(result))
    if is_dataclass(result) and not isinstance(result, type):
        return {field.name: getattr(result, field.name) for field in fields(result)}
    return None
