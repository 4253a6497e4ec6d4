#include "measure/wasserstein.h"

#include <lapacke.h>
#include <math.h>

/* Eigenvalues of the symmetric `matrix`, ascending; vectors replace it row by row when `job` is
 * 'V'. */
static enum ws_status eigen(char job, size_t d, double *matrix, double *values,
                            struct ws_arena *scratch, struct ws_error *err)
{
    lapack_int order = (lapack_int)d;
    double best;
    lapack_int info =
        LAPACKE_dsyev_work(LAPACK_COL_MAJOR, job, 'L', order, matrix, order, values, &best, -1);
    double *work = info == 0 ? WS_ARENA_NEW(scratch, double, (size_t)best) : NULL;
    if (info == 0 && !work)
        return ws_fail_memory(err, "an eigenvalue problem");
    if (info == 0)
        info = LAPACKE_dsyev_work(LAPACK_COL_MAJOR, job, 'L', order, matrix, order, values, work,
                                  (lapack_int)best);
    if (info != 0)
        return ws_fail(err, WS_NUMERIC, "the eigenvalues of a covariance do not converge (%d)",
                       (int)info);
    return WS_OK;
}

/* Rounding makes zero eigenvalues slightly negative. */
static double root(double eigenvalue)
{
    return eigenvalue > 0 ? sqrt(eigenvalue) : 0;
}

/* out = the symmetric square root whose square has these eigenvalues and vectors. */
static void square_root(size_t d, const double *values, const double *vectors, double *out)
{
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = 0;
            for (size_t k = 0; k < d; k++)
                sum += root(values[k]) * vectors[k * d + i] * vectors[k * d + j];
            out[i * d + j] = out[j * d + i] = sum;
        }
}

/* out = a b, all (d, d). */
static void multiply(size_t d, const double *a, const double *b, double *out)
{
    for (size_t i = 0; i < d * d; i++)
        out[i] = 0;
    for (size_t i = 0; i < d; i++)
        for (size_t k = 0; k < d; k++)
            for (size_t j = 0; j < d; j++)
                out[i * d + j] += a[i * d + k] * b[k * d + j];
}

/* tr((a^1/2 b a^1/2)^1/2). */
static enum ws_status coupling(size_t d, const double *a, const double *b, struct ws_arena *scratch,
                               double *out, struct ws_error *err)
{
    double *vectors = ws_arena_copy(scratch, a, d * d * sizeof *a);
    double *values = WS_ARENA_NEW(scratch, double, d);
    double *half = WS_ARENA_NEW(scratch, double, d *d);
    double *product = WS_ARENA_NEW(scratch, double, d *d);
    if (!vectors || !values || !half || !product)
        return ws_fail_memory(err, "a Wasserstein distance");
    WS_TRY(eigen('V', d, vectors, values, scratch, err));
    square_root(d, values, vectors, half);
    multiply(d, half, b, product);
    multiply(d, product, half, vectors);
    WS_TRY(eigen('N', d, vectors, values, scratch, err));
    double sum = 0;
    for (size_t i = 0; i < d; i++)
        sum += root(values[i]);
    *out = sum;
    return WS_OK;
}

static double trace(struct ws_gaussian g)
{
    double sum = 0;
    for (size_t i = 0; i < g.dimension; i++)
        sum += g.covariance[i * g.dimension + i];
    return sum;
}

enum ws_status ws_gaussian_w2_squared(struct ws_gaussian a, struct ws_gaussian b,
                                      struct ws_arena *scratch, double *out, struct ws_error *err)
{
    double means = 0;
    for (size_t i = 0; i < a.dimension; i++)
        means += (a.mean[i] - b.mean[i]) * (a.mean[i] - b.mean[i]);
    if (a.dimension == 1) { /* nothing cancels in this form */
        double step = sqrt(a.covariance[0]) - sqrt(b.covariance[0]);
        *out = means + step * step;
        return WS_OK;
    }
    double coupled = 0;
    WS_TRY(coupling(a.dimension, a.covariance, b.covariance, scratch, &coupled, err));
    *out = means + fmax(0, trace(a) + trace(b) - 2 * coupled);
    return WS_OK;
}
