"""Curvature as JAX's automatic differentiation gives it: nested jacfwd of the metric. Runs in JAX's environment."""

from __future__ import annotations

import jax  # type: ignore[import-not-found]
import jax.numpy as jnp  # type: ignore[import-not-found]


def curvature(metric):
    """The function of x that gives the Christoffel symbols of the second kind and R."""

    def christoffel(x):
        slopes = jax.jacfwd(metric)(x)
        first_kind = (slopes + slopes.transpose(0, 2, 1) - slopes.transpose(2, 1, 0).transpose(0, 2, 1)) / 2
        return jnp.einsum("cl,lab->cab", jnp.linalg.inv(metric(x)), first_kind)

    def both(x):
        gamma, slopes = christoffel(x), jax.jacfwd(christoffel)(x)
        riemann = jnp.einsum("rnsm->rsmn", slopes) - jnp.einsum("rmsn->rsmn", slopes)
        riemann += jnp.einsum("rml,lns->rsmn", gamma, gamma) - jnp.einsum("rnl,lms->rsmn", gamma, gamma)
        return gamma, jnp.einsum("sn,rsrn->", jnp.linalg.inv(metric(x)), riemann)

    return both
