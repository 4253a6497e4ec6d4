#include "models/product_ops.h"

#include "base/instruction_set.h"

size_t ws_product_list(const struct ws_product_ops *out[WS_PRODUCT_SETS])
{
    size_t count = 0;
    out[count++] = &ws_product_baseline;
#ifdef WS_VECTOR_X86
    if (ws_has_avx2())
        out[count++] = &ws_product_avx2;
    if (ws_has_avx512())
        out[count++] = &ws_product_avx512;
#endif
    return count;
}

const struct ws_product_ops *ws_product_pick(void)
{
    const struct ws_product_ops *all[WS_PRODUCT_SETS];
    return all[ws_product_list(all) - 1];
}
