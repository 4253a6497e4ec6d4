#include "lab/policy.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"

/* Parsing ------------------------------------------------------------------------------------- */

enum { MAX_ARGUMENTS = 3 };

struct named_policy {
    const char *name;
    size_t arguments;
    const char *form;
    void (*fill)(struct ws_policy *policy, const double *arguments);
};

static void fill_replace(struct ws_policy *policy, const double *x)
{
    (void)x;
    policy->generated = 1;
}

static void fill_keep(struct ws_policy *policy, const double *x)
{
    policy->original = x[0];
    policy->generated = 1 - x[0];
}

static void fill_mix(struct ws_policy *policy, const double *x)
{
    policy->generated = x[0];
    policy->previous = x[1];
    policy->original = x[2];
}

static void fill_accumulate(struct ws_policy *policy, const double *x)
{
    (void)x;
    policy->pool = WS_SHARE_ALL;
}

static void fill_accumulate_subsample(struct ws_policy *policy, const double *x)
{
    (void)x;
    policy->pool = 1;
}

static void fill_augment(struct ws_policy *policy, const double *x)
{
    (void)x;
    policy->original = WS_SHARE_ALL;
    policy->generated = 1;
}

static void fill_fresh(struct ws_policy *policy, const double *x)
{
    policy->fresh = x[0];
    policy->generated = 1 - x[0];
}

static void fill_control(struct ws_policy *policy, const double *x)
{
    (void)x;
    policy->control = true;
}

static const struct named_policy named_policies[] = {
    {"replace", 0, "replace", fill_replace},
    {"keep", 1, "keep:SHARE", fill_keep},
    {"mix", 3, "mix:MODEL:PREVIOUS:ORIGINAL", fill_mix},
    {"accumulate", 0, "accumulate", fill_accumulate},
    {"accumulate-subsample", 0, "accumulate-subsample", fill_accumulate_subsample},
    {"augment", 0, "augment", fill_augment},
    {"fresh", 1, "fresh:SHARE", fill_fresh},
    {"control", 0, "control", fill_control},
};
enum { NAMED_COUNT = sizeof named_policies / sizeof *named_policies };

static const struct named_policy *find_named(const char *text, size_t size)
{
    for (size_t i = 0; i < NAMED_COUNT; i++)
        if (strlen(named_policies[i].name) == size &&
            memcmp(named_policies[i].name, text, size) == 0)
            return &named_policies[i];
    return NULL;
}

static enum ws_status unknown_policy(const char *text, size_t size, struct ws_error *err)
{
    char name[64];
    (void)snprintf(name, sizeof name, "%.*s", (int)(size < 60 ? size : 60), text);
    const char *names[NAMED_COUNT];
    for (size_t i = 0; i < NAMED_COUNT; i++)
        names[i] = named_policies[i].name;
    const char *nearest = ws_nearest_name(name, names, NAMED_COUNT);
    if (nearest)
        return ws_fail(err, WS_INVALID, "unknown policy '%s'; did you mean '%s'?", name, nearest);
    return ws_fail(err, WS_INVALID,
                   "unknown policy '%s', wanted replace, keep:X, mix:A:B:C, accumulate, "
                   "accumulate-subsample, augment, fresh:X or control",
                   name);
}

/* Reads ":x:y:z"; returns how many numbers, or SIZE_MAX when it is anything else. */
static size_t parse_numbers(const char *text, double out[MAX_ARGUMENTS])
{
    size_t count = 0;
    while (*text == ':') {
        char number[64];
        size_t size = strcspn(++text, ":");
        if (count == MAX_ARGUMENTS || size >= sizeof number)
            return SIZE_MAX;
        memcpy(number, text, size);
        number[size] = '\0';
        if (!ws_real_parse(number, &out[count]))
            return SIZE_MAX;
        count++;
        text += size;
    }
    return *text == '\0' ? count : SIZE_MAX;
}

/* "keep:0.1": the same text for the same shares, however they were written. */
static const char *canonical_name(const struct named_policy *named, const double *x,
                                  struct ws_arena *arena)
{
    const char *name = ws_arena_text(arena, named->name);
    for (size_t i = 0; name && i < named->arguments; i++) {
        char number[WS_REAL_TEXT_SIZE];
        ws_real_text(x[i], number);
        name = ws_arena_format(arena, "%s:%s", name, number);
    }
    return name;
}

enum ws_status ws_policy_parse(const char *text, struct ws_arena *arena, struct ws_policy *out,
                               struct ws_error *err)
{
    size_t size = strcspn(text, ":");
    const struct named_policy *named = find_named(text, size);
    if (!named)
        return unknown_policy(text, size, err);
    double x[MAX_ARGUMENTS] = {0};
    if (parse_numbers(text + size, x) != named->arguments)
        return ws_fail(err, WS_INVALID, "policy '%.80s' is not of the form %s", text, named->form);
    double sum = 0;
    for (size_t i = 0; i < named->arguments; i++) {
        if (!(x[i] >= 0 && x[i] <= 1))
            return ws_fail(err, WS_INVALID, "policy '%.80s' has a share of %g, wanted 0 to 1", text,
                           x[i]);
        x[i] = x[i] == 0 ? 0 : x[i]; /* one zero: -0 would print differently */
        sum += x[i];
    }
    if (named->arguments > 1 && fabs(sum - 1) > 1e-9)
        return ws_fail(err, WS_INVALID, "policy '%.80s' has shares that sum to %g, wanted 1", text,
                       sum);
    *out = (struct ws_policy){.name = canonical_name(named, x, arena)};
    if (!out->name)
        return ws_fail_memory(err, "a policy");
    named->fill(out, x);
    return WS_OK;
}

enum ws_status ws_growth_parse(const char *text, struct ws_growth *out, struct ws_error *err)
{
    static const char *const names[] = {"constant", "linear", "power", "geometric"};
    size_t size = strcspn(text, ":");
    double x[MAX_ARGUMENTS] = {0};
    size_t count = parse_numbers(text + size, x);
    for (unsigned law = 0; law < 4; law++) {
        if (strlen(names[law]) != size || memcmp(names[law], text, size) != 0)
            continue;
        if (count != (law == WS_GROWTH_CONSTANT ? 0 : 1))
            break;
        double least = law == WS_GROWTH_GEOMETRIC ? 1 : 0;
        if (x[0] < least && count == 1)
            return ws_fail(err, WS_INVALID, "'growth' is '%.60s', wanted a number of at least %g",
                           text, least);
        *out = (struct ws_growth){(enum ws_growth_law)law, x[0]};
        return WS_OK;
    }
    return ws_fail(err, WS_INVALID,
                   "'growth' is '%.60s', wanted constant, linear:RATE, power:EXPONENT or "
                   "geometric:FACTOR",
                   text);
}

/* Planning ------------------------------------------------------------------------------------ */

/* Of one step, and over all: a sum that stays below the second cannot overflow in the next step. */
static const uint64_t largest_step = (uint64_t)1 << 50;
static const uint64_t largest_total = (uint64_t)1 << 62;

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

/* Four shares of `size` that sum to the rounded total: largest remainder, earlier parts first. */
static void split(uint64_t size, const double shares[4], uint64_t parts[4])
{
    double total = 0;
    double rest[4];
    uint64_t given = 0;
    for (int i = 0; i < 4; i++) {
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
        for (int i = 1; i < 4; i++)
            if (rest[i] > rest[best])
                best = i;
        parts[best]++;
        rest[best] = -1;
    }
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
    double shares[4] = {policy->original, policy->fresh, policy->previous, policy->generated};
    uint64_t parts[4];
    split(size, shares, parts);
    out->original = policy->original == WS_SHARE_ALL ? base : parts[0];
    out->fresh = parts[1];
    out->previous = parts[2];
    out->generated = parts[3];
    out->output = parts[3];
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
        uint64_t size = 0;
        WS_TRY(step_size(growth, base, step, &size, err));
        plan_shares(policy, size, base, &plan);
        if (policy->pool != 0) {
            plan.output = size;
            plan.pool_items = before->pool_items + size;
            if (plan.pool_items > largest_total)
                return too_many(policy, step, err);
            plan.pool = policy->pool == WS_SHARE_ALL ? plan.pool_items : size;
        }
        if (plan.original > base)
            return short_of(policy, step, plan.original, "original", base, err);
        if (plan.previous > before->training)
            return short_of(policy, step, plan.previous, "previous", before->training, err);
    }
    plan.training =
        plan.original + plan.fresh + plan.previous + plan.generated + plan.pool + plan.human;
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
        totals.sampled += plan.output;
        totals.fresh += plan.fresh;
        if (totals.trained > largest_total || totals.sampled > largest_total)
            return too_many(policy, step, err);
        if (plan.training > totals.largest)
            totals.largest = plan.training;
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
enum { ITEM_ORIGINAL, ITEM_PREVIOUS, ITEM_POOL };

static enum ws_status draw(const struct ws_dataset *from, uint64_t count, struct ws_rng_key key,
                           uint64_t item, struct ws_arena *arena, struct ws_dataset *out,
                           struct ws_error *err)
{
    struct ws_rng rng;
    ws_rng_init(&rng, key, item);
    return ws_dataset_subset(from, count, &rng, arena, out, err);
}

static enum ws_status draw_from_pool(const struct ws_step *plan, const struct ws_sources *sources,
                                     struct ws_rng_key key, struct ws_arena *arena,
                                     struct ws_dataset *out, struct ws_error *err)
{
    size_t count = sources->output_count + 1;
    struct ws_dataset *parts = WS_ARENA_NEW(arena, struct ws_dataset, count);
    if (!parts)
        return ws_fail_memory(err, "the pool");
    parts[0] = sources->deal->original;
    for (size_t i = 1; i < count; i++)
        parts[i] = sources->outputs[i - 1];
    struct ws_dataset pool;
    WS_TRY(ws_dataset_concat(parts, count, arena, &pool, err));
    assert(pool.count == plan->pool_items);
    return draw(&pool, plan->pool, key, ITEM_POOL, arena, out, err);
}

enum ws_status ws_policy_build(const struct ws_policy *policy, const struct ws_step *plan,
                               uint32_t step, const struct ws_sources *sources,
                               struct ws_rng_key key, struct ws_arena *arena,
                               struct ws_dataset *out, struct ws_error *err)
{
    if (policy->control)
        return ws_deal_human(sources->deal, plan->human, key, arena, out, err);
    struct ws_dataset parts[5];
    size_t count = 0;
    if (plan->original > 0)
        WS_TRY(draw(&sources->deal->original, plan->original, key, ITEM_ORIGINAL, arena,
                    &parts[count++], err));
    if (plan->fresh > 0)
        WS_TRY(ws_deal_fresh(sources->deal, step, sources->fresh_used, plan->fresh, arena,
                             &parts[count++], err));
    if (plan->previous > 0)
        WS_TRY(draw(sources->previous, plan->previous, key, ITEM_PREVIOUS, arena, &parts[count++],
                    err));
    if (plan->generated > 0)
        parts[count++] = sources->outputs[sources->output_count - 1];
    if (plan->pool > 0)
        WS_TRY(draw_from_pool(plan, sources, key, arena, &parts[count++], err));
    if (count == 1) {
        *out = parts[0];
        return WS_OK;
    }
    return ws_dataset_concat(parts, count, arena, out, err);
}
