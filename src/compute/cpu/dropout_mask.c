#include "compute/cpu/dropout_mask.h"

#include <assert.h>

/* Words below it are dropped. p < 1. */
static uint32_t threshold(const struct ws_dropout *dropout)
{
    assert(dropout->p >= 0 && dropout->p < 1);
    return (uint32_t)((double)dropout->p * 0x1p32);
}

static struct ws_dropout_draws draws_of(const struct ws_dropout *dropout, uint64_t block)
{
    return (struct ws_dropout_draws){
        .counter = {(uint32_t)block, (uint32_t)(block >> 32), dropout->site,
                    dropout->key.generation},
        .key = {dropout->key.word[0], dropout->key.word[1]},
        .least = threshold(dropout),
        .kept = 1 / (1 - dropout->p),
    };
}

float ws_dropout_factor(const struct ws_dropout *dropout, uint64_t number)
{
    struct ws_dropout_draws draws = draws_of(dropout, number / 64 * 16 + number % 16);
    uint32_t words[4];
    ws_philox(draws.counter, draws.key, words);
    return words[number / 16 % 4] >= draws.least ? draws.kept : 0;
}

void ws_dropout_factors(const struct ws_vector_ops *vector, float *factors,
                        const struct ws_dropout *dropout, uint64_t first, size_t count)
{
    enum { GROUP = 64 };
    float group[GROUP];
    for (size_t i = 0; i < count;) {
        uint64_t number = first + i;
        struct ws_dropout_draws draws = draws_of(dropout, number / GROUP * 16);
        size_t skip = number % GROUP;
        size_t taken = GROUP - skip < count - i ? GROUP - skip : count - i;
        if (taken == GROUP) {
            vector->dropout_factors(factors + i, &draws);
        } else {
            vector->dropout_factors(group, &draws);
            for (size_t j = 0; j < taken; j++)
                factors[i + j] = group[skip + j];
        }
        i += taken;
    }
}
