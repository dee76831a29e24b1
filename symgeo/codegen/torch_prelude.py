"""What a generated torch module calls, as the text that stands at its head; a module holds what it needs of it."""

from __future__ import annotations

_HOLDS = '''
def _holds(condition):
    """Whether a condition holds everywhere; inside torch.func.vmap, where nobody can know, it is taken to hold."""
    try:
        return bool(condition.all())
    except RuntimeError as error:
        if "vmap" not in str(error):
            raise
        return True
'''

_ARRAY = '''
def _array(name, value, shape, like=None):
    """`value` as floating-point tensor whose last axes are `shape` (None: any size)."""
    if not isinstance(value, torch.Tensor):
        try:
            value = torch.as_tensor(value, dtype=torch.float64)
        except (TypeError, ValueError):
            raise ValueError(f"`{name}` must be a tensor of numbers, not a ragged list or another object") from None
    if not value.is_floating_point():
        raise ValueError(f"`{name}` must hold float32 or float64 numbers, not {value.dtype}; take .double()")
    tail = tuple(value.shape[value.ndim - len(shape) :]) if value.ndim >= len(shape) else None
    if tail is None or any(want not in (None, got) for want, got in zip(shape, tail, strict=True)):
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise ValueError(f"`{name}` must have a shape that ends in ({wanted}), not {tuple(value.shape)}")
    if like is not None:
        if value.ndim != len(shape):
            raise ValueError(f"`{name}` takes no leading axes")
        _entries(name, value)
        value = value.to(device=like.device, dtype=like.dtype)
    return value
'''

_ENTRIES = '''
def _entries(name, value):
    """Refuse the first entry that is not finite."""
    if not _holds(torch.isfinite(value)):
        first = tuple((~torch.isfinite(value)).nonzero()[0].tolist())
        raise ValueError(f"`{name}` is not finite at index {first}; remove such entries")
'''

_NUMBER = '''
def _number(name, value, domain, like):
    """`value` as a tensor without axes inside its domain ("real", "positive", "nonnegative")."""
    try:
        number = torch.as_tensor(value, dtype=like.dtype, device=like.device)
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(f"`{name}` must be a finite {domain} number, not {value!r}") from None
    inside = {"positive": number > 0, "nonnegative": number >= 0}.get(domain, torch.isfinite(number))
    if number.ndim or not _holds(torch.isfinite(number) & inside):
        raise ValueError(f"`{name}` must be a finite {domain} number, not {number.tolist()}")
    return number
'''

_INSIDE = '''
def _inside(x, domains):
    """Refuse the first point with a component outside its domain."""
    for k, (name, domain) in domains.items():
        inside = x[:, k] > 0 if domain == "positive" else x[:, k] >= 0
        if not _holds(inside):
            first = x[int((~inside).nonzero()[0, 0])].tolist()
            raise ValueError(f"`x` must have {domain} {name}, but a point is {first}")
'''

# A sum is finite where all its terms are, unless it overflows: one pass decides nearly always.
_VALUES = '''
def _values(block, x, points, why):
    """The values of a block, points first; a point that is not finite or has no value is refused."""
    result, total = block
    if not _holds(torch.isfinite(total)):
        _entries("x", points)
        good = torch.isfinite(result)
        while good.ndim > 1:
            good = good.all(0)
        if not good.all():
            first = int((~good).nonzero()[0, 0])
            lost = torch.isnan(result[..., first]).any()
            raise ValueError(f"{why if lost else 'there is no finite value'} at the point {x[first].tolist()}")
    return result.movedim(-1, 0)
'''

_COLUMNS = '''
def _orthogonal_columns(matrix, dependent):
    """Q and R with matrix = Q R, the columns of Q orthonormal; linearly dependent columns are refused."""
    Q, R = torch.linalg.qr(matrix)
    signs = torch.where(torch.diagonal(R) < 0, -1.0, 1.0).to(matrix.dtype)
    Q, R = Q * signs, R * signs[:, None]
    if not _holds(torch.diagonal(R) > len(matrix) * torch.finfo(matrix.dtype).eps * matrix.norm(dim=0)):
        raise ValueError(dependent)
    return Q, R
'''

_CHOLESKY = '''
def _inverse_cholesky(g):
    """E = L^-1 with g = L L^T, so E g E^T = 1; not a number from a pivot on that is lost to rounding."""
    d = len(g)
    one = torch.eye(d, dtype=g.dtype, device=g.device)[:, :, None].expand_as(g)
    rows, E = torch.cat([g, one], 1), []  # eliminated together: g becomes L^T, the identity E
    for k in range(d):
        # Against its own diagonal entry, so that units do not matter.
        pivot = rows[0, k]
        pivot = torch.where(pivot > d * torch.finfo(g.dtype).eps * g[k, k], pivot, torch.nan)
        row = rows[0] * torch.rsqrt(pivot)
        E.append(row[d:])
        rows = rows[1:] - row[k + 1 : d, None] * row
    return torch.stack(E)
'''

TORCH_PRELUDE = {
    "_holds": _HOLDS,
    "_array": _ARRAY,
    "_entries": _ENTRIES,
    "_number": _NUMBER,
    "_inside": _INSIDE,
    "_values": _VALUES,
    "_orthogonal_columns": _COLUMNS,
    "_inverse_cholesky": _CHOLESKY,
}
"""Name -> text."""
