#include "measure/neighbour_ops.h"

#include "base/instruction_set.h"

size_t ws_neighbour_list(const struct ws_neighbour_ops *out[WS_NEIGHBOUR_SETS])
{
    size_t count = 0;
    out[count++] = &ws_neighbour_baseline;
#ifdef WS_VECTOR_X86
    if (ws_has_avx2())
        out[count++] = &ws_neighbour_avx2;
    if (ws_has_avx512())
        out[count++] = &ws_neighbour_avx512;
#endif
    return count;
}

const struct ws_neighbour_ops *ws_neighbour_pick(void)
{
    const struct ws_neighbour_ops *all[WS_NEIGHBOUR_SETS];
    return all[ws_neighbour_list(all) - 1];
}
