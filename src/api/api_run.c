#include "api/handle.h"
#include "lab/run.h"

/* Passes progress on to the caller's function. */
static void pass_progress(void *user, const struct ws_progress *progress)
{
    const struct wellspring_run_options *options = user;
    const struct wellspring_progress outside = {
        .elapsed = progress->elapsed,
        .work = progress->work,
        .work_left = progress->work_left,
        .chains = progress->chains,
        .chains_done = progress->chains_done,
        .arm = progress->arm,
        .first_seed = progress->first_seed,
        .seeds = progress->seeds,
        .generation = progress->generation,
    };
    options->progress(options->user, &outside);
}

static enum ws_status execute(const struct ws_experiment *experiment, const struct ws_human *human,
                              const char *directory, struct wellspring_run_options *options,
                              struct wellspring_run_result *result, struct ws_error *err)
{
    /* Threads are an execution setting, and of this call only. */
    struct ws_experiment with_threads = *experiment;
    if (options->threads > 0)
        with_threads.settings.threads = options->threads;
    const struct ws_run_options inside = {
        .directory = directory,
        .allow_other_machine = options->allow_other_machine,
        .stop = options->stop,
        .progress = options->progress ? pass_progress : NULL,
        .user = options,
    };
    struct ws_run_result done;
    enum ws_status status = ws_run_execute(&with_threads, human, &inside, &done, err);
    *result = (struct wellspring_run_result){
        .chains = done.chains,
        .resumed = done.resumed,
        .already_complete = done.already_complete,
        .failed = done.failed,
    };
    ws_arena_release(&done.arena);
    return status;
}

enum wellspring_status wellspring_run(struct wellspring_experiment *experiment,
                                      const char *directory,
                                      const struct wellspring_run_options *options,
                                      struct wellspring_run_result *result,
                                      struct wellspring_error *error)
{
    struct ws_error inside;
    struct ws_human *human = NULL;
    struct wellspring_run_result counted = {0};
    struct wellspring_run_options wanted = {0};
    if (options)
        wanted = *options;
    enum ws_status status = ws_experiment_open_human(&experiment->inside, NULL, &human, &inside);
    if (status == WS_OK)
        status = execute(&experiment->inside, human, directory, &wanted, &counted, &inside);
    ws_human_close(human);
    if (result)
        *result = counted;
    return ws_api_tell(status, &inside, error);
}
