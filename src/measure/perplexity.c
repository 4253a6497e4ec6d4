#include "measure/perplexity.h"

#include <inttypes.h>
#include <math.h>

double ws_perplexity_edge(unsigned bin)
{
    return pow(10, (double)bin / WS_PERPLEXITY_DECADE);
}

static unsigned bin_of(double perplexity)
{
    double place = floor(WS_PERPLEXITY_DECADE * log10(perplexity));
    if (place < 0) /* 1 but for rounding */
        return 0;
    return place < WS_PERPLEXITY_BINS ? (unsigned)place : WS_PERPLEXITY_BINS - 1;
}

enum ws_status ws_perplexity_of(const struct ws_item_score *scores, uint64_t count,
                                struct ws_perplexity *out, struct ws_error *err)
{
    struct ws_perplexity all = {0};
    double log_probability = 0;
    for (uint64_t i = 0; i < count; i++) {
        const struct ws_item_score *score = &scores[i];
        if (isnan(score->log_probability))
            return ws_fail(err, WS_NUMERIC, "the model gives sequence %" PRIu64 " no probability",
                           i);
        if (score->tokens == 0)
            continue;
        double perplexity = exp(-score->log_probability / (double)score->tokens);
        all.sequences++;
        all.tokens += score->tokens;
        all.mean += perplexity;
        all.entropy += score->entropy;
        all.bin[bin_of(perplexity)]++;
        log_probability += score->log_probability;
    }
    all.pooled = exp(-log_probability / (double)all.tokens);
    all.mean /= (double)all.sequences;
    all.entropy /= (double)all.tokens;
    *out = all;
    return WS_OK;
}
