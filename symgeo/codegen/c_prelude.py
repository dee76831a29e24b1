"""The linear algebra of generated C files, as the text that stands at their head; a file holds what it calls."""

from __future__ import annotations

_COLUMNS = """
/* matrix = Q R, columns of Q orthonormal, by Gram-Schmidt twice; 0 where columns are linearly dependent. */
static int orthogonal_columns(size_t n, size_t d, const double *matrix, double *Q, double *R)
{
    for (size_t k = 0; k < d; k++) {
        double before = 0.0, after = 0.0;
        for (size_t j = 0; j < n; j++) {
            Q[j*d + k] = matrix[j*d + k];
            before = hypot(before, matrix[j*d + k]);
        }
        for (size_t i = 0; i < d; i++)
            R[i*d + k] = 0.0;
        for (int again = 0; again < 2; again++)
            for (size_t i = 0; i < k; i++) {
                double along = 0.0;
                for (size_t j = 0; j < n; j++)
                    along += Q[j*d + i]*Q[j*d + k];
                for (size_t j = 0; j < n; j++)
                    Q[j*d + k] -= along*Q[j*d + i];
                R[i*d + k] += along;
            }
        for (size_t j = 0; j < n; j++)
            after = hypot(after, Q[j*d + k]);
        if (!(after > (double)n*DBL_EPSILON*before))
            return 0;
        R[k*d + k] = after;
        for (size_t j = 0; j < n; j++)
            Q[j*d + k] /= after;
    }
    return 1;
}
"""

_TRIANGULAR = """
/* The inverse of an upper triangular matrix. */
static void triangular_inverse(size_t d, const double *R, double *inverse)
{
    for (size_t i = 0; i < d*d; i++)
        inverse[i] = 0.0;
    for (size_t k = 0; k < d; k++) {
        inverse[k*d + k] = 1.0/R[k*d + k];
        for (size_t i = k; i-- > 0;) {
            double total = 0.0;
            for (size_t j = i + 1; j <= k; j++)
                total += R[i*d + j]*inverse[j*d + k];
            inverse[i*d + k] = -total/R[i*d + i];
        }
    }
}
"""

_CHOLESKY = """
/* E = L^-1 with g = L L^T at every point of a block; not a number from a pivot on that is lost to rounding. */
INLINE void inverse_cholesky(size_t d, const double *restrict g, double *restrict E, double *restrict row)
{
    /* g and the identity are eliminated together: g becomes L^T, the identity E. */
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++)
            for (size_t p = 0; p < POINTS; p++) {
                row[(i*2*d + j)*POINTS + p] = g[(i*d + j)*POINTS + p];
                row[(i*2*d + d + j)*POINTS + p] = (double)(i == j);
            }
    for (size_t k = 0; k < d; k++) {
        double scale[POINTS];
        for (size_t p = 0; p < POINTS; p++) {
            const double pivot = row[(k*2*d + k)*POINTS + p];
            /* Against its own diagonal entry, so that units do not matter. */
            const double least = (double)d*DBL_EPSILON*g[(k*d + k)*POINTS + p];
            scale[p] = 1.0/sqrt(pivot > least ? pivot : NAN);
        }
        for (size_t j = k; j <= d + k; j++)
            for (size_t p = 0; p < POINTS; p++)
                row[(k*2*d + j)*POINTS + p] *= scale[p];
        for (size_t i = k + 1; i < d; i++)
            for (size_t j = i; j <= d + k; j++)
                for (size_t p = 0; p < POINTS; p++)
                    row[(i*2*d + j)*POINTS + p] -= row[(k*2*d + i)*POINTS + p]*row[(k*2*d + j)*POINTS + p];
        for (size_t j = 0; j < d; j++)
            for (size_t p = 0; p < POINTS; p++)
                E[(k*d + j)*POINTS + p] = j <= k ? row[(k*2*d + d + j)*POINTS + p] : 0.0;
    }
}
"""

C_PRELUDE = {"orthogonal_columns": _COLUMNS, "triangular_inverse": _TRIANGULAR, "inverse_cholesky": _CHOLESKY}
"""Name -> text."""
