#include "measure/metric_need.h"

#include "measure/mauve.h"
#include "measure/mtld.h"
#include "measure/power_tail.h"
#include "measure/richness.h"
#include "measure/self_bleu.h"
#include "measure/vendi.h"

static const struct ws_metric_need needs[] = {
    {{WS_METRIC_MISSING_MASS_LOW, WS_METRIC_MISSING_MASS_HIGH, WS_METRIC_CHAO1, WS_METRIC_YULE_K},
     4,
     WS_NEED_SIZE,
     WS_METRIC_TYPES,
     WS_RICHNESS_LEAST,
     "symbols or tokens in a sample"},
    {{WS_METRIC_TAIL_EXPONENT, WS_METRIC_TAIL_FROM},
     2,
     WS_NEED_VALUE,
     WS_METRIC_TYPES,
     WS_POWER_TAIL_LEAST,
     "types in a sample, and two of different counts among those"},
    {{WS_METRIC_MTLD}, 1, WS_NEED_SIZE, WS_METRIC_DISTINCT_1, WS_MTLD_LEAST, "tokens in a sample"},
    {{WS_METRIC_MAUVE, WS_METRIC_VENDI_TEXT_HALF, WS_METRIC_VENDI_TEXT_1, WS_METRIC_VENDI_TEXT_2},
     4,
     WS_NEED_SIZE,
     WS_METRIC_DISTINCT_1_SAMPLE,
     WS_MAUVE_LEAST,
     "texts in a sample"},
    {{WS_METRIC_SELF_BLEU},
     1,
     WS_NEED_SIZE,
     WS_METRIC_DISTINCT_1_SAMPLE,
     WS_SELF_BLEU_LEAST,
     "texts in a sample"},
    {{WS_METRIC_QUANTILE_RECALL_LOW, WS_METRIC_QUANTILE_RECALL_HIGH},
     2,
     WS_NEED_REFERENCE,
     WS_METRIC_COUNT,
     WS_QUANTILE_RECALL_LEAST,
     "test_items"},
    {{WS_METRIC_PRECISION, WS_METRIC_RECALL, WS_METRIC_DENSITY, WS_METRIC_COVERAGE,
      WS_METRIC_LOW_DENSITY_MASS},
     5,
     WS_NEED_ITEMS,
     WS_METRIC_COUNT,
     WS_SUPPORT_LEAST,
     "metric_items"},
    {{WS_METRIC_VENDI_HALF, WS_METRIC_VENDI_1, WS_METRIC_VENDI_2},
     3,
     WS_NEED_ITEMS,
     WS_METRIC_COUNT,
     WS_VENDI_LEAST,
     "metric_items"},
};

const struct ws_metric_need *ws_metric_needs(size_t *count)
{
    *count = sizeof needs / sizeof *needs;
    return needs;
}
