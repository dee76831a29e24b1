"""JAX-jit on a case, in its own process and environment: a line in, one timed call, a line out.

Run as `python jax_worker.py FILE`; prints the sum of the magnitudes after the compiling call, and then seconds of
processor time for every line that it reads. The wide network is its closed form jitted; the shallow one is what an
automatic differentiation gives: curvature of the metric by nested jacfwd.
"""

from __future__ import annotations

import os
import sys
import time

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_ENABLE_X64"] = "1"

import jax  # type: ignore[import-not-found]
import jax.numpy as jnp  # type: ignore[import-not-found]
import numpy as np


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

    def christoffel(x):
        slopes = jax.jacfwd(metric)(x)
        first_kind = (slopes + slopes.transpose(0, 2, 1) - slopes.transpose(2, 1, 0).transpose(0, 2, 1)) / 2
        return jnp.einsum("cl,lab->cab", jnp.linalg.inv(metric(x)), first_kind)

    def curvature(x):
        gamma, slopes = christoffel(x), jax.jacfwd(christoffel)(x)
        riemann = jnp.einsum("rnsm->rsmn", slopes) - jnp.einsum("rmsn->rsmn", slopes)
        riemann += jnp.einsum("rml,lns->rsmn", gamma, gamma) - jnp.einsum("rnl,lms->rsmn", gamma, gamma)
        return jnp.einsum("sn,rsrn->", jnp.linalg.inv(metric(x)), riemann)

    call = jax.jit(wide if kind == "wide" else jax.vmap(curvature))
    print(float(jnp.abs(call(points)).sum()), flush=True)
    for _ in sys.stdin:
        start = time.process_time()
        call(points).block_until_ready()
        print(time.process_time() - start, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
