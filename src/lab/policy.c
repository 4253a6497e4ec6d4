#include "lab/policy.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Of one step, and over all: a sum that stays below the second cannot overflow in the next step. */
static const uint64_t largest_step = (uint64_t)1 << 50;
static const uint64_t largest_total = (uint64_t)1 << 62;

/* Planning ------------------------------------------------------------------------------------ */

static enum ws_status step_size(const struct ws_growth *growth, uint64_t base, uint32_t step,
                                uint64_t *out, struct ws_error *err)
{
    double n = (double)base;
    switch (growth->law) {
    case WS_GROWTH_CONSTANT:
        break;
    case WS_GROWTH_LINEAR:
        n *= 1 + growth->rate * step;
        break;
    case WS_GROWTH_POWER:
        n *= pow((double)step + 1, growth->rate);
        break;
    case WS_GROWTH_GEOMETRIC:
        n *= pow(growth->rate, step);
        break;
    }
    if (!(n < (double)largest_step))
        return ws_fail(err, WS_INVALID, "the growth asks for %.3g items at generation %" PRIu32, n,
                       step);
    *out = (uint64_t)llround(n);
    return WS_OK;
}

enum { SPLIT = 5 };

/* Shares of `size` that sum to the rounded total: largest remainder, earlier parts first. */
static void split(uint64_t size, const double shares[SPLIT], uint64_t parts[SPLIT])
{
    double total = 0;
    double rest[SPLIT];
    uint64_t given = 0;
    for (int i = 0; i < SPLIT; i++) {
        double exact = shares[i] > 0 ? shares[i] * (double)size : 0;
        /* A share like 0.9 of 250 must not lose an item to the last bit. */
        double whole = floor(exact + 1e-9);
        parts[i] = (uint64_t)whole;
        rest[i] = exact - whole;
        total += exact;
        given += parts[i];
    }
    for (uint64_t wanted = (uint64_t)llround(total); given < wanted; given++) {
        int best = 0;
        for (int i = 1; i < SPLIT; i++)
            if (rest[i] > rest[best])
                best = i;
        parts[best]++;
        rest[best] = -1;
    }
}

uint64_t ws_filter_share(double share, uint64_t items)
{
    return (uint64_t)llround(fmin(share * (double)items, (double)largest_total));
}

bool ws_policy_is_of_laws(const struct ws_policy *policy)
{
    const bool draws_from_pool = policy->pool != 0 && policy->pool != WS_SHARE_ALL;
    return policy->previous == 0 && policy->history == 0 && !draws_from_pool && policy->bias == 1 &&
           policy->oversample == 1 && policy->filter_count == 0;
}

bool ws_policy_filters(const struct ws_policy *policy, unsigned traits)
{
    for (size_t i = 0; i < policy->filter_count; i++)
        if (policy->filters[i].traits & traits)
            return true;
    return false;
}

static enum ws_status check_filter(const struct ws_filter *filter,
                                   const struct ws_family_ops *family, struct ws_error *err)
{
    if (filter->traits & WS_FILTER_NEEDS_DENSITY && !family->log_density && !family->score)
        return ws_fail(err, WS_INVALID,
                       "filter '%s' asks how likely items are, family '%s' does not say",
                       filter->name, family->name);
    if (filter->traits & WS_FILTER_NEEDS_EDITOR && !family->edit)
        return ws_fail(err, WS_INVALID, "filter '%s' edits texts, family '%s' cannot", filter->name,
                       family->name);
    return WS_OK;
}

enum ws_status ws_policy_check(const struct ws_policy *policy, const struct ws_family_ops *family,
                               const void *family_settings, struct ws_error *err)
{
    for (size_t i = 0; i < policy->filter_count; i++)
        WS_TRY(check_filter(&policy->filters[i], family, err));
    if (policy->bias != 1 && !family->bias)
        return ws_fail(err, WS_INVALID, "policy '%.80s' biases models, family '%s' cannot",
                       policy->name, family->name);
    const char *why =
        policy->bias != 1 && family->cannot_bias ? family->cannot_bias(family_settings) : NULL;
    if (why)
        return ws_fail(err, WS_INVALID, "policy '%.80s' biases models, family '%s' cannot %s",
                       policy->name, family->name, why);
    if (policy->weight > 0 && !family->weighted)
        return ws_fail(err, WS_INVALID,
                       "policy '%s' weighs items, fits of family '%s' take each for one",
                       policy->name, family->name);
    return WS_OK;
}

enum ws_status ws_policy_check_data(const struct ws_policy *policy,
                                    const struct ws_human_settings *data, struct ws_error *err)
{
    const struct ws_law_row *law = ws_human_law(data);
    for (size_t i = 0; i < policy->filter_count; i++)
        if (policy->filters[i].traits & WS_FILTER_NEEDS_LABELS && !(law && law->is_right))
            return ws_fail(err, WS_INVALID,
                           "filter '%s' asks which labels are right, the source does not know",
                           policy->filters[i].name);
    return WS_OK;
}

static uint64_t oversampled(const struct ws_policy *policy, uint64_t items)
{
    return ws_filter_share(policy->oversample, items);
}

static enum ws_status short_of(const struct ws_policy *policy, uint32_t step, uint64_t wanted,
                               const char *what, uint64_t there, struct ws_error *err)
{
    return ws_fail(err, WS_INVALID,
                   "policy '%s' needs %" PRIu64 " %s items at generation %" PRIu32
                   ", there are %" PRIu64,
                   policy->name, wanted, what, step, there);
}

static enum ws_status too_many(const struct ws_policy *policy, uint32_t step, struct ws_error *err)
{
    return ws_fail(err, WS_INVALID,
                   "policy '%s' asks for more than 2^62 items by generation %" PRIu32, policy->name,
                   step);
}

static void plan_shares(const struct ws_policy *policy, uint64_t size, uint64_t base,
                        struct ws_step *out)
{
    double shares[SPLIT] = {policy->original, policy->fresh, policy->previous, policy->generated,
                            policy->history};
    uint64_t parts[SPLIT];
    split(size, shares, parts);
    out->original = policy->original == WS_SHARE_ALL ? base : parts[0];
    out->fresh = parts[1];
    out->previous = parts[2];
    out->generated = parts[3];
    out->history = parts[4];
}

bool ws_policy_keeps_outputs(const struct ws_policy *policy)
{
    return policy->pool != 0 || policy->history > 0 || policy->recent > 0;
}

/* As many items as filters may leave of so many; for all but `drop-...` and `keep-...` a bound. */
static uint64_t most_left(const struct ws_policy *policy, uint64_t items)
{
    for (size_t i = 0; i < policy->filter_count; i++) {
        const struct ws_filter *filter = &policy->filters[i];
        if (filter->kind == WS_FILTER_RESAMPLE)
            items = ws_filter_share(filter->x[2], items);
        if (filter->kind == WS_FILTER_KEEP_SURPRISING)
            items = ws_filter_share(filter->x[0], items);
    }
    return items;
}

/* What comes from outputs that are kept, of which this step adds one of its size. */
static enum ws_status plan_outputs(const struct ws_policy *policy, const struct ws_growth *growth,
                                   uint64_t base, uint32_t step, uint64_t size,
                                   const struct ws_step *before, struct ws_step *plan,
                                   struct ws_error *err)
{
    if (policy->history == 0)
        plan->output = oversampled(policy, size);
    if (plan->output == 0)
        return ws_fail(err, WS_INVALID, "policy '%s' generates no item at generation %" PRIu32,
                       policy->name, step);
    plan->pool_items = before->pool_items + plan->output;
    if (plan->pool_items > largest_total)
        return too_many(policy, step, err);
    if (policy->pool != 0)
        plan->pool = policy->pool == WS_SHARE_ALL ? plan->pool_items : size;
    if (policy->recent > 0) {
        uint64_t gone = 0; /* the output that is no longer among the recent ones; step 0 has none */
        if (step > policy->recent)
            WS_TRY(step_size(growth, base, step - policy->recent, &gone, err));
        plan->recent = before->recent + plan->output - oversampled(policy, gone);
    }
    return WS_OK;
}

enum ws_status ws_policy_step(const struct ws_policy *policy, const struct ws_growth *growth,
                              uint64_t base, uint32_t step, const struct ws_step *before,
                              struct ws_step *out, struct ws_error *err)
{
    struct ws_step plan = {0};
    if (policy->control) {
        plan.human = base;
    } else if (step == 0) {
        plan.original = base;
        plan.pool_items = base;
    } else {
        assert(before);
        plan.fresh_used = before->fresh_used + before->fresh;
        uint64_t size = 0;
        WS_TRY(step_size(growth, base, step, &size, err));
        plan_shares(policy, size, base, &plan);
        plan.output = plan.generated = oversampled(policy, plan.generated);
        if (ws_policy_keeps_outputs(policy))
            WS_TRY(plan_outputs(policy, growth, base, step, size, before, &plan, err));
        if (plan.history > before->pool_items)
            return short_of(policy, step, plan.history, "earlier", before->pool_items, err);
        if (plan.original > base)
            return short_of(policy, step, plan.original, "original", base, err);
        if (plan.previous > before->training)
            return short_of(policy, step, plan.previous, "previous", before->training, err);
    }
    plan.gathered = plan.original + plan.fresh + plan.previous + plan.generated + plan.history +
                    plan.recent + plan.pool + plan.human;
    if (step > 0 && policy->filter_count > 0 && plan.gathered > UINT32_MAX)
        return ws_fail(err, WS_INVALID,
                       "policy '%.80s' filters %" PRIu64 " items at generation %" PRIu32
                       ", at most %" PRIu32,
                       policy->name, plan.gathered, step, UINT32_MAX);
    plan.training = step > 0 ? most_left(policy, plan.gathered) : plan.gathered;
    if (plan.training == 0)
        return ws_fail(err, WS_INVALID, "policy '%s' trains on no item at generation %" PRIu32,
                       policy->name, step);
    *out = plan;
    return WS_OK;
}

enum ws_status ws_policy_plan(const struct ws_policy *policy, const struct ws_growth *growth,
                              uint64_t base, uint64_t fresh_items, uint32_t generations,
                              struct ws_policy_totals *out, struct ws_error *err)
{
    struct ws_policy_totals totals = {0};
    struct ws_step before = {0};
    for (uint32_t step = 0; step < generations; step++) {
        struct ws_step plan;
        WS_TRY(ws_policy_step(policy, growth, base, step, &before, &plan, err));
        totals.trained += plan.training;
        totals.gathered += plan.gathered;
        totals.sampled += plan.output;
        totals.fresh += plan.fresh;
        if (totals.trained > largest_total || totals.gathered > largest_total ||
            totals.sampled > largest_total)
            return too_many(policy, step, err);
        if (plan.training > totals.largest)
            totals.largest = plan.training;
        if (plan.gathered > totals.widest)
            totals.widest = plan.gathered;
        before = plan;
    }
    if (totals.fresh > fresh_items)
        return ws_fail(err, WS_INVALID,
                       "policy '%s' needs %" PRIu64 " fresh items for %" PRIu32
                       " generations, the stream holds fresh_items=%" PRIu64,
                       policy->name, totals.fresh, generations, fresh_items);
    *out = totals;
    return WS_OK;
}

/* Building ------------------------------------------------------------------------------------ */

/* Which numbers of the policy stream each draw uses. */
enum { ITEM_ORIGINAL, ITEM_PREVIOUS, ITEM_POOL, ITEM_HISTORY };

static enum ws_status draw(const struct ws_dataset *from, uint64_t count, struct ws_rng_key key,
                           uint64_t item, struct ws_arena *arena, struct ws_dataset *out,
                           struct ws_error *err)
{
    struct ws_rng rng;
    if (count == from->count) { /* all of them, in their order, is no choice */
        *out = *from;
        return WS_OK;
    }
    ws_rng_init(&rng, key, item);
    return ws_dataset_subset(from, count, &rng, arena, out, err);
}

/* Never as it is: a model may borrow the counts it was fitted on (struct ws_family_ops), and those
 * of the training set before are gone sooner. */
static enum ws_status draw_previous(const struct ws_step *plan, const struct ws_sources *sources,
                                    struct ws_rng_key key, struct ws_arena *arena,
                                    struct ws_dataset *out, struct ws_error *err)
{
    struct ws_rng rng;
    ws_rng_init(&rng, key, ITEM_PREVIOUS);
    return ws_dataset_subset(sources->previous, plan->previous, &rng, arena, out, err);
}

/* The original data and the first `outputs` outputs. */
static enum ws_status gather_pool(const struct ws_sources *sources, size_t outputs,
                                  struct ws_arena *arena, struct ws_dataset *out,
                                  struct ws_error *err)
{
    struct ws_dataset *parts = WS_ARENA_NEW(arena, struct ws_dataset, outputs + 1);
    if (!parts)
        return ws_fail_memory(err, "the pool");
    parts[0] = sources->deal->original;
    for (size_t i = 0; i < outputs; i++)
        parts[i + 1] = sources->outputs[i];
    return ws_dataset_concat(parts, outputs + 1, arena, out, err);
}

static enum ws_status draw_from_pool(const struct ws_step *plan, const struct ws_sources *sources,
                                     struct ws_rng_key key, struct ws_arena *arena,
                                     struct ws_dataset *out, struct ws_error *err)
{
    struct ws_dataset pool;
    WS_TRY(gather_pool(sources, sources->output_count, arena, &pool, err));
    assert(pool.count == plan->pool_items);
    return draw(&pool, plan->pool, key, ITEM_POOL, arena, out, err);
}

/* From what there was before the latest output. */
static enum ws_status draw_from_history(const struct ws_step *plan,
                                        const struct ws_sources *sources, struct ws_rng_key key,
                                        struct ws_arena *arena, struct ws_dataset *out,
                                        struct ws_error *err)
{
    struct ws_dataset history;
    WS_TRY(gather_pool(sources, sources->output_count - 1, arena, &history, err));
    return draw(&history, plan->history, key, ITEM_HISTORY, arena, out, err);
}

static enum ws_status gather_recent(const struct ws_policy *policy, const struct ws_step *plan,
                                    const struct ws_sources *sources, struct ws_arena *arena,
                                    struct ws_dataset *out, struct ws_error *err)
{
    size_t count = sources->output_count < policy->recent ? sources->output_count : policy->recent;
    WS_TRY(ws_dataset_concat(sources->outputs + (sources->output_count - count), count, arena, out,
                             err));
    assert(out->count == plan->recent);
    return WS_OK;
}

enum ws_status ws_policy_build(const struct ws_policy *policy, const struct ws_step *plan,
                               uint32_t step, const struct ws_sources *sources,
                               struct ws_rng_key key, struct ws_arena *arena,
                               struct ws_dataset *out, struct ws_error *err)
{
    if (policy->control)
        return ws_deal_human(sources->deal, plan->human, key, arena, out, err);
    struct ws_dataset parts[7], all;
    size_t count = 0;
    if (plan->original > 0)
        WS_TRY(draw(&sources->deal->original, plan->original, key, ITEM_ORIGINAL, arena,
                    &parts[count++], err));
    if (plan->fresh > 0)
        WS_TRY(ws_deal_fresh(sources->deal, step, plan->fresh_used, plan->fresh, arena,
                             &parts[count++], err));
    if (plan->previous > 0)
        WS_TRY(draw_previous(plan, sources, key, arena, &parts[count++], err));
    if (plan->generated > 0)
        parts[count++] = sources->outputs[sources->output_count - 1];
    if (plan->history > 0)
        WS_TRY(draw_from_history(plan, sources, key, arena, &parts[count++], err));
    if (plan->recent > 0)
        WS_TRY(gather_recent(policy, plan, sources, arena, &parts[count++], err));
    if (plan->pool > 0)
        WS_TRY(draw_from_pool(plan, sources, key, arena, &parts[count++], err));
    all = parts[0];
    if (count > 1)
        WS_TRY(ws_dataset_concat(parts, count, arena, &all, err));
    *out = all;
    return WS_OK;
}

enum ws_status ws_policy_weigh(const struct ws_policy *policy, const struct ws_dataset *data,
                               struct ws_arena *arena, struct ws_dataset *out, struct ws_error *err)
{
    const double weight = policy->weight;
    *out = *data;
    if (weight == 0)
        return WS_OK;
    struct ws_segment *segments =
        ws_arena_copy(arena, data->segments, data->segment_count * sizeof *data->segments);
    if (!segments)
        return ws_fail_memory(err, "weights");
    double total = (double)data->count, human = 0;
    for (size_t s = 0; s < data->segment_count; s++)
        human += ws_origin_is_human(&segments[s].origin) ? (double)segments[s].count : 0;
    for (size_t s = 0; s < data->segment_count && human > 0 && human < total; s++)
        segments[s].weight *= ws_origin_is_human(&segments[s].origin)
                                  ? weight * total / human
                                  : (1 - weight) * total / (total - human);
    out->segments = segments;
    return WS_OK;
}
