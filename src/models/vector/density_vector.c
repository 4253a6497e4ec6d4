#include "models/density_ops.h"

#include <math.h>

#include "base/vector/set.h"
#include "models/vector/doubles.h"

/* ---- |inverse (x - mean)|^2 ---- */

/* The dimension is a constant where this is inlined. */
VECTOR_INLINE void small_squares(const struct ws_packed_block *block, size_t dimension,
                                 const double *mean, const double *inverse, double *out)
{
    for (size_t i = 0; i < block->width; i += LANES) {
        const double *row = inverse;
        reals z[2];
        reals square = {0};
        for (size_t a = 0; a < dimension; row += ++a) {
            z[a] = load(block->x + a * block->width + i) - mean[a];
            reals y = row[0] * z[0];
            for (size_t b = 1; b <= a; b++)
                y += row[b] * z[b];
            square += y * y;
        }
        store(out + i, square);
    }
}

/* squares += the squares of `count` (1 or 2) rows of inverse z, the first of them row i. */
VECTOR_INLINE void add_rows(reals squares[GROUP], const reals *z, const double *inverse, size_t i,
                            size_t count)
{
    const double *upper = inverse + i * (i + 1) / 2, *lower = upper + i + 1;
    reals y[2][GROUP] = {0};
    for (size_t j = 0; j <= i; j++)
        for (size_t g = 0; g < GROUP; g++) {
            y[0][g] += upper[j] * z[j * GROUP + g];
            if (count > 1)
                y[1][g] += lower[j] * z[j * GROUP + g];
        }
    for (size_t g = 0; g < GROUP; g++) {
        squares[g] += y[0][g] * y[0][g];
        if (count > 1) {
            y[1][g] += lower[i + 1] * z[(i + 1) * GROUP + g];
            squares[g] += y[1][g] * y[1][g];
        }
    }
}

static void large_squares(const struct ws_packed_block *block, size_t dimension, const double *mean,
                          const double *inverse, double *room, double *out)
{
    reals *z = (reals *)room;
    for (size_t first = 0; first < block->width; first += GROUP * LANES) {
        reals squares[GROUP] = {0};
        for (size_t a = 0; a < dimension; a++)
            for (size_t g = 0; g < GROUP; g++)
                z[a * GROUP + g] = load(block->x + a * block->width + first + g * LANES) - mean[a];
        size_t i = 0;
        for (; i + 2 <= dimension; i += 2)
            add_rows(squares, z, inverse, i, 2);
        if (i < dimension)
            add_rows(squares, z, inverse, i, 1);
        for (size_t g = 0; g < GROUP; g++)
            store(out + first + g * LANES, squares[g]);
    }
}

static void squares_of(const struct ws_packed_block *block, size_t dimension, const double *mean,
                       const double *inverse, double *room, double *out)
{
    if (dimension == 1)
        small_squares(block, 1, mean, inverse, out);
    else if (dimension == 2)
        small_squares(block, 2, mean, inverse, out);
    else
        large_squares(block, dimension, mean, inverse, room, out);
}

/* ---- shares of components ---- */

/* r = the log of weight times density. */
static void log_densities(const struct ws_mixture *mixture, const struct ws_packed_block *block,
                          double *room, double *r)
{
    const size_t d = mixture->dimension, width = block->width;
    for (size_t k = 0; k < mixture->components; k++, r += width) {
        squares_of(block, d, mixture->mean + k * d, mixture->inverse + k * d * (d + 1) / 2, room,
                   r);
        for (size_t i = 0; i < width; i += LANES)
            store(r + i, mixture->constant[k] - smaller(load(r + i), splat(WS_DISTANCE_MOST)));
    }
}

/* Logs of densities become shares. */
static void normalise(size_t components, size_t width, double *r, double *most, double *sum)
{
    for (size_t i = 0; i < width; i += LANES) {
        reals high = load(r + i);
        for (size_t k = 1; k < components; k++)
            high = larger(load(r + k * width + i), high);
        reals total = {0};
        for (size_t k = 0; k < components; k++) {
            reals e = exponential(load(r + k * width + i) - high);
            store(r + k * width + i, e);
            total += e;
        }
        reals inverse = 1.0 / total;
        for (size_t k = 0; k < components; k++)
            store(r + k * width + i, load(r + k * width + i) * inverse);
        store(most + i, high);
        store(sum + i, total);
    }
}

/* The sum of most + log(sum). Each sum lies between 1 and the number of components, so that one
 * logarithm does for the product of many. */
static double log_density(size_t width, const double *most, const double *sum)
{
    reals total[PARTS] = {0}, product[PARTS];
    for (size_t part = 0; part < PARTS; part++)
        product[part] = splat(1);
    for (size_t i = 0; i < width; i += SUMS)
        for (size_t part = 0; part < PARTS; part++) {
            total[part] += load(most + i + part * LANES);
            product[part] *= load(sum + i + part * LANES);
        }
    for (size_t part = 0; part < PARTS; part++)
        for (size_t lane = 0; lane < LANES; lane++)
            total[part][lane] += log(product[part][lane]);
    return add_sums(total);
}

static double responsibilities(const struct ws_mixture *mixture,
                               const struct ws_packed_block *block, double *room, double *r)
{
    double most[WS_PACKED_MOST], sum[WS_PACKED_MOST];
    log_densities(mixture, block, room, r);
    normalise(mixture->components, block->width, r, most, sum);
    for (size_t i = block->count; i < block->width; i++) {
        most[i] = 0;
        sum[i] = 1;
        for (size_t k = 0; k < mixture->components; k++)
            r[k * block->width + i] = 0;
    }
    return log_density(block->width, most, sum);
}

/* ---- moments ---- */

/* The dimension is a constant where this is inlined. */
VECTOR_INLINE void small_moments(const struct ws_packed_block *block, size_t dimension,
                                 const double *r, const double *mean, double *out)
{
    enum { MOST = 6 };
    reals sums[MOST][PARTS];
    for (size_t part = 0; part < PARTS; part++) {
        reals own[MOST] = {0};
        for (size_t i = part * LANES; i < block->width; i += SUMS) {
            reals z[2];
            reals *square = own + 1 + dimension;
            own[0] += load(r + i);
            for (size_t a = 0; a < dimension; a++) {
                z[a] = load(block->x + a * block->width + i) - mean[a];
                reals weighted = load(r + i) * z[a];
                own[1 + a] += weighted;
                for (size_t b = 0; b <= a; b++)
                    *square++ += weighted * z[b];
            }
        }
        for (size_t s = 0; s < MOST; s++)
            sums[s][part] = own[s];
    }
    for (size_t s = 0; s < 1 + dimension + dimension * (dimension + 1) / 2; s++)
        out[s] += block->weight * add_sums(sums[s]);
}

/* Of coordinates a .. a + rows - 1 with b .. b + columns - 1, at most 4 and 2 of them; what lies
 * above the diagonal is left out. */
VECTOR_INLINE void add_tile(const struct ws_packed_block *block, const double *weighted,
                            const double *z, size_t a, size_t rows, size_t b, size_t columns,
                            double *squares)
{
    const size_t width = block->width;
    reals sums[4][2][PARTS];
    for (size_t part = 0; part < PARTS; part++) {
        reals own[4][2] = {0};
        for (size_t i = part * LANES; i < width; i += SUMS)
            for (size_t row = 0; row < rows; row++)
                for (size_t column = 0; column < columns; column++)
                    own[row][column] +=
                        load(weighted + (a + row) * width + i) * load(z + (b + column) * width + i);
        for (size_t row = 0; row < rows; row++)
            for (size_t column = 0; column < columns; column++)
                sums[row][column][part] = own[row][column];
    }
    for (size_t row = 0; row < rows; row++)
        for (size_t column = 0; column < columns && b + column <= a + row; column++)
            squares[(a + row) * (a + row + 1) / 2 + b + column] +=
                block->weight * add_sums(sums[row][column]);
}

static void add_tiles(const struct ws_packed_block *block, size_t dimension, const double *weighted,
                      const double *z, double *squares)
{
    size_t a = 0;
    for (; a + 4 <= dimension; a += 4)
        for (size_t b = 0; b < a + 4; b += 2)
            add_tile(block, weighted, z, a, 4, b, 2, squares);
    if (a + 2 <= dimension) {
        for (size_t b = 0; b < a + 2; b += 2)
            add_tile(block, weighted, z, a, 2, b, 2, squares);
        a += 2;
    }
    if (a == dimension)
        return;
    for (size_t b = 0; b < a; b += 2)
        add_tile(block, weighted, z, a, 1, b, 2, squares);
    add_tile(block, weighted, z, a, 1, a, 1, squares);
}

static double sum_of(const double *x, size_t width)
{
    reals sums[PARTS] = {0};
    for (size_t i = 0; i < width; i += SUMS)
        for (size_t part = 0; part < PARTS; part++)
            sums[part] += load(x + i + part * LANES);
    return add_sums(sums);
}

static void large_moments(const struct ws_packed_block *block, size_t dimension, const double *r,
                          const double *mean, double *room, double *out)
{
    const size_t width = block->width;
    double *z = room, *weighted = room + dimension * width;
    out[0] += block->weight * sum_of(r, width);
    for (size_t a = 0; a < dimension; a++) {
        double *own = z + a * width, *part = weighted + a * width;
        for (size_t i = 0; i < width; i += LANES) {
            reals deviation = load(block->x + a * width + i) - mean[a];
            store(own + i, deviation);
            store(part + i, load(r + i) * deviation);
        }
        out[1 + a] += block->weight * sum_of(part, width);
    }
    add_tiles(block, dimension, weighted, z, out + 1 + dimension);
}

static void moments(const struct ws_packed_block *block, uint32_t dimension, const double *r,
                    const double *mean, double *room, double *out)
{
    if (dimension == 1)
        small_moments(block, 1, r, mean, out);
    else if (dimension == 2)
        small_moments(block, 2, r, mean, out);
    else
        large_moments(block, dimension, r, mean, room, out);
}

/* ---- the nearest of centres ---- */

static void approach(const struct ws_packed_block *block, uint32_t dimension, const double *centre,
                     double name, double *distance, double *nearest)
{
    for (size_t i = 0; i < block->width; i += LANES) {
        reals square = {0};
        for (size_t a = 0; a < dimension; a++) {
            reals z = load(block->x + a * block->width + i) - centre[a];
            square += z * z;
        }
        reals before = load(distance + i);
        wholes nearer = (wholes)(square < before);
        wholes names = (nearer & (wholes)splat(name)) | (~nearer & (wholes)load(nearest + i));
        store(distance + i, smaller(square, before));
        store(nearest + i, (reals)names);
    }
}

/* The sum of x, or how many there are where it is NULL, over those whose nearest has this name. */
VECTOR_INLINE double sum_where(const double *nearest, double name, const double *x, size_t width)
{
    reals sums[PARTS] = {0};
    for (size_t i = 0; i < width; i += SUMS)
        for (size_t part = 0; part < PARTS; part++) {
            size_t at = i + part * LANES;
            wholes own = (wholes)(load(nearest + at) == name);
            sums[part] += (reals)(own & (wholes)(x ? load(x + at) : splat(1)));
        }
    return add_sums(sums);
}

static void gather(const struct ws_packed_block *block, uint32_t dimension, const double *nearest,
                   double name, double *out)
{
    const size_t width = block->width;
    out[0] += block->weight * sum_where(nearest, name, NULL, width);
    for (size_t a = 0; a < dimension; a++)
        out[1 + a] += block->weight * sum_where(nearest, name, block->x + a * width, width);
}

/* ---- sums of kernels ---- */

/* Points whose exponents are kept until the least of them is known. */
enum { CHUNK = 64 };

/* e = scale |x - item|^2 for `count` points from `first` on; gives the least of them and of
 * `least`. */
VECTOR_INLINE reals kernel_exponents(const struct ws_packed_block *block, size_t first,
                                     size_t count, const double *at, size_t at_width,
                                     size_t dimension, double scale, reals least, reals *e)
{
    for (size_t p = 0; p < count; p++) {
        reals square = {0};
        for (size_t a = 0; a < dimension; a++) {
            reals z = load(at + a * at_width) - block->x[a * block->width + first + p];
            square += z * z;
        }
        e[p] = smaller(scale * square, splat(WS_DISTANCE_MOST));
        least = smaller(least, e[p]);
    }
    return least;
}

/* The dimension may be a constant. The least exponent is left out of the sums, so that they never
 * vanish; where a chunk has a smaller one, the sum before it is brought to it. */
VECTOR_INLINE void kernels_at(const struct ws_packed_block *block, const double *at,
                              size_t at_width, size_t dimension, double scale, double *least,
                              double *sum)
{
    reals e[CHUNK];
    reals low = load(least), total = load(sum);
    for (size_t first = 0; first < block->count; first += CHUNK) {
        size_t rest = block->count - first, count = rest < CHUNK ? rest : CHUNK;
        reals lower = kernel_exponents(block, first, count, at, at_width, dimension, scale, low, e);
        reals part = {0};
        for (size_t p = 0; p < count; p++)
            part += exponential(lower - e[p]);
        total = total * exponential(lower - low) + block->weight * part;
        low = lower;
    }
    store(least, low);
    store(sum, total);
}

static void kernels(const struct ws_packed_block *block, const struct ws_packed_block *at,
                    uint32_t dimension, double scale, double *least, double *sum)
{
    for (size_t i = 0; i < at->width; i += LANES)
        if (dimension == 1)
            kernels_at(block, at->x + i, at->width, 1, scale, least + i, sum + i);
        else if (dimension == 2)
            kernels_at(block, at->x + i, at->width, 2, scale, least + i, sum + i);
        else
            kernels_at(block, at->x + i, at->width, dimension, scale, least + i, sum + i);
}

const struct ws_density_ops OF_SET(ws_density, WS_VECTOR_SET) = {
    TEXT(WS_VECTOR_SET), responsibilities, moments, approach, gather, kernels};
