"""What a generated NumPy module calls, as the text that stands at its head; a module holds what it needs of it."""

from __future__ import annotations

_ARRAY = '''
def _array(name, value, shape, like=None):
    """`value` as floating-point array whose last axes are `shape` (None: any size)."""
    if not hasattr(value, "dtype"):
        try:
            value = np.asarray(value)
        except ValueError:
            raise ValueError(f"`{name}` must be an array of numbers, not a ragged list") from None
    value = np.asarray(value)
    if value.dtype not in (np.float32, np.float64):
        cure = "take .astype(float)" if value.dtype.kind in "biu" else "give an array of real numbers"
        raise ValueError(f"`{name}` must hold float32 or float64 numbers, not {value.dtype}; {cure}")
    tail = value.shape[value.ndim - len(shape) :] if value.ndim >= len(shape) else None
    if tail is None or any(want not in (None, got) for want, got in zip(shape, tail, strict=True)):
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise ValueError(f"`{name}` must have a shape that ends in ({wanted}), not {value.shape}")
    if like is not None:
        if value.ndim != len(shape):
            raise ValueError(f"`{name}` takes no leading axes")
        _entries(name, value)
        value = value.astype(like.dtype, copy=False)
    return value
'''

_ENTRIES = '''
def _entries(name, value):
    """Refuse the first entry that is not finite."""
    if not np.isfinite(value).all():
        first = tuple(int(i) for i in np.argwhere(~np.isfinite(value))[0])
        raise ValueError(f"`{name}` is not finite at index {first}; remove such entries")
'''

_NUMBER = '''
def _number(name, value, domain):
    """`value` as a float inside its domain ("real", "positive", "nonnegative")."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"`{name}` must be a finite {domain} number, not {value!r}") from None
    if not math.isfinite(number) or (domain == "positive" and number <= 0) or (domain == "nonnegative" and number < 0):
        raise ValueError(f"`{name}` must be a finite {domain} number, not {number}")
    return number
'''

_INSIDE = '''
def _inside(x, domains):
    """Refuse the first point with a component outside its domain."""
    for k, (name, domain) in domains.items():
        outside = x[:, k] <= 0 if domain == "positive" else x[:, k] < 0
        if outside.any():
            first = x[np.argmax(outside)].tolist()
            raise ValueError(f"`x` must have {domain} {name}, but a point is {first}")
'''

# A sum is finite where all its terms are, unless it overflows: one pass decides nearly always.
_VALUES = '''
def _values(block, x, points, why):
    """The values of a block, points first; a point that is not finite or has no value is refused."""
    result, total = block
    if not math.isfinite(total):
        _entries("x", points)
        good = np.isfinite(result)
        while good.ndim > 1:
            good = good.all(0)
        if not good.all():
            first = int(np.argmin(good))
            lost = np.isnan(result[..., first]).any()
            raise ValueError(f"{why if lost else 'there is no finite value'} at the point {x[first].tolist()}")
    return np.moveaxis(result, -1, 0) if result.ndim > 1 else result
'''

_COLUMNS = '''
def _orthogonal_columns(matrix, dependent):
    """Q and R with matrix = Q R, the columns of Q orthonormal; linearly dependent columns are refused."""
    Q, R = np.linalg.qr(matrix)
    signs = np.where(np.diagonal(R) < 0, -1.0, 1.0).astype(matrix.dtype)
    Q, R = Q * signs, R * signs[:, None]
    if (np.diagonal(R) <= len(matrix) * np.finfo(matrix.dtype).eps * np.linalg.norm(matrix, axis=0)).any():
        raise ValueError(dependent)
    return Q, R
'''

_CHOLESKY = '''
def _inverse_cholesky(g):
    """E = L^-1 with g = L L^T, so E g E^T = 1; not a number from a pivot on that is lost to rounding."""
    d = len(g)
    lower, E = np.zeros_like(g), np.zeros_like(g)
    for k in range(d):
        column = g[k:, k] - np.einsum("az,iaz->iz", lower[k, :k], lower[k:, :k])
        # Against its own diagonal entry, so that units do not matter.
        pivot = np.where(column[0] > d * np.finfo(g.dtype).eps * g[k, k], column[0], np.nan)
        E[k, k] = 1 / np.sqrt(pivot)
        lower[k:, k] = column * E[k, k]
        E[k, :k] = -E[k, k] * np.einsum("az,abz->bz", lower[k, :k], E[:k, :k])
    return E
'''

NUMPY_PRELUDE = {
    "_array": _ARRAY,
    "_entries": _ENTRIES,
    "_number": _NUMBER,
    "_inside": _INSIDE,
    "_values": _VALUES,
    "_orthogonal_columns": _COLUMNS,
    "_inverse_cholesky": _CHOLESKY,
}
"""Name -> text."""
