#include "models/density_ops.h"

#include "base/instruction_set.h"

size_t ws_density_list(const struct ws_density_ops *out[WS_DENSITY_SETS])
{
    size_t count = 0;
    out[count++] = &ws_density_baseline;
#ifdef WS_VECTOR_X86
    if (ws_has_avx2())
        out[count++] = &ws_density_avx2;
    if (ws_has_avx512())
        out[count++] = &ws_density_avx512;
#endif
    return count;
}

/* The list goes from slow to fast. */
const struct ws_density_ops *ws_density_pick(void)
{
    const struct ws_density_ops *all[WS_DENSITY_SETS];
    return all[ws_density_list(all) - 1];
}
