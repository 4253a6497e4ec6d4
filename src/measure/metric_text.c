#include <math.h>
#include <string.h>

#include "measure/compression.h"
#include "measure/mauve.h"
#include "measure/metric_set.h"
#include "measure/mtld.h"
#include "measure/vendi.h"

/* Items of the seed's metric stream at arm 0, generation 0. Item 0 draws the human sample. */
enum { DRAW_POINTS = 1, DRAW_CLUSTERS = 2 };

static struct ws_rng_key key_of(const struct ws_reference *reference)
{
    return ws_rng_key(WS_STREAM_METRIC, reference->deal->seed, 0, 0);
}

/* The human side of MAUVE. Its items lie in the order of the corpus, so some of them are drawn. */
static enum ws_status prepare_points(struct ws_reference *reference, const struct ws_dataset *human,
                                     struct ws_arena *arena, struct ws_error *err)
{
    struct ws_dataset side = *human;
    if (human->count > WS_MAUVE_ITEMS) {
        struct ws_rng rng;
        ws_rng_init(&rng, key_of(reference), DRAW_POINTS);
        WS_TRY(ws_dataset_subset(human, WS_MAUVE_ITEMS, &rng, arena, &side, err));
    }
    float *points = WS_ARENA_NEW(arena, float, side.count *WS_MAUVE_DIMENSION);
    if (!points)
        return ws_fail_memory(err, "the human side of MAUVE");
    ws_mauve_points(&side, side.count, points);
    reference->human_points = points;
    reference->human_point_count = side.count;
    return WS_OK;
}

/* Deflating all of a long sample would cost more than drawing it, and shows no more: repeats are
 * seen within 32 KiB. */
enum { COMPRESSED_TOKENS = 1 << 15 };

/* Evenly spaced items, for those of a human sample lie in the order of the corpus; as people read
 * them, each with a line's end behind it. *tokens: how many they have. */
static enum ws_status print_some(const struct ws_human *human, const struct ws_dataset *text,
                                 struct ws_buffer *out, uint64_t *tokens, struct ws_error *err)
{
    uint64_t all = ws_dataset_lengths(text).total;
    uint64_t wanted = all > COMPRESSED_TOKENS ? text->count * COMPRESSED_TOKENS / all : text->count;
    uint64_t at = 0, taken = 0;
    wanted += wanted == 0;
    *tokens = 0;
    for (size_t s = 0; s < text->segment_count; s++) {
        const struct ws_segment *segment = &text->segments[s];
        for (uint64_t i = 0; i < segment->count; i++, at++) {
            if (taken == wanted || at != taken * text->count / wanted)
                continue;
            size_t size;
            const uint32_t *ids =
                ws_payload_tokens(segment->payload, ws_segment_item(segment, i), &size);
            WS_TRY(ws_human_text(human, ids, size, out, err));
            ws_buffer_u8(out, '\n');
            *tokens += size;
            taken++;
        }
    }
    return ws_buffer_check(out, "a text", err);
}

static enum ws_status measure_compression(const struct ws_human *human,
                                          const struct ws_dataset *text, struct ws_arena *scratch,
                                          struct ws_compression *out, struct ws_error *err)
{
    struct ws_buffer bytes;
    ws_buffer_init(&bytes, scratch->allocator, SIZE_MAX);
    enum ws_status status = print_some(human, text, &bytes, &out->tokens, err);
    if (status == WS_OK)
        status = ws_compression_ratio(ws_buffer_bytes(&bytes), scratch, &out->ratio, err);
    ws_buffer_release(&bytes);
    return status;
}

enum ws_status ws_reference_prepare_text(struct ws_reference *reference,
                                         const struct ws_dataset *human, struct ws_arena *arena,
                                         struct ws_error *err)
{
    WS_TRY(prepare_points(reference, human, arena, err));
    WS_TRY(measure_compression(reference->deal->human, human, arena, &reference->human_compression,
                               err));
    WS_TRY(ws_rare_trigrams_of(&reference->deal->reference, arena, &reference->rare_trigrams, err));
    return ws_rare_trigrams_found(&reference->rare_trigrams, human, arena,
                                  &reference->rare_trigrams_human, err);
}

static enum ws_status measure_rare_trigrams(const struct ws_reference *reference,
                                            const struct ws_dataset *text, uint64_t tokens,
                                            struct ws_arena *scratch, struct ws_metric_set *set,
                                            struct ws_error *err)
{
    uint64_t found;
    if (reference->deal->reference.count == 0)
        return WS_OK;
    WS_TRY(ws_rare_trigrams_found(&reference->rare_trigrams, text, scratch, &found, err));
    double kept = (double)found;
    double human = (double)reference->rare_trigrams_human;
    double rare = (double)reference->rare_trigrams.count;
    ws_metric_put(set, WS_METRIC_RARE_TRIGRAM_RECALL, tokens, kept / rare);
    ws_metric_put(set, WS_METRIC_RARE_TRIGRAM_RECALL_HUMAN, reference->human_sample.count,
                  human / rare);
    ws_metric_put(set, WS_METRIC_RARE_TRIGRAM_KEPT, tokens, kept / human);
    return WS_OK;
}

static enum ws_status measure_vendi(const float *points, uint64_t count, struct ws_arena *scratch,
                                    struct ws_metric_set *set, struct ws_error *err)
{
    double eigenvalues[WS_MAUVE_DIMENSION];
    WS_TRY(
        ws_linear_kernel_eigenvalues(points, count, WS_MAUVE_DIMENSION, scratch, eigenvalues, err));
    ws_metric_put(set, WS_METRIC_VENDI_TEXT_HALF, count,
                  ws_hill_number(eigenvalues, WS_MAUVE_DIMENSION, 0.5));
    ws_metric_put(set, WS_METRIC_VENDI_TEXT_1, count,
                  ws_hill_number(eigenvalues, WS_MAUVE_DIMENSION, 1));
    ws_metric_put(set, WS_METRIC_VENDI_TEXT_2, count,
                  ws_hill_number(eigenvalues, WS_MAUVE_DIMENSION, 2));
    return WS_OK;
}

static enum ws_status measure_points(const struct ws_reference *reference,
                                     const struct ws_dataset *text, const struct ws_job *job,
                                     struct ws_arena *scratch, struct ws_metric_set *set,
                                     struct ws_error *err)
{
    uint64_t count = reference->human_point_count;
    size_t side = count * WS_MAUVE_DIMENSION;
    if (count < WS_MAUVE_LEAST)
        return WS_OK;
    float *points = WS_ARENA_NEW(scratch, float, 2 * side);
    if (!points)
        return ws_fail_memory(err, "MAUVE");
    double value;
    memcpy(points, reference->human_points, side * sizeof *points);
    ws_mauve_points(text, count, points + side);
    WS_TRY(ws_mauve(points, count, key_of(reference), DRAW_CLUSTERS, ws_job_threads(job), scratch,
                    &value, err));
    ws_metric_put(set, WS_METRIC_MAUVE, count, value);
    return measure_vendi(points + side, count, scratch, set, err);
}

static enum ws_status measure_mtld(const struct ws_payload *sample, uint64_t tokens,
                                   struct ws_arena *scratch, struct ws_metric_set *set,
                                   struct ws_error *err)
{
    double value;
    if (tokens < WS_MTLD_LEAST)
        return WS_OK;
    WS_TRY(ws_mtld(sample, scratch, &value, err));
    ws_metric_put(set, WS_METRIC_MTLD, tokens, value);
    return WS_OK;
}

/* Where the perplexities of one direction go. */
struct direction {
    enum ws_metric_id pooled, mean, histogram;
};

static enum ws_status measure_perplexity(const struct ws_dataset *text,
                                         const struct ws_model *model, struct direction to,
                                         const struct ws_job *job, struct ws_arena *scratch,
                                         struct ws_metric_set *set, double *entropy,
                                         struct ws_error *err)
{
    struct ws_item_score *scores = WS_ARENA_NEW(scratch, struct ws_item_score, text->count);
    struct ws_perplexity *all = WS_ARENA_NEW(scratch, struct ws_perplexity, 1);
    if (!scores || !all)
        return ws_fail_memory(err, "the scores of a text");
    WS_TRY(model->ops->score(model, text, job, scratch, scores, err));
    WS_TRY(ws_perplexity_of(scores, text->count, all, err));
    ws_metric_put(set, to.pooled, all->tokens, all->pooled);
    ws_metric_put(set, to.mean, all->sequences, all->mean);
    ws_metric_put_histogram(set, to.histogram, all->sequences, all->bin);
    *entropy = all->entropy;
    return WS_OK;
}

enum ws_status ws_measure_scores(const struct ws_reference *reference, const struct ws_model *model,
                                 const struct ws_model *first, const struct ws_payload *sample,
                                 const struct ws_job *job, struct ws_arena *scratch,
                                 struct ws_metric_set *set, struct ws_error *err)
{
    static const struct direction real = {WS_METRIC_PERPLEXITY, WS_METRIC_PERPLEXITY_MEAN,
                                          WS_METRIC_PERPLEXITY_HISTOGRAM};
    static const struct direction own = {WS_METRIC_OWN_TEXT_PERPLEXITY,
                                         WS_METRIC_OWN_TEXT_PERPLEXITY_MEAN,
                                         WS_METRIC_OWN_TEXT_PERPLEXITY_HISTOGRAM};
    const struct ws_dataset *held_out = &reference->deal->reference;
    struct ws_dataset text;
    double entropy;
    if (!model->ops->score)
        return WS_OK;
    if (held_out->count > 0) {
        WS_TRY(measure_perplexity(held_out, model, real, job, scratch, set, &entropy, err));
        if (!isnan(entropy))
            ws_metric_put(set, WS_METRIC_NEXT_TOKEN_ENTROPY, set->n[WS_METRIC_PERPLEXITY], entropy);
    }
    if (!first)
        return WS_OK;
    WS_TRY(ws_dataset_of(sample, (struct ws_origin){0}, scratch, &text, err));
    return measure_perplexity(&text, first, own, job, scratch, set, &entropy, err);
}

enum ws_status ws_measure_text(const struct ws_reference *reference,
                               const struct ws_payload *sample, const struct ws_job *job,
                               struct ws_arena *scratch, struct ws_metric_set *set,
                               struct ws_error *err)
{
    struct ws_dataset text;
    uint64_t tokens = sample->tokens.ends[sample->count - 1];
    struct ws_compression compression;
    WS_TRY(ws_dataset_of(sample, (struct ws_origin){0}, scratch, &text, err));
    WS_TRY(ws_measure_ngrams(sample, scratch, set, err));
    WS_TRY(measure_mtld(sample, tokens, scratch, set, err));
    WS_TRY(measure_compression(reference->deal->human, &text, scratch, &compression, err));
    ws_metric_put(set, WS_METRIC_COMPRESSION, compression.tokens, compression.ratio);
    ws_metric_put(set, WS_METRIC_COMPRESSION_HUMAN, reference->human_compression.tokens,
                  reference->human_compression.ratio);
    WS_TRY(measure_rare_trigrams(reference, &text, tokens, scratch, set, err));
    return measure_points(reference, &text, job, scratch, set, err);
}
