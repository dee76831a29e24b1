"""Points and tangent vectors as they come in, flat or in the shape of an input, and as they go out again."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from symgeo.errors import InputError
from symgeo.pullback.batch import Batch


def coordinate_shape(batch: Batch) -> tuple[int, ...]:
    """What a point of the chart looks like when it is not flat: an input, or the coordinates of a section."""
    return batch.chart.input_shape if batch.chart.directions is None else (batch.d,)


def point_shape(batch: Batch, x: Tensor) -> tuple[int, ...]:
    """The shape that each of the points of a batch came in: (d,), or that of an input."""
    return tuple(x.shape[len(batch.leading) :])


def tangent_vectors(batch: Batch, name: str, vectors: Tensor) -> tuple[Float[Tensor, "... d"], tuple[int, ...]]:
    """Vectors as flat coordinates in the dtype of the points, and the shape that each came in.

    Args:
        batch: the points.
        name: of the argument, for messages.
        vectors: (..., d), or (..., *input_shape).

    Raises:
        InputError: not a tensor, of another shape, or not finite.
    """
    check_tensor(name, vectors)
    shapes = tuple(dict.fromkeys((coordinate_shape(batch), (batch.d,))))
    for shape in shapes:
        if vectors.shape[-len(shape) :] == shape and not vectors.is_complex() and vectors.isfinite().all():
            leading = vectors.shape[: vectors.ndim - len(shape)]
            return vectors.detach().to(batch.points).reshape(*leading, batch.d), shape
    wanted = " or ".join("(..., " + ", ".join(map(str, shape)) + ")" for shape in reversed(shapes))
    raise InputError(f"`{name}` must be finite vectors {wanted}; its shape is {tuple(vectors.shape)}.")


def check_tensor(name: str, value: object) -> None:
    """Refuse what is no torch tensor.

    Raises:
        InputError: it is something else.
    """
    if not isinstance(value, Tensor):
        raise InputError(
            f"`{name}` must be a torch tensor, not {type(value).__name__}: "
            f"torch.as_tensor({name}, dtype=torch.float64)."
        )
