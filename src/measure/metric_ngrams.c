#include <math.h>

#include "measure/grams.h"
#include "measure/metric_set.h"
#include "measure/self_bleu.h"

enum { LONGEST = 4 };

/* Mean over items of distinct over places; NaN when none has a place. */
static double mean_distinct(const struct ws_grams *grams)
{
    double shares = 0;
    uint64_t items = 0;
    for (uint64_t i = 0; i < grams->item_count; i++) {
        const struct ws_grams_item *item = &grams->items[i];
        if (item->places == 0)
            continue;
        shares += (double)item->distinct / (double)item->places;
        items++;
    }
    return shares / (double)items;
}

/* Over the number of distinct ones that as many draws would give if each of the `words`^n n-grams
 * that can be were as likely: m (1 - (1 - 1/m)^places) of m. */
static double adjusted_distinct(const struct ws_grams *grams, uint32_t words)
{
    double kinds = pow(words, (double)grams->length);
    double expected = -kinds * expm1((double)grams->places * log1p(-1 / kinds));
    return (double)grams->distinct / expected;
}

static void measure_distinct(const struct ws_grams *grams, uint32_t words,
                             struct ws_metric_set *set)
{
    static const enum ws_metric_id pooled[] = {WS_METRIC_DISTINCT_1, WS_METRIC_DISTINCT_2,
                                               WS_METRIC_DISTINCT_3};
    static const enum ws_metric_id mean[] = {
        WS_METRIC_DISTINCT_1_SAMPLE, WS_METRIC_DISTINCT_2_SAMPLE, WS_METRIC_DISTINCT_3_SAMPLE};
    static const enum ws_metric_id adjusted[] = {WS_METRIC_EAD_1, WS_METRIC_EAD_2, WS_METRIC_EAD_3};
    ws_metric_put(set, adjusted[grams->length - 1], grams->tokens, adjusted_distinct(grams, words));
    ws_metric_put(set, pooled[grams->length - 1], grams->tokens,
                  (double)grams->distinct / (double)grams->places);
    ws_metric_put(set, mean[grams->length - 1], grams->item_count, mean_distinct(grams));
}

enum ws_status ws_measure_ngrams(const struct ws_payload *sample, struct ws_arena *scratch,
                                 struct ws_metric_set *set, struct ws_error *err)
{
    struct ws_grams grams;
    struct ws_self_bleu bleu;
    WS_TRY(ws_grams_init(&grams, sample, scratch, err));
    WS_TRY(ws_self_bleu_init(&bleu, sample, scratch, err));
    for (size_t n = 1; n <= WS_SELF_BLEU_LENGTH; n++) {
        ws_grams_lengthen(&grams);
        ws_self_bleu_add(&bleu, &grams);
        if (n < LONGEST)
            measure_distinct(&grams, sample->types, set);
    }
    ws_metric_put(set, WS_METRIC_REPEATED_4, grams.tokens,
                  (double)grams.repeated / (double)grams.places);
    if (sample->count >= WS_SELF_BLEU_LEAST)
        ws_metric_put(set, WS_METRIC_SELF_BLEU, sample->count, ws_self_bleu_value(&bleu));
    return WS_OK;
}
