#include "base/sum.h"

#include "base/instruction_set.h"

static struct ws_moments reference_moments(const double *x, size_t count, double origin)
{
    double deviations[WS_SUM_LANES] = {0}, squares[WS_SUM_LANES] = {0};
    for (size_t i = 0; i < count; i++) {
        double deviation = x[i] - origin;
        deviations[i % WS_SUM_LANES] += deviation;
        squares[i % WS_SUM_LANES] += deviation * deviation;
    }
    return (struct ws_moments){ws_sums_total(deviations), ws_sums_total(squares)};
}

const struct ws_sum_ops ws_sum_reference = {"reference", reference_moments};

const struct ws_sum_ops *ws_sum_pick(void)
{
#ifdef WS_VECTOR_X86
    if (ws_has_avx512())
        return &ws_sum_avx512;
    if (ws_has_avx2())
        return &ws_sum_avx2;
#endif
    return &ws_sum_baseline;
}

size_t ws_sum_list(const struct ws_sum_ops *out[WS_SUM_SETS])
{
    size_t count = 0;
    out[count++] = &ws_sum_reference;
    out[count++] = &ws_sum_baseline;
#ifdef WS_VECTOR_X86
    if (ws_has_avx2())
        out[count++] = &ws_sum_avx2;
    if (ws_has_avx512())
        out[count++] = &ws_sum_avx512;
#endif
    return count;
}
