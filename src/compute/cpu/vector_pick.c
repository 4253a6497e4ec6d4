#include "base/instruction_set.h"
#include "compute/compute.h"
#include "compute/cpu/vector/vector_ops.h"

const struct ws_vector_ops *ws_vector_pick(void)
{
#ifdef WS_VECTOR_X86
    if (ws_has_avx512())
        return &ws_vector_ops_avx512;
    if (ws_has_avx2())
        return &ws_vector_ops_avx2;
#endif
    return &ws_vector_ops_baseline;
}

float ws_row_max(const float *x, size_t count)
{
    return ws_vector_pick()->row_max(x, count);
}

double ws_row_exp(float *y, const float *x, float max, float factor, size_t count)
{
    return ws_vector_pick()->row_exp(y, x, max, factor, count);
}
