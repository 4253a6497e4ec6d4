#include "measure/neighbour_ops.h"

#ifdef __SSE2__
#include <immintrin.h>
#endif

#include "base/vector/set.h"

enum { GROUP = WS_NEIGHBOUR_GROUP };

/* Of a group, a bit each. */
static inline uint32_t near_of(const float *y, float add, float row_limit,
                               const float *column_limit)
{
    uint32_t near = 0;
#if defined(__AVX512F__)
    for (unsigned l = 0; l < GROUP; l += 16) {
        const __m512 sum = _mm512_add_ps(_mm512_loadu_ps(y + l), _mm512_set1_ps(add));
        const __m512 limit =
            _mm512_min_ps(_mm512_loadu_ps(column_limit + l), _mm512_set1_ps(row_limit));
        near |= (uint32_t)_mm512_cmp_ps_mask(sum, limit, _CMP_GE_OQ) << l;
    }
#elif defined(__AVX2__)
    for (unsigned l = 0; l < GROUP; l += 8) {
        const __m256 sum = _mm256_add_ps(_mm256_loadu_ps(y + l), _mm256_set1_ps(add));
        const __m256 limit =
            _mm256_min_ps(_mm256_loadu_ps(column_limit + l), _mm256_set1_ps(row_limit));
        near |= (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(sum, limit, _CMP_GE_OQ)) << l;
    }
#else
    for (unsigned l = 0; l < GROUP; l++) {
        const float sum = y[l] + add;
        near |= (uint32_t)(sum >= row_limit || sum >= column_limit[l]) << l;
    }
#endif
    return near;
}

static bool find_near(const float *y, size_t groups, float add, float row_limit,
                      const float *column_limit, uint32_t *near)
{
    uint32_t any = 0;
    for (size_t g = 0; g < groups; g++) {
        near[g] = near_of(y + g * GROUP, add, row_limit, column_limit + g * GROUP);
        any |= near[g];
    }
    return any != 0;
}

static void count_balls(struct ws_ball_row *row, size_t groups, uint32_t *unsure)
{
    const struct ws_limits human = row->human, model = row->model, far = row->far;
    uint32_t balls = 0, near = 0;
    for (size_t g = 0; g < groups; g++) {
        const float *y = row->y + g * GROUP, *half = row->half + g * GROUP;
        uint32_t *filled = row->filled + g * GROUP, *found = row->found + g * GROUP;
        uint32_t doubt = 0;
        for (size_t l = 0; l < GROUP; l++) {
            const float v = y[l], sum = v + half[l];
            const uint32_t in_human = sum > human.in, in_model = v > model.in;
            const uint32_t is_near = v > far.in;
            balls += in_human;
            near += is_near;
            filled[l] |= in_human;
            found[l] |= in_model;
            doubt |= (in_human ^ (uint32_t)(sum > human.out)) |
                     (in_model ^ (uint32_t)(v > model.out)) | (is_near ^ (uint32_t)(v > far.out));
        }
        unsure[g] = doubt;
    }
    row->balls = balls;
    row->near = near;
}

const struct ws_neighbour_ops OF_SET(ws_neighbour, WS_VECTOR_SET) = {TEXT(WS_VECTOR_SET), find_near,
                                                                     count_balls};
