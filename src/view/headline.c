#include "view/headline.h"

#include <stddef.h>
#include <string.h>

struct family_headlines {
    const char *family;
    struct ws_headline headlines[WS_HEADLINES]; /* the last stays empty */
};

/* What samples of vectors are measured by. */
/* clang-format off */
#define HEADLINES_OF_VECTORS                                                                       \
    {"mode_coverage", "modes kept", "of the truth's", WS_NUMBER_PERCENT},                             \
    {"sliced_w2", "sliced W2", "to real data", WS_NUMBER_REAL},                                       \
    {"w2_sample", "W2", "to real data", WS_NUMBER_REAL},                                              \
    {"modal_variance_ratio", "modes' variance", "truth = 100 %", WS_NUMBER_PERCENT}
/* clang-format on */

static const struct family_headlines families[] = {
    {"ngram",
     {{"types", "distinct words", "in the sample", WS_NUMBER_COUNT},
      {"rare_kept", "rare words", "human = 100 %", WS_NUMBER_PERCENT},
      {"mass_lost", "real text lost", "share of words", WS_NUMBER_PERCENT},
      {"perplexity", "perplexity", "of real text", WS_NUMBER_REAL}}},
    {"transformer",
     {{"perplexity", "perplexity", "of real text", WS_NUMBER_REAL},
      {"own_text_perplexity", "own text's", "under the first", WS_NUMBER_REAL},
      {"rare_trigram_kept", "rare trigrams", "human = 100 %", WS_NUMBER_PERCENT},
      {"next_token_entropy", "entropy of", "the next token", WS_NUMBER_REAL}}},
    {"discrete",
     {{"support_kept", "symbols kept", "of the original", WS_NUMBER_PERCENT},
      {"entropy_mm", "entropy", "nats", WS_NUMBER_REAL},
      {"mass_lost_truth", "mass lost", "of the truth", WS_NUMBER_PERCENT},
      {"heterozygosity", "heterozygosity", "1 - sum p^2", WS_NUMBER_REAL}}},
    {"gaussian",
     {{"variance_ratio", "variance", "truth = 100 %", WS_NUMBER_PERCENT},
      {"log_variance", "log variance", "truth = 0", WS_NUMBER_REAL},
      {"w2_squared", "W2 squared", "to the truth", WS_NUMBER_REAL},
      {"mean_error_squared", "mean error^2", "to the truth", WS_NUMBER_REAL},
      HEADLINES_OF_VECTORS}},
    {"gmm",
     {{"mixture_l2_squared", "L2 squared", "to the first", WS_NUMBER_REAL},
      {"spread_most", "widest", "component", WS_NUMBER_REAL},
      {"spread_least", "narrowest", "component", WS_NUMBER_REAL},
      {"test_nll", "surprise", "of real data", WS_NUMBER_REAL},
      HEADLINES_OF_VECTORS}},
    {"regression",
     {{"excess_risk", "excess risk", "new inputs", WS_NUMBER_REAL},
      {"design_risk", "excess risk", "the first inputs", WS_NUMBER_REAL},
      {"test_nll", "surprise", "of real data", WS_NUMBER_REAL},
      HEADLINES_OF_VECTORS}},
    {"logistic",
     {{"accuracy_truth", "accuracy", "by the truth", WS_NUMBER_PERCENT},
      {"accuracy", "accuracy", "of real data", WS_NUMBER_PERCENT},
      {"test_nll", "surprise", "of real data", WS_NUMBER_REAL},
      HEADLINES_OF_VECTORS}},
    {"bernoulli",
     {{"count_mean", "probability", "of 1", WS_NUMBER_PERCENT},
      {"alive", "alive", "not yet 0", WS_NUMBER_REAL}}},
    {"poisson",
     {{"count_mean", "mean", "count", WS_NUMBER_REAL},
      {"alive", "alive", "not yet 0", WS_NUMBER_REAL}}},
    {"external",
     {{"test_nll", "surprise", "of real data", WS_NUMBER_REAL},
      HEADLINES_OF_VECTORS,
      {"support_kept", "symbols kept", "of the original", WS_NUMBER_PERCENT},
      {"types", "distinct", "in the sample", WS_NUMBER_COUNT},
      {"mass_lost", "real data lost", "share", WS_NUMBER_PERCENT}}},
    /* Every other family: NULL ends the search. */
    {NULL, {{"test_nll", "surprise", "of real data", WS_NUMBER_REAL}, HEADLINES_OF_VECTORS}},
};

const struct ws_headline *ws_headlines(const char *family)
{
    const struct family_headlines *here = families;
    while (here->family && strcmp(here->family, family) != 0)
        here++;
    return here->headlines;
}

const struct ws_headline *ws_headline_find(const char *family, const char *metric)
{
    const struct ws_headline *here = ws_headlines(family);
    while (here->metric && strcmp(here->metric, metric) != 0)
        here++;
    return here->metric ? here : NULL;
}
