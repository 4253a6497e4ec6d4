/*
 * Beam search, with the rules of `transformers`.
 *
 * Each step ranks the 2 * beams best continuations of a prompt's running hypotheses. Those that end
 * and are among the first `beams` become finished hypotheses, of which the best `beams` are kept by
 * log probability / length^length_penalty; the first `beams` that do not end go on. A search is
 * over when the best running one, scored as if it ended now, is no better than the worst of a full
 * set of finished ones, or when the length is reached, where everything ends.
 */
#include <math.h>
#include <string.h>

#include "models/nn/transformer/generator.h"

/* A running hypothesis with one more token. */
struct candidate {
    double score; /* log probability of the tokens made */
    uint32_t beam;
    uint32_t token;
};

struct hypothesis {
    double score;
    uint32_t length;  /* tokens made */
    uint32_t *tokens; /* room for decoding.new_tokens */
};

/* Of one prompt. Its running hypotheses are the generator's sequences, the best first. */
struct search {
    double *scores;              /* (beams): of the running ones */
    struct hypothesis *finished; /* (beams), the best first */
    size_t finished_count;
    bool over;
};

struct ws_beams {
    struct search *searches;      /* (batch) */
    struct candidate *candidates; /* (2 * beams): of one prompt */
    uint32_t *before;             /* (beams, stride): one prompt's running texts before a step */
    uint32_t *tokens;             /* (slots, 2 * beams): as the device ranked them */
    float *values;
    uint32_t *parents; /* (slots): for the cache */
    uint32_t *firsts;
    uint32_t *lengths;
};

enum ws_status ws_beams_take_memory(struct ws_generator *g, struct ws_error *err)
{
    struct ws_arena *arena = &g->arena;
    size_t beams = g->decoding.beams, made = g->decoding.new_tokens;
    struct ws_beams *b = WS_ARENA_ZNEW(arena, struct ws_beams, 1);
    struct hypothesis *finished = WS_ARENA_NEW(arena, struct hypothesis, g->slots);
    uint32_t *tokens = WS_ARENA_NEW(arena, uint32_t, g->slots * made);
    double *scores = WS_ARENA_NEW(arena, double, g->slots);
    if (!b || !finished || !tokens || !scores)
        return ws_fail_memory(err, "the hypotheses of a batch");
    b->searches = WS_ARENA_NEW(arena, struct search, g->batch);
    b->candidates = WS_ARENA_NEW(arena, struct candidate, 2 * beams);
    b->before = WS_ARENA_NEW(arena, uint32_t, beams * g->stride);
    b->tokens = WS_ARENA_NEW(arena, uint32_t, g->slots * 2 * beams);
    b->values = WS_ARENA_NEW(arena, float, g->slots * 2 * beams);
    b->parents = WS_ARENA_NEW(arena, uint32_t, g->slots);
    b->firsts = WS_ARENA_NEW(arena, uint32_t, g->slots);
    b->lengths = WS_ARENA_NEW(arena, uint32_t, g->slots);
    if (!b->searches || !b->candidates || !b->before || !b->tokens || !b->values || !b->parents ||
        !b->firsts || !b->lengths)
        return ws_fail_memory(err, "the beams of a batch");
    for (size_t s = 0; s < g->slots; s++)
        finished[s].tokens = tokens + s * made;
    for (size_t p = 0; p < g->batch; p++)
        b->searches[p] = (struct search){scores + p * beams, finished + p * beams, 0, false};
    g->beams = b;
    return WS_OK;
}

/* Candidates ----------------------------------------------------------------------------------- */

/* The 2 * beams best continuations of a prompt's rows first_row .. first_row + rows - 1, the best
 * first; of equals that of the better hypothesis, then the smaller token. */
static void merge_candidates(const struct ws_generator *g, const struct search *search,
                             size_t first_row, size_t rows)
{
    size_t most = 2 * g->decoding.beams, count = 0;
    struct candidate *candidates = g->beams->candidates;
    for (uint32_t beam = 0; beam < rows; beam++) {
        for (size_t k = 0; k < most; k++) {
            size_t from = (first_row + beam) * most + k;
            struct candidate c = {search->scores[beam] + (double)g->beams->values[from], beam,
                                  g->beams->tokens[from]};
            if (count == most && c.score <= candidates[most - 1].score)
                break;
            size_t at = count < most ? count++ : most - 1;
            for (; at > 0 && candidates[at - 1].score < c.score; at--)
                candidates[at] = candidates[at - 1];
            candidates[at] = c;
        }
    }
}

static bool ends(const struct ws_generator *g, const struct candidate *c, uint32_t length)
{
    return length == g->decoding.new_tokens || (g->decoding.stop_at_end && c->token == g->eos);
}

/* Puts a candidate of `length` tokens among the finished ones, if it is good enough. */
static void finish(const struct ws_generator *g, struct search *search, const struct candidate *c,
                   const uint32_t *text, uint32_t length)
{
    size_t beams = g->decoding.beams;
    double score = c->score / pow(length, g->decoding.length_penalty);
    struct hypothesis *finished = search->finished;
    bool full = search->finished_count == beams;
    if (full && !(score > finished[beams - 1].score))
        return;
    size_t at = full ? beams - 1 : search->finished_count++;
    struct hypothesis own = {score, length, finished[at].tokens};
    memcpy(own.tokens, text, (length - 1) * sizeof *text);
    own.tokens[length - 1] = c->token;
    for (; at > 0 && finished[at - 1].score < score; at--)
        finished[at] = finished[at - 1];
    finished[at] = own;
}

/* One step of a search --------------------------------------------------------------------------*/

static size_t common_prefix(const uint32_t *a, const uint32_t *b, size_t length)
{
    size_t i = 0;
    while (i < length && a[i] == b[i])
        i++;
    return i;
}

/* Hypothesis j becomes candidate c of texts that had `length` tokens; its slot needs the keys and
 * values of c's hypothesis from where the two texts begin to differ. */
static void advance(struct ws_generator *g, size_t first, size_t j, const struct candidate *c,
                    uint32_t length)
{
    struct ws_beams *b = g->beams;
    struct ws_sequence *sequence = &g->sequences[first + j];
    const uint32_t *own = b->before + j * g->stride, *parent = b->before + c->beam * g->stride;
    uint32_t prompt = g->sequences[first].prompt;
    bool empty = length == prompt && j > 0; /* prompts fill the first slot only */
    b->parents[first + j] = (uint32_t)first + c->beam;
    b->firsts[first + j] = empty ? 0 : (uint32_t)common_prefix(own, parent, length);
    b->lengths[first + j] = length;
    memcpy(sequence->tokens, parent, length * sizeof *parent);
    sequence->tokens[length] = c->token;
    sequence->prompt = prompt;
    sequence->length = length + 1;
}

/* Its rows are first_row .. first_row + rows - 1. */
static void step_search(struct ws_generator *g, size_t prompt, size_t first_row, size_t rows)
{
    struct search *search = &g->beams->searches[prompt];
    size_t beams = g->decoding.beams, first = prompt * beams, running = 0;
    uint32_t length = g->sequences[first].length, start = g->sequences[first].prompt;
    uint32_t made = length - start + 1;
    merge_candidates(g, search, first_row, rows);
    for (size_t j = 0; j < rows; j++)
        memcpy(g->beams->before + j * g->stride, g->sequences[first + j].tokens,
               length * sizeof(uint32_t));
    for (size_t k = 0; k < 2 * beams; k++) {
        const struct candidate *c = &g->beams->candidates[k];
        if (ends(g, c, made)) {
            if (k < beams)
                finish(g, search, c, g->beams->before + c->beam * g->stride + start, made);
        } else if (running < beams) {
            search->scores[running] = c->score;
            advance(g, first, running++, c, length);
        }
    }
    double best = search->scores[0] / pow(made, g->decoding.length_penalty);
    search->over = running == 0 ||
                   (search->finished_count == beams && !(best > search->finished[beams - 1].score));
}

/* A batch -------------------------------------------------------------------------------------- */

static enum ws_status rank(struct ws_generator *g, uint64_t first, struct ws_error *err)
{
    size_t most = 2 * g->decoding.beams, rows = g->rows.count;
    ws_edits_begin(&g->edits);
    for (size_t r = 0; r < rows; r++)
        ws_edits_add(&g->edits, &g->decoding, g->eos, &g->sequences[g->rows.slots[r]]);
    const struct ws_edits edits = ws_edits_of(&g->edits, &g->decoding);
    g->ops->rank(g->device, g->beams->tokens, g->beams->values, ws_decoder_logits(g->decoder),
                 &edits, rows, g->vocabulary, most);
    WS_TRY(g->ops->check(g->device, err));
    for (size_t r = 0; r < rows; r++) {
        uint32_t slot = g->rows.slots[r];
        if (g->beams->tokens[r * most] == WS_NO_TARGET)
            return ws_fail_scores(err, first + slot / g->decoding.beams,
                                  g->sequences[slot].length - 1);
    }
    return WS_OK;
}

/* Gives how many searches go on. */
static size_t step_searches(struct ws_generator *g, size_t rows_each)
{
    struct ws_beams *b = g->beams;
    size_t running = 0;
    for (size_t s = 0; s < g->slots; s++) {
        b->parents[s] = (uint32_t)s;
        b->firsts[s] = b->lengths[s] = 0;
    }
    for (size_t r = 0; r < g->rows.count; r += rows_each) {
        size_t prompt = g->rows.slots[r] / g->decoding.beams;
        if (!b->searches[prompt].over)
            step_search(g, prompt, r, rows_each);
        running += !b->searches[prompt].over;
    }
    return running;
}

/* All beams of the searches that go on. */
static void list_rows(struct ws_generator *g, size_t count)
{
    size_t beams = g->decoding.beams, rows = 0;
    for (size_t prompt = 0; prompt < count; prompt++)
        for (size_t j = 0; j < beams && !g->beams->searches[prompt].over; j++)
            g->rows.slots[rows++] = (uint32_t)(prompt * beams + j);
    g->rows.count = rows;
}

static void take_best(struct ws_generator *g, size_t count)
{
    for (size_t prompt = 0; prompt < count; prompt++) {
        const struct hypothesis *best = &g->beams->searches[prompt].finished[0];
        struct ws_sequence *sequence = &g->sequences[prompt * g->decoding.beams];
        sequence->length = sequence->prompt + best->length;
        memcpy(sequence->tokens + sequence->prompt, best->tokens,
               best->length * sizeof *best->tokens);
    }
}

enum ws_status ws_generate_beams(struct ws_generator *g, uint64_t first, size_t count,
                                 struct ws_error *err)
{
    size_t beams = g->decoding.beams, rows_each = 1;
    g->rows.count = count; /* after the prompts a search has one hypothesis: nothing */
    for (size_t prompt = 0; prompt < count; prompt++) {
        g->beams->searches[prompt].finished_count = 0;
        g->beams->searches[prompt].over = false;
        g->beams->searches[prompt].scores[0] = 0;
    }
    for (;;) {
        WS_TRY(rank(g, first, err));
        size_t running = step_searches(g, rows_each);
        if (running == 0)
            break;
        if (rows_each == 1 || 4 * running <= 3 * (g->rows.count / beams))
            list_rows(g, count);
        rows_each = beams;
        ws_decoder_reorder(g->decoder, g->beams->parents, g->beams->firsts, g->beams->lengths);
        ws_generator_step(g);
    }
    take_best(g, count);
    return WS_OK;
}
