#include <string.h>

#include "compute/cpu/vector/vector_functions.h"

/* Here vectors are as wide as registers are, and ROWS by VECTORS sums stay in those. Only speed
 * depends on it: each number is a sum of its own. */
#if defined(__AVX512F__)
enum { WIDTH = 16, ROWS = 4, VECTORS = 4 };
#elif defined(__AVX2__)
enum { WIDTH = 8, ROWS = 4, VECTORS = 2 };
#else
enum { WIDTH = 4, ROWS = 4, VECTORS = 2 };
#endif

typedef float vector __attribute__((vector_size(WIDTH * sizeof(float))));

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* `count` numbers, filled up with zeros. */
ALWAYS_INLINE vector take(const float *x, size_t count)
{
    vector v = {0};
    memcpy(&v, x, count * sizeof *x);
    return v;
}

/* Rows from i and columns from j on; `count` <= WIDTH columns of the last vector. */
ALWAYS_INLINE void tile(const struct ws_small_product *p, size_t i, size_t j, size_t rows,
                        size_t vectors, size_t count)
{
    vector sums[ROWS][VECTORS] = {{{0}}};
    float *c = p->c + i * p->c_stride + j;
    const float *a = p->a + i * p->a_row, *b = p->b + j;
    for (size_t r = 0; p->add && r < rows; r++)
        for (size_t v = 0; v < vectors; v++)
            sums[r][v] =
                take(c + r * p->c_stride + v * WIDTH, v + 1 < vectors ? (size_t)WIDTH : count);
    for (size_t k = 0; k < p->depth; k++) {
        vector line[VECTORS];
        for (size_t v = 0; v < vectors; v++)
            line[v] =
                take(b + k * p->b_stride + v * WIDTH, v + 1 < vectors ? (size_t)WIDTH : count);
        for (size_t r = 0; r < rows; r++) {
            float factor = a[r * p->a_row + k * p->a_step];
            for (size_t v = 0; v < vectors; v++)
                sums[r][v] += factor * line[v];
        }
    }
    for (size_t r = 0; r < rows; r++)
        for (size_t v = 0; v < vectors; v++)
            memcpy(c + r * p->c_stride + v * WIDTH, &sums[r][v],
                   (v + 1 < vectors ? (size_t)WIDTH : count) * sizeof *c);
}

ALWAYS_INLINE void all_columns(const struct ws_small_product *p, size_t i, size_t rows)
{
    size_t j = 0;
    for (; j + VECTORS * WIDTH <= p->columns; j += VECTORS * WIDTH)
        tile(p, i, j, rows, VECTORS, WIDTH);
    for (; j + WIDTH <= p->columns; j += WIDTH)
        tile(p, i, j, rows, 1, WIDTH);
    if (j < p->columns)
        tile(p, i, j, rows, 1, p->columns - j);
}

void VECTOR(small_product)(const struct ws_small_product *p)
{
    size_t i = 0;
    for (; i + ROWS <= p->rows; i += ROWS)
        all_columns(p, i, ROWS);
    for (; i < p->rows; i++)
        all_columns(p, i, 1);
}
