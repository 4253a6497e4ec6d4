#include "measure/vendi.h"

#include <lapacke.h>
#include <math.h>
#include <string.h>

static const double ROUNDING = 1e-12;
static const double NOTHING = 1e-200; /* a square beside those of numbers about 1 */

double ws_hill_number(const double *eigenvalues, size_t size, double q)
{
    double total = 0, largest = 0, sum = 0;
    for (size_t i = 0; i < size; i++) {
        total += fmax(0, eigenvalues[i]);
        largest = fmax(largest, eigenvalues[i]);
    }
    if (!(total > 0))
        return NAN;
    if (isinf(q))
        return total / largest;
    for (size_t i = 0; i < size; i++) {
        double share = eigenvalues[i] / total;
        if (share > ROUNDING)
            sum += q == 1 ? -share * log(share) : pow(share, q);
    }
    return q == 1 ? exp(sum) : pow(sum, 1 / (1 - q));
}

/* What is left of a column below its diagonal becomes one number, by a reflection of both sides:
 * A - v w^T - w v^T (Golub and Van Loan, Matrix Computations, 8.3.1). `column` (rows) begins below
 * the diagonal; `rest` is the square to its right. Both lower halves, rows at `size`. */
static double reflect(double *column, double *rest, size_t rows, size_t size, double *v, double *w)
{
    double squares = 0, dot = 0;
    for (size_t i = 1; i < rows; i++)
        squares += column[i * size] * column[i * size];
    if (squares < NOTHING)
        return column[0];
    double length = copysign(sqrt(column[0] * column[0] + squares), -column[0]);
    for (size_t i = 0; i < rows; i++)
        v[i] = column[i * size];
    v[0] -= length;
    double scale = 2 / (v[0] * v[0] + squares);
    memset(w, 0, rows * sizeof *w);
    for (size_t i = 0; i < rows; i++) {
        const double *row = rest + i * size;
        double sum = row[i] * v[i];
        for (size_t j = 0; j < i; j++) {
            sum += row[j] * v[j];
            w[j] += scale * row[j] * v[i];
        }
        w[i] += scale * sum;
    }
    for (size_t i = 0; i < rows; i++)
        dot += v[i] * w[i];
    for (size_t i = 0; i < rows; i++)
        w[i] -= scale * dot / 2 * v[i];
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j <= i; j++)
            rest[i * size + j] -= v[i] * w[j] + w[i] * v[j];
    return length;
}

/* To three diagonals by our own code: LAPACK's goes through BLAS, which cuts matrices of this size
 * by the processors that it finds, and the last bits with them. */
enum ws_status ws_symmetric_eigenvalues(double *matrix, size_t size, struct ws_arena *scratch,
                                        double *out, struct ws_error *err)
{
    double *beside = WS_ARENA_NEW(scratch, double, size);
    double *v = WS_ARENA_NEW(scratch, double, 2 * size);
    if (!beside || !v)
        return ws_fail_memory(err, "eigenvalues");
    for (size_t c = 0; c < size; c++) {
        double *diagonal = matrix + c * (size + 1);
        out[c] = *diagonal;
        if (c + 1 < size)
            beside[c] =
                reflect(diagonal + size, diagonal + size + 1, size - 1 - c, size, v, v + size);
    }
    if (LAPACKE_dsterf_work((lapack_int)size, out, beside) != 0)
        return ws_fail(err, WS_NUMERIC, "the eigenvalues of a kernel of %zu rows do not converge",
                       size);
    return WS_OK;
}

enum ws_status ws_linear_kernel_eigenvalues(const float *points, size_t count, size_t dimension,
                                            struct ws_arena *scratch, double *out,
                                            struct ws_error *err)
{
    double *products = WS_ARENA_ZNEW(scratch, double, dimension *dimension);
    if (!products)
        return ws_fail_memory(err, "a kernel");
    for (size_t i = 0; i < count; i++) {
        const float *x = points + i * dimension;
        for (size_t a = 0; a < dimension; a++)
            for (size_t b = 0; x[a] != 0 && b <= a; b++)
                products[a * dimension + b] += (double)x[a] * (double)x[b];
    }
    return ws_symmetric_eigenvalues(products, dimension, scratch, out, err);
}

enum ws_status ws_gaussian_kernel_eigenvalues(const double *vectors, size_t count, size_t dimension,
                                              double width, struct ws_arena *scratch, double *out,
                                              struct ws_error *err)
{
    double *kernel = WS_ARENA_NEW(scratch, double, count *count);
    if (!kernel)
        return ws_fail_memory(err, "a kernel");
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j <= i; j++) {
            double squares = 0;
            for (size_t d = 0; d < dimension; d++) {
                double step = (vectors[i * dimension + d] - vectors[j * dimension + d]) / width;
                squares += step * step;
            }
            kernel[i * count + j] = exp(-squares / 2);
        }
    return ws_symmetric_eigenvalues(kernel, count, scratch, out, err);
}
