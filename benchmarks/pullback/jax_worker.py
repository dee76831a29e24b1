"""JAX on a case, in its own process and environment: a line in, one timed call, a line out.

Run as `python jax_worker.py FILE`, with a file of weights, points and plane; prints the answer's checksum after the
compiling call, and then seconds of processor time for every line that it reads.
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

ACTIVATIONS = {"Sigmoid": jax.nn.sigmoid, "Tanh": jnp.tanh, "Erf": lambda z: jax.scipy.special.erf(z * 0.5**0.5)}


def main(file: str) -> None:
    """Serve one case."""
    data = np.load(file)
    quantity, activation = str(data["quantity"]), ACTIVATIONS[str(data["activation"])]
    layers = [(jnp.asarray(data[f"W{i}"]), jnp.asarray(data[f"b{i}"])) for i in range(int(data["layers"]))]
    plane = jnp.asarray(data["plane"])
    points = jnp.asarray(data["points"])

    def network(parameters, x):
        if len(plane):
            x = plane[0] + x[0] * plane[1] + x[1] * plane[2]
        for i, (weight, bias) in enumerate(parameters):
            x = weight @ x + bias
            x = x if quantity == "ntk" and i + 1 == len(parameters) else activation(x)
        return x

    def metric(x):
        jacobian = jax.jacfwd(lambda p: network(layers, p))(x)
        return jacobian.T @ jacobian

    def christoffel(x):
        slopes = jax.jacfwd(metric)(x)
        first_kind = (slopes + slopes.transpose(0, 2, 1) - slopes.transpose(2, 1, 0).transpose(0, 2, 1)) / 2
        return jnp.einsum("cl,lab->cab", jnp.linalg.inv(metric(x)), first_kind)

    def curvature(x):
        gamma, slopes = christoffel(x), jax.jacfwd(christoffel)(x)
        riemann = jnp.einsum("rnsm->rsmn", slopes) - jnp.einsum("rmsn->rsmn", slopes)
        riemann += jnp.einsum("rml,lns->rsmn", gamma, gamma) - jnp.einsum("rnl,lms->rsmn", gamma, gamma)
        return jnp.append(gamma.ravel(), jnp.einsum("sn,rsrn->", jnp.linalg.inv(metric(x)), riemann))

    def volume(x):
        return jnp.linalg.slogdet(metric(x))[1]

    def kernel(x):
        found = jax.vmap(jax.grad(lambda p, point: network(p, point)[0]), (None, 0))(layers, x)
        rows = jnp.concatenate([part.reshape(len(x), -1) for part in jax.tree_util.tree_leaves(found)], 1)
        return rows @ rows.T

    both = jax.vmap(lambda x: jnp.append(metric(x).ravel(), volume(x)))
    functions = {
        "metric, log det": both,
        "christoffel, R": jax.vmap(curvature),
        "metric": jax.vmap(metric),
        "plane metric": jax.vmap(metric),
        "log det": jax.vmap(volume),
        "ntk": kernel,
    }
    call = jax.jit(functions[quantity])
    print(float(jnp.abs(call(points)).sum()), flush=True)
    for _ in sys.stdin:
        start = time.process_time()
        call(points).block_until_ready()
        print(time.process_time() - start, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
