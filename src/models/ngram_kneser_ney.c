/*
 * Interpolated modified Kneser-Ney: S. F. Chen and J. Goodman, "An empirical study of smoothing
 * techniques for language modeling", Computer Speech and Language 13 (1999), section 3.3 (numbered
 * as in Harvard TR-10-98, section 3).
 *
 *     P(w | c) = (a(cw) - D(a(cw))) / a(c.) + backoff(c) P(w | c without its first token)
 *     backoff(c) = (D1 N1(c.) + D2 N2(c.) + D3 N3+(c.)) / a(c.)
 *
 * a(cw) is the count for k-grams of the highest order and for those that begin a block, which have
 * no left neighbour; for all others it is the number of distinct left neighbours. The empty
 * context backs off to 1 / types.
 *
 * Of a text without end counts have no end, so that there D / a(c.) is 0 where a is a count.
 */
#include <stdbool.h>
#include <string.h>

#include "models/ngram_model.h"

/* a() of every node. */
static void adjust_counts(const struct ws_ngram_trie *trie, uint32_t *adjusted)
{
    memcpy(adjusted, trie->count, ws_ngram_nodes(trie) * sizeof *adjusted);
    for (uint32_t k = 1; k < trie->order; k++) {
        uint32_t first = trie->level[k];
        memset(adjusted + first, 0, (ws_ngram_block_starts(trie, k) - first) * sizeof *adjusted);
        for (uint32_t node = trie->level[k + 1]; node < trie->level[k + 2]; node++)
            adjusted[trie->suffix[node]]++;
    }
}

/* Chen and Goodman, equation 26: from how many k-grams have count 1, 2, 3 and 4. */
static void estimate_discounts(const uint32_t *adjusted, uint32_t first, uint32_t end,
                               double discount[4])
{
    uint64_t n[5] = {0};
    for (uint32_t node = first; node < end; node++)
        if (adjusted[node] < 5)
            n[adjusted[node]]++;
    discount[0] = 0;
    bool usable = true;
    for (unsigned r = 1; r <= 3; r++) {
        double y = (double)n[1] / ((double)n[1] + 2 * (double)n[2]);
        discount[r] = r - (r + 1) * y * (double)n[r + 1] / (double)n[r];
        usable = usable && n[r] > 0 && discount[r] > 0 && discount[r] < r;
    }
    /* Tiny or artificial texts lack counts to estimate from: half of what a count adds. */
    if (!usable) {
        discount[1] = 0.5;
        discount[2] = 1;
        discount[3] = 1.5;
    }
}

static inline double discount_of(const double discount[4], uint32_t count)
{
    return discount[count < 3 ? count : 3];
}

/* The share of a context's mass that its discounts free, over children `first` .. `end - 1`. */
static double freed_mass(const uint32_t *adjusted, uint32_t first, uint32_t end,
                         const double discount[4], double *total)
{
    uint64_t with[4] = {0};
    uint64_t sum = 0;
    for (uint32_t child = first; child < end; child++) {
        with[adjusted[child] < 3 ? adjusted[child] : 3]++;
        sum += adjusted[child];
    }
    *total = (double)sum;
    double freed = 0;
    for (unsigned r = 1; r <= 3; r++)
        freed += discount[r] * (double)with[r];
    return sum > 0 ? freed / (double)sum : 1;
}

/* Contexts in ascending order: what a child's estimate leans on has a smaller number. */
static void fill_probabilities(const struct ws_ngram_model *model, const uint32_t *adjusted,
                               double *probability, double *backoff)
{
    const struct ws_ngram_trie *trie = &model->trie;
    uint32_t k = 1; /* level of the children */
    probability[0] = 1 / (double)trie->types;
    for (uint32_t context = 0; context < ws_ngram_contexts(trie); context++) {
        if (context >= trie->level[k])
            k++;
        const double *discount = ws_ngram_discount(model, k, context);
        uint32_t first = trie->first_child[context];
        uint32_t end = trie->first_child[context + 1];
        double total;
        backoff[context] = freed_mass(adjusted, first, end, discount, &total);
        for (uint32_t child = first; child < end; child++)
            probability[child] =
                ((double)adjusted[child] - discount_of(discount, adjusted[child])) / total +
                backoff[context] * probability[trie->suffix[child]];
    }
}

enum ws_status ws_ngram_kneser_ney(struct ws_ngram_model *model, struct ws_arena *scratch,
                                   struct ws_arena *arena, const uint32_t **counts,
                                   struct ws_error *err)
{
    const struct ws_ngram_trie *trie = &model->trie;
    uint32_t nodes = ws_ngram_nodes(trie);
    uint32_t *adjusted = WS_ARENA_NEW(scratch, uint32_t, nodes);
    double *probability = WS_ARENA_NEW(arena, double, nodes);
    double *backoff = WS_ARENA_NEW(arena, double, ws_ngram_contexts(trie));
    if (!adjusted || !probability || !backoff)
        return ws_fail_memory(err, "Kneser-Ney estimates");
    adjust_counts(trie, adjusted);
    for (uint32_t k = 1; k <= trie->order; k++)
        estimate_discounts(adjusted, trie->level[k], trie->level[k + 1], model->discount[k]);
    fill_probabilities(model, adjusted, probability, backoff);
    model->probability = probability;
    model->backoff = backoff;
    *counts = adjusted;
    return WS_OK;
}

double ws_ngram_score(const struct ws_ngram_model *model, uint32_t *state, uint32_t token)
{
    const struct ws_ngram_trie *trie = &model->trie;
    double passed_on = 1;
    for (uint32_t context = *state;; context = trie->suffix[context]) {
        uint32_t child = ws_ngram_child(trie, context, token);
        if (child) {
            *state = model->outcomes[child].next;
            return passed_on * model->probability[child];
        }
        passed_on *= model->backoff[context];
        if (context == 0) {
            *state = 0;
            return passed_on * model->probability[0];
        }
    }
}
