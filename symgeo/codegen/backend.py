"""What differs between backends: how a point array is checked, arrays made, matrices factored.

A backend is data: the text that stands at the head of every generated file, and the few templates the writer fills in.
The prelude is code for the reader of the saved file, so it is written out here as it will stand there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from symgeo.codegen.printers import ScalarPrinter, numpy_printer, torch_printer

_NUMPY_ARRAY = '''
def _array(name, value, shape, like=None):
    """`value` as floating-point array whose last axes are `shape` (None: any size), all entries finite."""
    value = np.asarray(value)
    if value.dtype not in (np.float32, np.float64):
        raise ValueError(f"`{name}` must hold float32 or float64 numbers, not {value.dtype}; take .astype(float)")
    if like is not None:
        value = value.astype(like.dtype, copy=False)
    tail = value.shape[value.ndim - len(shape) :] if value.ndim >= len(shape) else None
    if tail is None or any(want not in (None, got) for want, got in zip(shape, tail, strict=True)):
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise ValueError(f"`{name}` must have a shape that ends in ({wanted}), not {value.shape}")
    if not np.isfinite(value).all():
        first = tuple(int(i) for i in np.argwhere(~np.isfinite(value))[0])
        raise ValueError(f"`{name}` is not finite at index {first}; remove such entries")
    return value
'''

_NUMPY_NUMBER = '''
def _number(name, value, domain):
    """`value` as a float inside its domain ("real", "positive", "nonnegative")."""
    value = float(value)
    if not math.isfinite(value) or (domain == "positive" and value <= 0) or (domain == "nonnegative" and value < 0):
        raise ValueError(f"`{name}` must be a finite {domain} number, not {value}")
    return value
'''

_NUMPY_INSIDE = '''
def _inside(x, domains):
    """Refuse the first point with a component outside its domain."""
    for k, (name, domain) in domains.items():
        outside = x[:, k] <= 0 if domain == "positive" else x[:, k] < 0
        if outside.any():
            first = x[np.argmax(outside)].tolist()
            raise ValueError(f"`x` must have {domain} {name}, but a point is {first}")
'''

_NUMPY_FINITE = '''
def _finite(result, x):
    """`result` in the precision of `x`; the first point where it has no value is refused."""
    good = np.isfinite(result)
    while good.ndim > 1:
        good = good.all(-1)
    if not good.all():
        raise ValueError(f"there is no finite value at the point {x[np.argmin(good)].tolist()}")
    return result.astype(x.dtype, copy=False)
'''

_NUMPY_COLUMNS = '''
def _orthogonal_columns(name, matrix):
    """Q and R with matrix = Q R, the columns of Q orthonormal; linearly dependent columns are refused."""
    Q, R = np.linalg.qr(matrix)
    signs = np.where(np.diagonal(R) < 0, -1.0, 1.0).astype(matrix.dtype)
    Q, R = Q * signs, R * signs[:, None]
    if (np.diagonal(R) <= len(matrix) * np.finfo(matrix.dtype).eps * np.linalg.norm(matrix, axis=0)).any():
        raise ValueError(f"`{name}` has linearly dependent columns, so that the metric is singular everywhere")
    return Q, R
'''

_NUMPY_CHOLESKY = '''
def _inverse_cholesky(g, x):
    """E = L^-1 with g = L L^T, so E g E^T = 1; a matrix singular to working precision is refused."""
    try:
        lower = np.linalg.cholesky(g)
    except np.linalg.LinAlgError:
        lower = np.full_like(g, np.nan)
        for i, matrix in enumerate(g):
            try:
                lower[i] = np.linalg.cholesky(matrix)
            except np.linalg.LinAlgError:
                break
    # Each pivot against its own diagonal entry, so that units do not matter.
    pivots = np.diagonal(lower, axis1=-2, axis2=-1) ** 2
    good = (pivots > g.shape[-1] * np.finfo(g.dtype).eps * np.diagonal(g, axis1=-2, axis2=-1)).all(-1)
    if not good.all():
        raise ValueError(f"the metric is singular to working precision at the point {x[np.argmin(good)].tolist()}")
    return np.linalg.inv(lower)
'''

_TORCH_ARRAY = '''
def _array(name, value, shape, like=None):
    """`value` as floating-point tensor whose last axes are `shape` (None: any size), all entries finite."""
    if not isinstance(value, torch.Tensor):
        value = torch.as_tensor(value, dtype=torch.float64)
    if value.dtype not in (torch.float32, torch.float64):
        raise ValueError(f"`{name}` must hold float32 or float64 numbers, not {value.dtype}; take .double()")
    if like is not None:
        value = value.to(device=like.device, dtype=like.dtype)
    tail = tuple(value.shape[value.ndim - len(shape) :]) if value.ndim >= len(shape) else None
    if tail is None or any(want not in (None, got) for want, got in zip(shape, tail, strict=True)):
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise ValueError(f"`{name}` must have a shape that ends in ({wanted}), not {tuple(value.shape)}")
    if not torch.isfinite(value).all():
        first = tuple((~torch.isfinite(value)).nonzero()[0].tolist())
        raise ValueError(f"`{name}` is not finite at index {first}; remove such entries")
    return value
'''

_TORCH_NUMBER = '''
def _number(name, value, domain, like):
    """`value` as a tensor without axes inside its domain ("real", "positive", "nonnegative")."""
    value = torch.as_tensor(value, dtype=like.dtype, device=like.device)
    outside = (domain == "positive" and value <= 0) or (domain == "nonnegative" and value < 0)
    if value.ndim or not torch.isfinite(value) or outside:
        raise ValueError(f"`{name}` must be a finite {domain} number, not {value.tolist()}")
    return value
'''

_TORCH_INSIDE = '''
def _inside(x, domains):
    """Refuse the first point with a component outside its domain."""
    for k, (name, domain) in domains.items():
        outside = x[:, k] <= 0 if domain == "positive" else x[:, k] < 0
        if outside.any():
            first = x[int(outside.nonzero()[0, 0])].tolist()
            raise ValueError(f"`x` must have {domain} {name}, but a point is {first}")
'''

_TORCH_FINITE = '''
def _finite(result, x):
    """`result` in the precision of `x`; the first point where it has no value is refused."""
    good = torch.isfinite(result)
    while good.ndim > 1:
        good = good.all(-1)
    if not good.all():
        raise ValueError(f"there is no finite value at the point {x[int((~good).nonzero()[0, 0])].tolist()}")
    return result.to(x.dtype)
'''

_TORCH_COLUMNS = '''
def _orthogonal_columns(name, matrix):
    """Q and R with matrix = Q R, the columns of Q orthonormal; linearly dependent columns are refused."""
    Q, R = torch.linalg.qr(matrix)
    signs = torch.where(torch.diagonal(R) < 0, -1.0, 1.0).to(matrix.dtype)
    Q, R = Q * signs, R * signs[:, None]
    if (torch.diagonal(R) <= len(matrix) * torch.finfo(matrix.dtype).eps * matrix.norm(dim=0)).any():
        raise ValueError(f"`{name}` has linearly dependent columns, so that the metric is singular everywhere")
    return Q, R
'''

_TORCH_CHOLESKY = '''
def _inverse_cholesky(g, x):
    """E = L^-1 with g = L L^T, so E g E^T = 1; a matrix singular to working precision is refused."""
    lower, info = torch.linalg.cholesky_ex(g)
    # Each pivot against its own diagonal entry, so that units do not matter.
    pivots = torch.diagonal(lower, dim1=-2, dim2=-1) ** 2
    diagonal = torch.diagonal(g, dim1=-2, dim2=-1)
    good = (pivots > g.shape[-1] * torch.finfo(g.dtype).eps * diagonal).all(-1) & (info == 0)
    if not good.all():
        first = int((~good).nonzero()[0, 0])
        raise ValueError(f"the metric is singular to working precision at the point {x[first].tolist()}")
    one = torch.eye(g.shape[-1], dtype=g.dtype, device=g.device)
    return torch.linalg.solve_triangular(lower, one.expand_as(g), upper=False)
'''


@dataclass(frozen=True)
class Backend:
    """One target language of array code."""

    name: str
    module: str
    array_type: str
    imports: str
    prelude: dict[str, str]
    number_like: str
    eye: str
    zeros: str
    einsum: str
    broadcast: str
    printer: Callable[[], ScalarPrinter]
    blocks: str
    joined: str


NUMPY = Backend(
    name="numpy",
    module="np",
    array_type="np.ndarray",
    imports="import numpy as np\nfrom scipy import special",
    prelude={
        "_array": _NUMPY_ARRAY,
        "_number": _NUMPY_NUMBER,
        "_inside": _NUMPY_INSIDE,
        "_finite": _NUMPY_FINITE,
        "_orthogonal_columns": _NUMPY_COLUMNS,
        "_inverse_cholesky": _NUMPY_CHOLESKY,
    },
    number_like="",
    eye="np.eye({0}, dtype=x.dtype)",
    zeros="np.zeros(({0},), dtype=x.dtype)",
    einsum='np.einsum("{0}", {1}, optimize=True)',
    broadcast="np.broadcast_to({0}, (len(x), {1})).astype(x.dtype)",
    printer=numpy_printer,
    blocks="[block(x[start : start + {0}]) for start in range(0, len(x), {0})]",
    joined="np.concatenate(parts) if parts else {0}",
)

TORCH = Backend(
    name="torch",
    module="torch",
    array_type="torch.Tensor",
    imports="import torch",
    prelude={
        "_array": _TORCH_ARRAY,
        "_number": _TORCH_NUMBER,
        "_inside": _TORCH_INSIDE,
        "_finite": _TORCH_FINITE,
        "_orthogonal_columns": _TORCH_COLUMNS,
        "_inverse_cholesky": _TORCH_CHOLESKY,
    },
    number_like=", like=x",
    eye="torch.eye({0}, dtype=x.dtype, device=x.device)",
    zeros="x.new_zeros(({0},))",
    einsum='torch.einsum("{0}", {1})',
    broadcast="torch.as_tensor({0}, dtype=x.dtype, device=x.device).expand((len(x), {1})).clone()",
    printer=torch_printer,
    blocks="[block(part) for part in x.split({0})]",
    joined="torch.cat(parts)",
)

BACKENDS = {backend.name: backend for backend in (NUMPY, TORCH)}
