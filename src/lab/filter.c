#include "lab/filter.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/sampler.h"
#include "models/item_likelihood.h"

/* Which numbers of the policy stream a filter draws: far behind those of drawing from sources. An
 * editor's items follow its own. */
#define FILTER_ITEMS ((uint64_t)1 << 40)

/* Where the chain of filters is. */
struct filtering {
    const struct ws_filter_view *view;
    struct ws_rng_key key;
    uint64_t item;          /* the first of the filter at work, in the policy stream */
    struct ws_dataset data; /* what passed so far */
    double *scores;         /* (data.count), once some filter gave them */
    uint8_t *times;         /* (data.count): how often the filter at work takes each item */
    struct ws_arena *arena;
    struct ws_arena scratch; /* of the filter at work */
    struct ws_arena kept;    /* scores */
    struct ws_error *err;
};

/* Walking over items --------------------------------------------------------------------------- */

/* Items in order; of counts, occurrences type by type. Begins zeroed but for `data`. */
struct walk {
    const struct ws_dataset *data;
    size_t segment;
    uint64_t i;      /* of the segment */
    size_t type;     /* counts: where the occurrence is ... */
    uint64_t before; /* ... and how many of its type were before it */
};

struct item {
    const struct ws_segment *segment;
    uint64_t at; /* of the payload; of counts, the type's place in it */
};

static bool next_item(struct walk *walk, struct item *out)
{
    if (walk->segment == walk->data->segment_count)
        return false;
    const struct ws_segment *segment = &walk->data->segments[walk->segment];
    const struct ws_payload *payload = segment->payload;
    *out = (struct item){segment, walk->type};
    if (walk->data->kind != WS_DATA_COUNTS)
        out->at = ws_segment_item(segment, walk->i);
    else if (++walk->before == payload->counts.count[walk->type]) {
        walk->before = 0;
        walk->type++;
    }
    if (++walk->i == segment->count) {
        walk->segment++;
        walk->i = 0;
        walk->type = 0;
    }
    return true;
}

static bool is_models(const struct item *item)
{
    return item->segment->origin.source == WS_SOURCE_MODEL;
}

/* Rules ---------------------------------------------------------------------------------------- */

static bool happens(struct ws_rng *rng, double probability)
{
    return ws_rng_uniform(rng) < probability;
}

static void drop_detected(struct filtering *f, const struct ws_filter *filter, struct ws_rng *rng)
{
    struct walk walk = {.data = &f->data};
    struct item item;
    for (uint64_t i = 0; next_item(&walk, &item); i++)
        f->times[i] = !happens(rng, filter->x[is_models(&item) ? 0 : 1]);
}

static void score_by_detector(struct filtering *f, const struct ws_filter *filter,
                              struct ws_rng *rng)
{
    struct walk walk = {.data = &f->data};
    struct item item;
    for (uint64_t i = 0; next_item(&walk, &item); i++) {
        double u = ws_rng_uniform_open(rng);
        f->scores[i] = is_models(&item) ? pow(u, 1 / filter->x[0]) : 1 - pow(u, 1 / filter->x[1]);
    }
}

/* An item where all of them are put in order. */
struct placed {
    double value;
    uint32_t lot; /* puts equal values in a random order */
    uint32_t index;
};

static int by_value(const void *left, const void *right)
{
    const struct placed *a = left, *b = right;
    if (a->value != b->value)
        return a->value < b->value ? -1 : 1;
    if (a->lot != b->lot)
        return a->lot < b->lot ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

/* All items, the least likely under `model` first. */
static enum ws_status order_by_likelihood(struct filtering *f, const struct ws_model *model,
                                          struct ws_rng *rng, struct placed **out)
{
    const struct ws_job job = {.threads = f->view->threads, .device = f->view->device};
    double *likelihood = WS_ARENA_NEW(&f->scratch, double, f->data.count);
    struct placed *order = WS_ARENA_NEW(&f->scratch, struct placed, f->data.count);
    if (!likelihood || !order)
        return ws_fail_memory(f->err, "a filter");
    WS_TRY(ws_item_likelihoods(model, &f->data, &job, &f->scratch, likelihood, f->err));
    for (uint64_t i = 0; i < f->data.count; i++)
        order[i] = (struct placed){likelihood[i], ws_rng_u32(rng), (uint32_t)i};
    qsort(order, f->data.count, sizeof *order, by_value);
    *out = order;
    return WS_OK;
}

static enum ws_status score_by_likelihood(struct filtering *f, struct ws_rng *rng)
{
    struct placed *order;
    WS_TRY(order_by_likelihood(f, f->view->first, rng, &order));
    for (uint64_t rank = 0; rank < f->data.count; rank++)
        f->scores[order[rank].index] = ((double)rank + 0.5) / (double)f->data.count;
    return WS_OK;
}

static enum ws_status keep_surprising(struct filtering *f, const struct ws_filter *filter,
                                      struct ws_rng *rng)
{
    struct placed *order;
    WS_TRY(order_by_likelihood(f, f->view->latest, rng, &order));
    uint64_t kept = ws_filter_share(filter->x[0], f->data.count);
    for (uint64_t rank = 0; rank < f->data.count; rank++)
        f->times[order[rank].index] = rank < kept;
    return WS_OK;
}

static void drop_above(struct filtering *f, const struct ws_filter *filter)
{
    for (uint64_t i = 0; i < f->data.count; i++)
        f->times[i] = f->scores[i] < filter->x[0];
}

/* Weighted drawing without replacement by exponential clocks (Efraimidis and Spirakis 2006): what
 * rings first, at a rate of its weight, is drawn first. Logarithms, for weights vanish. */
static enum ws_status resample(struct filtering *f, const struct ws_filter *filter,
                               struct ws_rng *rng)
{
    const uint32_t repeats = (uint32_t)filter->x[1];
    const uint64_t drawn = ws_filter_share(filter->x[2], f->data.count);
    const uint64_t count = f->data.count * repeats;
    struct placed *clocks = WS_ARENA_NEW(&f->scratch, struct placed, count);
    if (!clocks)
        return ws_fail_memory(f->err, "a filter");
    for (uint64_t i = 0, c = 0; i < f->data.count; i++) {
        double log_weight = filter->x[0] > 0 ? filter->x[0] * log1p(-f->scores[i]) : 0;
        for (uint32_t r = 0; r < repeats; r++)
            clocks[c++] = (struct placed){log(ws_sample_exponential(rng)) - log_weight,
                                          ws_rng_u32(rng), (uint32_t)i};
    }
    qsort(clocks, count, sizeof *clocks, by_value);
    memset(f->times, 0, f->data.count);
    for (uint64_t c = 0; c < drawn; c++)
        f->times[clocks[c].index]++;
    return WS_OK;
}

static int by_token(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return a < b ? -1 : a > b;
}

static void keep_correct(struct filtering *f, const struct ws_filter *filter, struct ws_rng *rng)
{
    const struct ws_law *law = f->view->law;
    struct walk walk = {.data = &f->data};
    struct item item;
    for (uint64_t i = 0; next_item(&walk, &item); i++) {
        const struct ws_payload *payload = item.segment->payload;
        bool right = law->row->is_right(law, payload->vectors + item.at * payload->dimension);
        f->times[i] = happens(rng, filter->x[right ? 0 : 1]);
    }
}

static uint64_t count_distinct(uint32_t *tokens, size_t size)
{
    uint64_t distinct = size > 0;
    qsort(tokens, size, sizeof *tokens, by_token);
    for (size_t i = 1; i < size; i++)
        distinct += tokens[i] != tokens[i - 1];
    return distinct;
}

static enum ws_status reward_text(struct filtering *f, const struct ws_payload *payload,
                                  uint64_t item, double *out)
{
    size_t size;
    const uint32_t *tokens = ws_payload_tokens(payload, item, &size);
    uint32_t *copy = ws_arena_copy(&f->scratch, tokens, size * sizeof *tokens);
    if (!copy)
        return ws_fail_memory(f->err, "a filter");
    *out = (double)count_distinct(copy, size) / (double)size;
    return WS_OK;
}

static enum ws_status reward_of(struct filtering *f, const struct item *item, double *out)
{
    const struct ws_payload *payload = item->segment->payload;
    switch (payload->kind) {
    case WS_DATA_VECTORS:
        *out = payload->vectors[item->at * payload->dimension];
        return WS_OK;
    case WS_DATA_SYMBOLS:
        *out = (double)payload->symbols[item->at] / (double)payload->types;
        return WS_OK;
    case WS_DATA_COUNTS:
        *out = (double)payload->counts.type[item->at] / (double)payload->types;
        return WS_OK;
    default:
        return reward_text(f, payload, item->at, out);
    }
}

/* One of `count` with probability proportional to exp(weight reward). */
static uint64_t choose(const double *rewards, const uint32_t *group, uint64_t count, double weight,
                       struct ws_rng *rng)
{
    double most = -INFINITY, sum = 0;
    for (uint64_t i = 0; i < count; i++)
        most = fmax(most, weight * rewards[group[i]]);
    for (uint64_t i = 0; i < count; i++)
        sum += exp(weight * rewards[group[i]] - most);
    double point = ws_rng_uniform(rng) * sum;
    uint64_t last = count - 1;
    for (uint64_t i = 0; i < last; i++) {
        point -= exp(weight * rewards[group[i]] - most);
        if (point < 0)
            return i;
    }
    return last;
}

static enum ws_status keep_chosen(struct filtering *f, const struct ws_filter *filter,
                                  struct ws_rng *rng)
{
    const uint64_t size = (uint64_t)filter->x[0];
    double *rewards = WS_ARENA_NEW(&f->scratch, double, f->data.count);
    uint32_t *models = WS_ARENA_NEW(&f->scratch, uint32_t, f->data.count);
    if (!rewards || !models)
        return ws_fail_memory(f->err, "a filter");
    struct walk walk = {.data = &f->data};
    struct item item;
    uint64_t count = 0;
    for (uint64_t i = 0; next_item(&walk, &item); i++) {
        f->times[i] = !is_models(&item);
        if (!is_models(&item))
            continue;
        WS_TRY(reward_of(f, &item, &rewards[i]));
        models[count++] = (uint32_t)i;
    }
    ws_sample_permutation(rng, models, count);
    for (uint64_t first = 0; first + size <= count; first += size) {
        const uint32_t *group = models + first;
        f->times[group[choose(rewards, group, size, filter->x[1], rng)]] = 1;
    }
    return WS_OK;
}

static enum ws_status edit(struct filtering *f, const struct ws_filter *filter,
                           struct ws_filtered *done)
{
    const struct ws_family_ops *family = f->view->latest->ops;
    struct ws_segment *segments =
        ws_arena_copy(f->arena, f->data.segments, f->data.segment_count * sizeof *segments);
    if (!segments)
        return ws_fail_memory(f->err, "a filter");
    uint64_t first = f->item + 1;
    for (size_t s = 0; s < f->data.segment_count; s++) {
        const struct ws_segment *from = &f->data.segments[s];
        struct ws_dataset one = f->data;
        one.count = from->count;
        one.segment_count = 1;
        one.segments = from;
        if (!ws_origin_is_human(&from->origin))
            continue;
        uint64_t changed;
        WS_TRY(family->edit(f->view->latest, &one, filter->x[0], f->key, first, f->arena,
                            &segments[s].payload, &changed, f->err));
        segments[s].first = 0;
        segments[s].pick = NULL;
        done->tokens += ws_dataset_lengths(&one).total;
        done->changed += changed;
        first += from->count;
    }
    f->data.segments = segments;
    return WS_OK;
}

/* One after the other -------------------------------------------------------------------------- */

static void count_sources(const struct ws_dataset *data, uint64_t out[WS_SOURCE_COUNT])
{
    memset(out, 0, WS_SOURCE_COUNT * sizeof *out);
    for (size_t s = 0; s < data->segment_count; s++)
        out[data->segments[s].origin.source] += data->segments[s].count;
}

/* Goes on with what `times` says, and its scores. */
static enum ws_status take(struct filtering *f)
{
    struct ws_dataset taken;
    WS_TRY(ws_dataset_take(&f->data, f->times, f->arena, &taken, f->err));
    if (f->scores) {
        double *scores = WS_ARENA_NEW(&f->kept, double, taken.count);
        if (!scores)
            return ws_fail_memory(f->err, "a filter");
        for (uint64_t i = 0, next = 0; i < f->data.count; i++)
            for (unsigned n = 0; n < f->times[i]; n++)
                scores[next++] = f->scores[i];
        f->scores = scores;
    }
    f->data = taken;
    return WS_OK;
}

static enum ws_status work(struct filtering *f, const struct ws_filter *filter,
                           struct ws_filtered *done)
{
    struct ws_rng rng;
    ws_rng_init(&rng, f->key, f->item);
    switch (filter->kind) {
    case WS_FILTER_DROP_DETECTED:
        drop_detected(f, filter, &rng);
        return WS_OK;
    case WS_FILTER_CONFIDENCE:
        score_by_detector(f, filter, &rng);
        return WS_OK;
    case WS_FILTER_LIKELIHOOD:
        return score_by_likelihood(f, &rng);
    case WS_FILTER_DROP_ABOVE:
        drop_above(f, filter);
        return WS_OK;
    case WS_FILTER_RESAMPLE:
        return resample(f, filter, &rng);
    case WS_FILTER_KEEP_SURPRISING:
        return keep_surprising(f, filter, &rng);
    case WS_FILTER_KEEP_CORRECT:
        keep_correct(f, filter, &rng);
        return WS_OK;
    case WS_FILTER_KEEP_CHOSEN:
        return keep_chosen(f, filter, &rng);
    case WS_FILTER_EDIT:
        return edit(f, filter, done);
    }
    return WS_OK;
}

static enum ws_status apply_one(struct filtering *f, const struct ws_filter *filter,
                                struct ws_filtered *done)
{
    *done = (struct ws_filtered){.filter = filter};
    count_sources(&f->data, done->in);
    ws_arena_reset(&f->scratch);
    f->times = WS_ARENA_NEW(&f->scratch, uint8_t, f->data.count);
    if (filter->traits & WS_FILTER_SCORES)
        f->scores = WS_ARENA_NEW(&f->kept, double, f->data.count);
    if (!f->times || (filter->traits & WS_FILTER_SCORES && !f->scores))
        return ws_fail_memory(f->err, "a filter");
    WS_TRY(work(f, filter, done));
    if (filter->traits & WS_FILTER_CHANGES_COUNT)
        WS_TRY(take(f));
    count_sources(&f->data, done->out);
    if (f->data.count == 0)
        return ws_fail(f->err, WS_NUMERIC, "filter '%s' left no item to train on", filter->name);
    return WS_OK;
}

enum ws_status ws_filters_apply(const struct ws_policy *policy, const struct ws_filter_view *view,
                                const struct ws_dataset *gathered, struct ws_rng_key key,
                                struct ws_arena *arena, struct ws_dataset *out,
                                struct ws_filtered done[], struct ws_error *err)
{
    if (policy->filter_count > 0 && gathered->count > UINT32_MAX)
        return ws_fail(err, WS_LIMIT, "filters look at %" PRIu32 " items at most, not %" PRIu64,
                       UINT32_MAX, gathered->count);
    struct filtering f = {.view = view, .key = key, .data = *gathered, .arena = arena, .err = err};
    ws_arena_init(&f.scratch, arena->allocator);
    ws_arena_init(&f.kept, arena->allocator);
    enum ws_status status = WS_OK;
    for (size_t i = 0; i < policy->filter_count && status == WS_OK; i++) {
        f.item = (i + 1) * FILTER_ITEMS;
        status = apply_one(&f, &policy->filters[i], &done[i]);
    }
    ws_arena_release(&f.kept);
    ws_arena_release(&f.scratch);
    if (status == WS_OK)
        *out = f.data;
    return status;
}
