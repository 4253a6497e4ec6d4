#include "view/chain_replay.h"

#include <string.h>

#include "base/pool.h"

static enum ws_status check_family(const struct ws_run_description *run, struct ws_error *err)
{
    static const char *const slow[] = {"transformer", "external"};
    for (size_t i = 0; i < sizeof slow / sizeof *slow; i++)
        if (strcmp(run->family, slow[i]) == 0)
            return ws_fail(err, WS_UNSUPPORTED,
                           "what models make is not kept, and a chain of family '%s' is not run "
                           "again for a figure: 'keep_texts' keeps texts, 'keep_models' models",
                           run->family);
    return WS_OK;
}

static enum ws_status check_machine(const struct ws_run_description *run, bool *same,
                                    struct ws_error *err)
{
    struct ws_buffer here;
    ws_buffer_init(&here, NULL, SIZE_MAX);
    ws_compute_class(NULL, &here);
    enum ws_status status = ws_buffer_check(&here, "the compute class", err);
    *same = status == WS_OK && strcmp(ws_buffer_string(&here), run->compute_class) == 0;
    ws_buffer_release(&here);
    return status;
}

enum ws_status ws_replay_open(const char *directory, const struct ws_run_description *run,
                              struct ws_replay *out, struct ws_error *err)
{
    struct ws_experiment *experiment = &out->experiment;
    WS_TRY(check_family(run, err));
    WS_TRY(check_machine(run, &out->same_machine, err));
    WS_TRY(ws_run_experiment(directory, NULL, 0, NULL, experiment, err));
    enum ws_status status = ws_experiment_open_human(experiment, NULL, &out->human, err);
    if (status != WS_OK) {
        ws_experiment_release(experiment);
        return status;
    }
    status = ws_run_compare(run, experiment, directory, err);
    if (status != WS_OK)
        ws_replay_close(out);
    /* Chains depend on neither. */
    experiment->settings.measure_every = UINT32_MAX;
    experiment->settings.keep_texts = 0;
    return status;
}

void ws_replay_close(struct ws_replay *replay)
{
    ws_human_close(replay->human);
    ws_experiment_release(&replay->experiment);
}

/* One chain ------------------------------------------------------------------------------------ */

static enum ws_status draw_sample(const struct ws_chain *chain, uint32_t generation, uint64_t items,
                                  const struct ws_job *job, struct ws_arena *arena,
                                  const struct ws_payload **out, struct ws_error *err)
{
    const uint64_t count =
        chain->arm->data->sample_items > 0 ? chain->arm->data->sample_items : items;
    const struct ws_rng_key key = ws_chain_key(chain, WS_STREAM_METRIC, generation);
    return chain->model->ops->sample(1, &chain->model, &count, &key, job, arena, out, err);
}

static enum ws_status visit(const struct ws_chain *chain, uint32_t generation, uint64_t items,
                            const struct ws_step_support *support,
                            const struct ws_replay_visitor *visitor, struct ws_error *err)
{
    const struct ws_job job = {.threads = support->threads};
    struct ws_replayed replayed = {.generation = generation, .chain = chain};
    struct ws_arena scratch;
    ws_arena_init(&scratch, NULL);
    enum ws_status status =
        draw_sample(chain, generation, items, &job, &scratch, &replayed.sample, err);
    if (status == WS_OK)
        status = visitor->visit(visitor->user, &replayed, &scratch, err);
    ws_arena_release(&scratch);
    return status;
}

static enum ws_status run_chain(struct ws_block *block, const uint32_t *generations, size_t count,
                                uint64_t items, const struct ws_replay_visitor *visitor,
                                struct ws_error *err)
{
    const struct ws_step_support support = {.threads = ws_processor_count()};
    struct ws_chain *chain = &block->chains[0];
    WS_TRY(ws_chain_start(block, chain, err));
    for (size_t next = 0; next < count;) {
        const uint32_t step = chain->next_step;
        ws_block_step(block, step, &support);
        if (chain->status != WS_OK) {
            if (err)
                *err = chain->error;
            return chain->status;
        }
        if (step == generations[next]) {
            WS_TRY(visit(chain, step, items, &support, visitor, err));
            next++;
        }
    }
    return WS_OK;
}

enum ws_status ws_replay_chain(const struct ws_replay *replay, const char *arm, uint64_t seed,
                               const uint32_t *generations, size_t count, uint64_t items,
                               const struct ws_replay_visitor *visitor, struct ws_error *err)
{
    const struct ws_experiment *experiment = &replay->experiment;
    size_t a = 0;
    while (a < experiment->arm_count && strcmp(experiment->arms[a].name, arm) != 0)
        a++;
    if (a == experiment->arm_count)
        return ws_fail(err, WS_NOT_FOUND, "no arm '%.80s' in the experiment", arm);
    struct ws_block block;
    WS_TRY(
        ws_block_init(&block, experiment, replay->human, &experiment->arms[a], seed, 1, NULL, err));
    enum ws_status status = run_chain(&block, generations, count, items, visitor, err);
    if (status != WS_OK)
        ws_error_prefix(err, "arm '%.80s'", arm);
    ws_block_release(&block);
    return status;
}
