"""What differs between array libraries: how arguments are checked, arrays made, matrices factored.

A backend is data: the text that stands at the head of every generated file, and the few templates the writer fills in.
Inside a kernel the points are the last axis, so that every line runs along contiguous memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from symgeo.codegen.numpy_prelude import NUMPY_PRELUDE
from symgeo.codegen.printers import ScalarPrinter, numpy_printer, torch_printer
from symgeo.codegen.torch_prelude import TORCH_PRELUDE


@dataclass(frozen=True)
class Backend:
    """One target library of array code.

    Attributes:
        einsum: of arrays that are the same at every point.
        contract: a product of several arrays, summed; None writes an aligned product and `.sum` instead.
        squared: x.x of points that lie in rows, {1} being their dimension.
        judged: a number that is finite only where x.x and a value a point both are everywhere.
        limits: the most points a block, the most numbers an array of a block, and the fewest points.
    """

    name: str
    module: str
    array_type: str
    imports: str
    prelude: dict[str, str]
    number_like: str
    eye: str
    zeros: str
    einsum: str
    contract: str | None
    constant: str
    stack: str
    broadcast: str
    transposed: str
    squared: str
    judged: str
    printer: Callable[[], ScalarPrinter]
    limits: tuple[int, int, int]


NUMPY = Backend(
    name="numpy",
    module="np",
    array_type="np.ndarray",
    imports="import numpy as np\nfrom scipy import special",
    prelude=NUMPY_PRELUDE,
    number_like="",
    eye="np.eye({0}, dtype=x.dtype)",
    zeros="np.zeros(({0},), dtype=x.dtype)",
    einsum='np.einsum("{0}", {1}, optimize=True, order="C")',
    contract='np.einsum("{0}", {1})',
    constant="np.array({0}, dtype=x.dtype)",
    stack="np.stack([{0}])",
    broadcast="np.broadcast_to({0}, (len(x){1})).astype(x.dtype)",
    transposed="np.ascontiguousarray(x.T)",
    squared='np.square({0}.T, order="C").sum(0)',
    judged="np.dot({0}, {1})",
    printer=numpy_printer,
    limits=(8192, 65536, 16),
)

TORCH = Backend(
    name="torch",
    module="torch",
    array_type="torch.Tensor",
    imports="import torch",
    prelude=TORCH_PRELUDE,
    number_like=", like=x",
    eye="torch.eye({0}, dtype=x.dtype, device=x.device)",
    zeros="x.new_zeros(({0},))",
    einsum='torch.einsum("{0}", {1})',
    contract=None,
    constant="x.new_tensor({0})",
    stack="torch.stack([{0}])",
    broadcast="torch.as_tensor({0}, dtype=x.dtype, device=x.device).expand((len(x){1})).clone()",
    transposed="x.T.contiguous()",
    # A product with ones: summing so few numbers a row takes torch eight times as long.
    squared="{0}.square() @ {0}.new_ones({1})",
    judged="({0} + {1}).detach().sum()",
    printer=torch_printer,
    limits=(8192, 65536, 16),
)

BACKENDS = {backend.name: backend for backend in (NUMPY, TORCH)}
