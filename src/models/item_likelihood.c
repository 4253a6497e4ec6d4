#include "models/item_likelihood.h"

#include <assert.h>
#include <math.h>

static enum ws_status score_texts(const struct ws_model *model, const struct ws_dataset *data,
                                  const struct ws_job *job, struct ws_arena *scratch, double out[],
                                  struct ws_error *err)
{
    struct ws_item_score *scores = WS_ARENA_NEW(scratch, struct ws_item_score, data->count);
    if (!scores)
        return ws_fail_memory(err, "the scores of items");
    WS_TRY(model->ops->score(model, data, job, scratch, scores, err));
    for (uint64_t i = 0; i < data->count; i++)
        out[i] = scores[i].log_probability / (double)(scores[i].tokens ? scores[i].tokens : 1);
    return WS_OK;
}

/* Of a payload's item; `scratch` is empty before and afterwards. */
static enum ws_status density_at(const struct ws_model *model, const struct ws_payload *payload,
                                 uint64_t item, struct ws_arena *scratch, double *out,
                                 struct ws_error *err)
{
    const struct ws_segment segment = {.payload = payload, .first = item, .count = 1, .weight = 1};
    const struct ws_dataset one = {
        .kind = payload->kind,
        .types = payload->types,
        .dimension = payload->dimension,
        .count = 1,
        .segment_count = 1,
        .segments = &segment,
    };
    uint64_t terms;
    ws_arena_reset(scratch);
    return model->ops->log_density(model, &one, scratch, out, &terms, err);
}

/* Every type once; all its occurrences are as likely. */
static enum ws_status score_counts(const struct ws_model *model, const struct ws_payload *payload,
                                   struct ws_arena *scratch, double out[], struct ws_error *err)
{
    static const uint64_t once = 1;
    for (size_t i = 0; i < payload->counts.size; i++) {
        const struct ws_payload one = {
            .kind = WS_DATA_COUNTS,
            .count = 1,
            .types = payload->types,
            .counts = {.type = &payload->counts.type[i], .count = &once, .size = 1},
        };
        WS_TRY(density_at(model, &one, 0, scratch, out, err));
        for (uint64_t n = 1; n < payload->counts.count[i]; n++)
            out[n] = out[0];
        out += payload->counts.count[i];
    }
    return WS_OK;
}

static enum ws_status score_others(const struct ws_model *model, const struct ws_dataset *data,
                                   struct ws_arena *scratch, double out[], struct ws_error *err)
{
    for (size_t s = 0; s < data->segment_count; s++) {
        const struct ws_segment *segment = &data->segments[s];
        if (data->kind == WS_DATA_COUNTS)
            WS_TRY(score_counts(model, segment->payload, scratch, out, err));
        for (uint64_t i = 0; data->kind != WS_DATA_COUNTS && i < segment->count; i++)
            WS_TRY(density_at(model, segment->payload, ws_segment_item(segment, i), scratch,
                              &out[i], err));
        out += segment->count;
    }
    return WS_OK;
}

enum ws_status ws_item_likelihoods(const struct ws_model *model, const struct ws_dataset *data,
                                   const struct ws_job *job, struct ws_arena *scratch, double out[],
                                   struct ws_error *err)
{
    if (data->kind == WS_DATA_TOKENS)
        return score_texts(model, data, job, scratch, out, err);
    assert(model->ops->log_density);
    struct ws_arena own;
    ws_arena_init(&own, scratch->allocator);
    enum ws_status status = score_others(model, data, &own, out, err);
    ws_arena_release(&own);
    return status;
}
