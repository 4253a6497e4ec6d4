#include "models/nn/transformer/score.h"

#include <inttypes.h>
#include <math.h>

/* Tokens --------------------------------------------------------------------------------------- */

struct scoring {
    struct ws_pool *pool;
    const uint32_t *targets;
    size_t vocabulary;
    struct ws_token_score *out;
    const float *logits; /* of the rows at hand */
    size_t first;
};

/* The moments are those of logit - max, which is l up to a constant of the row. */
static void score_row(void *context, size_t row)
{
    const struct scoring *scoring = context;
    const float *logits = scoring->logits + row * scoring->vocabulary;
    struct ws_token_score *out = &scoring->out[scoring->first + row];
    uint32_t target = scoring->targets[scoring->first + row];
    *out = (struct ws_token_score){0, 0, 0};
    if (target == WS_NO_TARGET)
        return;
    double max = (double)ws_row_max(logits, scoring->vocabulary);
    double total = 0, first = 0, second = 0;
    for (size_t v = 0; v < scoring->vocabulary; v++) {
        double distance = (double)logits[v] - max;
        double weight = exp(distance);
        total += weight;
        first += weight * distance;
        second += weight * distance * distance;
    }
    double mean = first / total;
    out->log_probability = (double)logits[target] - max - log(total);
    out->entropy = log(total) - mean;
    out->variance = second / total - mean * mean;
}

static void score_rows(void *context, const float *logits, size_t first, size_t rows)
{
    struct scoring *scoring = context;
    scoring->logits = logits;
    scoring->first = first;
    ws_pool_run(scoring->pool, rows, score_row, scoring);
}

enum ws_status ws_score_tokens(struct ws_network *network, struct ws_pool *pool,
                               const struct ws_batch *batch, struct ws_token_score *out,
                               struct ws_error *err)
{
    const struct ws_layout *layout = ws_network_layout(network);
    struct scoring scoring = {
        .pool = pool,
        .targets = batch->targets,
        .vocabulary = ws_layout_at(layout, WS_TENSOR_TOKENS, 0).rows,
        .out = out,
    };
    return ws_network_visit_logits(network, batch, score_rows, &scoring, err);
}

/* Passages ------------------------------------------------------------------------------------- */

double ws_fast_detectgpt(const struct ws_token_score *scores, size_t count)
{
    double discrepancy = 0, variance = 0;
    for (size_t i = 0; i < count; i++) {
        discrepancy += scores[i].log_probability + scores[i].entropy;
        variance += scores[i].variance;
    }
    return variance > 0 ? discrepancy / sqrt(variance) : (double)NAN;
}

/* Sums of what ws_text_score has means of. */
static void add_passage(struct ws_text_score *sums, const uint32_t *targets,
                        const struct ws_token_score *scores, size_t count)
{
    uint64_t tokens = 0;
    for (size_t i = 0; i < count; i++) {
        tokens += targets[i] != WS_NO_TARGET;
        sums->loss -= scores[i].log_probability;
        sums->entropy += scores[i].entropy;
    }
    if (tokens == 0)
        return;
    sums->tokens += tokens;
    sums->passages++;
    sums->fast_detectgpt += ws_fast_detectgpt(scores, count);
}

/* A batch on its way: what it is made in, and what it adds to. */
struct passages {
    const struct ws_scorer *scorer;
    const struct ws_examples *examples;
    uint32_t *starts;              /* (tokens + 1) */
    struct ws_token_score *scores; /* (tokens) */
    struct ws_text_score sums;
};

/* Scores examples from `first` on, as many as the network takes at once, and says how many. */
static enum ws_status score_batch(struct passages *p, uint64_t first, uint64_t *used,
                                  struct ws_error *err)
{
    const struct ws_examples *examples = p->examples;
    size_t most = ws_network_tokens(p->scorer->network);
    uint64_t begin = ws_example_start(examples, first);
    uint64_t count = ws_examples_that_fit(examples, first, most);
    if (ws_example_size(examples, first) > most)
        return ws_fail(err, WS_INVALID, "a passage of %zu tokens, wanted at most %zu",
                       ws_example_size(examples, first), most);
    for (uint64_t i = 0; i <= count; i++)
        p->starts[i] = (uint32_t)(ws_example_start(examples, first + i) - begin);
    const struct ws_batch batch = {count, p->starts, examples->tokens + begin,
                                   examples->targets + begin};
    WS_TRY(ws_score_tokens(p->scorer->network, p->scorer->pool, &batch, p->scores, err));
    for (uint64_t i = 0; i < count; i++)
        add_passage(&p->sums, batch.targets + p->starts[i], p->scores + p->starts[i],
                    p->starts[i + 1] - p->starts[i]);
    *used = count;
    return WS_OK;
}

static enum ws_status score_all(struct passages *p, struct ws_error *err)
{
    for (uint64_t first = 0, used = 0; first < p->examples->count;) {
        WS_TRY(score_batch(p, first, &used, err));
        first += used;
        if (p->scorer->progress)
            p->scorer->progress(p->scorer->user, first);
    }
    return WS_OK;
}

enum ws_status ws_score_examples(const struct ws_scorer *scorer, const struct ws_examples *examples,
                                 struct ws_text_score *out, struct ws_error *err)
{
    struct ws_arena arena;
    ws_arena_init(&arena, scorer->allocator);
    size_t most = ws_network_tokens(scorer->network);
    struct passages p = {
        .scorer = scorer,
        .examples = examples,
        .starts = WS_ARENA_NEW(&arena, uint32_t, most + 1),
        .scores = WS_ARENA_NEW(&arena, struct ws_token_score, most),
    };
    enum ws_status status =
        p.starts && p.scores ? score_all(&p, err) : ws_fail_memory(err, "scores");
    ws_arena_release(&arena);
    if (status != WS_OK)
        return status;
    *out = p.sums;
    out->loss /= (double)p.sums.tokens;
    out->entropy /= (double)p.sums.tokens;
    out->fast_detectgpt /= (double)p.sums.passages;
    return WS_OK;
}
