"""JAX-jit on a case, in its own process and environment: `python -m benchmarks.kernels.jax_worker FILE`.

The wide network is its closed form jitted; the shallow one is what an automatic differentiation gives: curvature of
the metric by nested jacfwd.
"""

from __future__ import annotations

import sys

import jax  # type: ignore[import-not-found]
import jax.numpy as jnp  # type: ignore[import-not-found]
import numpy as np

from benchmarks.jax_curvature import curvature
from benchmarks.serving import serve


def main(file: str) -> None:
    """Serve one case."""
    data = np.load(file)
    points, kind = jnp.asarray(data["points"]), str(data["kind"])

    def wide(x):
        d, s = x.shape[-1], (x * x).sum(-1)
        c = 1 + 2 * data["zeta"] ** 2
        return -np.pi / 2 * (d - 1) * (d + 2) * data["sigma"] ** 2 * s / (c * jnp.sqrt(c + 2 * data["sigma"] ** 2 * s))

    def metric(x):
        W, b = jnp.asarray(data["W"]), jnp.asarray(data["b"])
        jacobian = jax.jacfwd(lambda p: jax.nn.sigmoid(W @ p + b) / len(b) ** 0.5)(x)
        return jacobian.T @ jacobian

    call = jax.jit(wide if kind == "wide" else jax.vmap(lambda x: curvature(metric)(x)[1]))
    serve(lambda: call(points).block_until_ready(), float(jnp.abs(call(points)).sum()))


if __name__ == "__main__":
    main(sys.argv[1])
