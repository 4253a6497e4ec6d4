/* Which blocks of chains have something left to do, which of them this rank does, and in what
 * order. */
#include <stdlib.h>

#include "lab/chain_files.h"
#include "lab/run_internal.h"

static enum ws_status work_from(const struct ws_runner *r, const struct ws_arm *arm,
                                uint32_t first_step, uint64_t *out, struct ws_error *err)
{
    const struct ws_experiment *e = r->experiment;
    struct ws_step plan = {0};
    uint64_t work = 0;
    for (uint32_t step = 0; step < ws_runner_generations(r); step++) {
        struct ws_step before = plan;
        WS_TRY(
            ws_policy_step(&arm->policy, &e->growth, arm->data->items, step, &before, &plan, err));
        if (step >= first_step)
            work += ws_chain_work(e, arm, &plan, step);
    }
    *out = work;
    return WS_OK;
}

/* Of a chain from a step on. */
struct chain_work {
    const struct ws_arm *arm;
    uint32_t step;
    uint64_t work;
};

static int longest_first(const void *a, const void *b)
{
    const struct ws_unit *x = a, *y = b;
    if (x->work != y->work)
        return x->work > y->work ? -1 : 1;
    if (x->arm != y->arm)
        return x->arm < y->arm ? -1 : 1;
    return x->first_seed < y->first_seed ? -1 : 1;
}

/* What the chains of a block still have to do. `known` is of a chain that was asked for before:
 * most are at the same step of the same arm. */
static enum ws_status add_work(struct ws_runner *r, struct ws_unit *unit, struct chain_work *known,
                               struct ws_error *err)
{
    for (size_t c = 0; c < unit->count; c++) {
        if (known->arm != unit->arm || known->step != unit->steps[c]) {
            WS_TRY(work_from(r, unit->arm, unit->steps[c], &known->work, err));
            known->arm = unit->arm;
            known->step = unit->steps[c];
        }
        unit->work += known->work;
    }
    r->progress.work_left += unit->work;
    return WS_OK;
}

/* Counts the chains that are complete, and makes a unit of the block if some are not. */
static enum ws_status add_unit(struct ws_runner *r, struct ws_unit unit, struct chain_work *known,
                               struct ws_error *err)
{
    size_t complete = 0;
    unit.first_step = UINT32_MAX;
    for (size_t c = 0; c < unit.count; c++) {
        if (unit.steps[c] < unit.first_step)
            unit.first_step = unit.steps[c];
        if (unit.steps[c] > unit.last_step)
            unit.last_step = unit.steps[c];
        if (unit.steps[c] >= ws_runner_generations(r))
            complete++;
        else
            r->result->resumed += unit.steps[c] > 0;
    }
    r->result->already_complete += complete;
    r->progress.chains_done += complete;
    if (complete == unit.count)
        return WS_OK;
    WS_TRY(add_work(r, &unit, known, err));
    r->units[r->unit_count++] = unit;
    return WS_OK;
}

static enum ws_status look_at_block(struct ws_runner *r, const struct ws_arm *arm,
                                    uint64_t first_seed, size_t count, struct chain_work *known,
                                    struct ws_error *err)
{
    const char *directory = r->options->directory;
    struct ws_error error;
    uint32_t *steps = WS_ARENA_ZNEW(&r->arena, uint32_t, count);
    if (!steps)
        return ws_fail_memory(err, "the schedule");
    if (!r->is_new && ws_chain_files_steps(directory, r->experiment, arm, first_seed, count,
                                           r->options->allocator, steps, &error) != WS_OK) {
        for (size_t c = 0; c < count; c++)
            ws_run_report_failure(r, arm, first_seed + c, &error);
        return WS_OK;
    }
    /* A kill between a last checkpoint and the removal of drafts leaves them. */
    if (count == 1 && steps[0] >= ws_runner_generations(r))
        ws_chain_files_drop_drafts(directory, arm, first_seed, r->options->allocator);
    return add_unit(
        r, (struct ws_unit){.arm = arm, .first_seed = first_seed, .count = count, .steps = steps},
        known, err);
}

uint64_t ws_run_count_blocks(const struct ws_experiment *e)
{
    const uint64_t block = ws_block_size(e);
    return e->arm_count * ((e->settings.seeds + block - 1) / block);
}

/* Every block as a unit. */
static enum ws_status list_blocks(struct ws_runner *r, struct ws_error *err)
{
    const struct ws_experiment *e = r->experiment;
    const uint64_t seeds = e->settings.seeds, block = ws_block_size(e);
    r->units = WS_ARENA_NEW(&r->arena, struct ws_unit, ws_run_count_blocks(e));
    if (!r->units)
        return ws_fail_memory(err, "the schedule");
    for (size_t a = 0; a < e->arm_count; a++)
        for (uint64_t seed = 1; seed <= seeds; seed += block) {
            uint64_t left = seeds - seed + 1;
            r->units[r->unit_count++] = (struct ws_unit){
                .arm = &e->arms[a], .first_seed = seed, .count = left < block ? left : block};
        }
    return WS_OK;
}

/* Keeps this rank's blocks: the longest come first, and each goes to the rank that has least so
 * far. By what blocks are from their first step on, so that all ranks find the same without a word.
 */
static enum ws_status keep_own_blocks(struct ws_runner *r, struct ws_error *err)
{
    const struct ws_ranks *ranks = r->options->ranks;
    uint64_t *loads = WS_ARENA_ZNEW(&r->arena, uint64_t, ranks->count);
    const struct ws_arm *arm = NULL;
    uint64_t work = 0;
    if (!loads)
        return ws_fail_memory(err, "the schedule");
    for (size_t i = 0; i < r->unit_count; i++) {
        if (r->units[i].arm != arm)
            WS_TRY(work_from(r, r->units[i].arm, 0, &work, err));
        arm = r->units[i].arm;
        r->units[i].work = work * r->units[i].count;
    }
    qsort(r->units, r->unit_count, sizeof *r->units, longest_first);
    size_t own = 0;
    for (size_t i = 0; i < r->unit_count; i++) {
        unsigned least = 0;
        for (unsigned rank = 1; rank < ranks->count; rank++)
            if (loads[rank] < loads[least])
                least = rank;
        loads[least] += r->units[i].work;
        if (least == ranks->rank)
            r->units[own++] = r->units[i];
    }
    r->unit_count = own;
    return WS_OK;
}

enum ws_status ws_run_make_units(struct ws_runner *r, struct ws_error *err)
{
    WS_TRY(list_blocks(r, err));
    if (r->options->ranks)
        WS_TRY(keep_own_blocks(r, err));
    const size_t blocks = r->unit_count;
    struct chain_work known = {.arm = NULL};
    for (size_t i = 0; i < blocks; i++)
        r->progress.chains += r->units[i].count;
    r->unit_count = 0;
    for (size_t i = 0; i < blocks && !ws_runner_stop_asked(r); i++) {
        const struct ws_unit block = r->units[i];
        WS_TRY(look_at_block(r, block.arm, block.first_seed, block.count, &known, err));
    }
    qsort(r->units, r->unit_count, sizeof *r->units, longest_first);
    return WS_OK;
}
