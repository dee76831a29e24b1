"""JAX on a case, in its own process and environment: `python -m benchmarks.pullback.jax_worker FILE`.

The file holds weights, points and plane.
"""

from __future__ import annotations

import sys

import jax  # type: ignore[import-not-found]
import jax.numpy as jnp  # type: ignore[import-not-found]
import numpy as np

from benchmarks.jax_curvature import curvature
from benchmarks.serving import serve

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

    def connection_and_curvature(x):
        gamma, scalar = curvature(metric)(x)
        return jnp.append(gamma.ravel(), scalar)

    def volume(x):
        return jnp.linalg.slogdet(metric(x))[1]

    def kernel(x):
        found = jax.vmap(jax.grad(lambda p, point: network(p, point)[0]), (None, 0))(layers, x)
        rows = jnp.concatenate([part.reshape(len(x), -1) for part in jax.tree_util.tree_leaves(found)], 1)
        return rows @ rows.T

    both = jax.vmap(lambda x: jnp.append(metric(x).ravel(), volume(x)))
    functions = {
        "metric, log det": both,
        "christoffel, R": jax.vmap(connection_and_curvature),
        "metric": jax.vmap(metric),
        "plane metric": jax.vmap(metric),
        "log det": jax.vmap(volume),
        "ntk": kernel,
    }
    call = jax.jit(functions[quantity])
    serve(lambda: call(points).block_until_ready(), float(jnp.abs(call(points)).sum()))


if __name__ == "__main__":
    main(sys.argv[1])
