r"""Signs, index order, normalisations and dimension names. Read, not imported.

Signs (Misner, Thorne and Wheeler; the unit sphere S^d has R = +d(d-1)):

    Gamma^r_mn = g^rl (d_m g_ln + d_n g_lm - d_l g_mn) / 2
    R^r_smn    = d_m Gamma^r_ns - d_n Gamma^r_ms + Gamma^r_ml Gamma^l_ns - Gamma^r_nl Gamma^l_ms
    R_sn       = R^r_srn
    R          = g^sn R_sn

Index order: the first index of Gamma is the upper one (second kind) or the lowered upper one (first kind,
Gamma_c,ab = g_cr Gamma^r_ab); Riemann is R_rsmn, first pair (r, s), second pair (m, n). Names in code carry the
index position: `g_dd`, `g_uu`, `gamma_udd`, `gamma_ddd`, `riemann_dddd`, `ricci_dd`.

Normalisation: a preactivation is z_j = w_j . x + b_j with w ~ N(0, sigma^2 I_d), b ~ N(0, zeta^2), so that its
variance is v = sigma^2 s + zeta^2 with s = |x|^2. Features carry 1/sqrt(n): Phi_j = phi(z_j)/sqrt(n). The metric
is g_mn = d_m Phi . d_n Phi. `Pullback` takes a feature map as it is, and puts in no factor of its own.

Activations: "erf" is erf(z/sqrt 2).

Symbols: x (input), d (its dimension), s = |x|^2, n (width), W and b (weights, biases), sigma and zeta (standard
deviations of weights and biases), v (preactivation variance).

Dimension names in array annotations: `batch` points, `d` inputs, `n` features or units, `k` directions,
`...` any leading shape of points.
"""
