/*
 * Laboratories that run in a directory, for the tests of runs. To be included behind cmocka.h.
 */
#ifndef WS_TESTS_RUNNING_H
#define WS_TESTS_RUNNING_H

#include <string.h>

#include "base/file.h"
#include "lab/checkpoint.h"
#include "lab/results.h"
#include "lab/run.h"
#include "support/laboratory.h"
#include "support/place.h"

#define SETTINGS                                                                                   \
    "policies: [replace, mix:0.5:0.25:0.25, accumulate, fresh:0.1]\ngenerations: 4\nseeds: 3\n"    \
    "threads: 2\n"

enum { ARMS = 5, GENERATIONS = 4, RUN_SEEDS = 3, CHAINS = ARMS * RUN_SEEDS };

/* How a run went. */
struct went {
    enum ws_status status;
    struct ws_error error;
    size_t resumed, already_complete, failed;
    char failures[600]; /* "arm seed: message\n" for each */
};

static inline struct went run_with(const struct laboratory *lab,
                                   const struct ws_run_options *options)
{
    struct went went = {.error = {.message = ""}};
    struct ws_run_result result;
    went.status = ws_run_execute(&lab->experiment, lab->human, options, &result, &went.error);
    went.resumed = result.resumed;
    went.already_complete = result.already_complete;
    went.failed = result.failed;
    size_t size = 0;
    for (const struct ws_failure *f = result.failures; f && size < sizeof went.failures;
         f = f->next)
        size += (size_t)snprintf(went.failures + size, sizeof went.failures - size, "%s %d: %s\n",
                                 f->arm->name, (int)f->seed, f->error.message);
    ws_arena_release(&result.arena);
    return went;
}

static inline struct went run(const struct laboratory *lab, const struct place *place)
{
    return run_with(lab, &(struct ws_run_options){.directory = place->path});
}

static inline void run_well(const struct laboratory *lab, const struct place *place)
{
    struct went went = run(lab, place);
    if (went.status != WS_OK)
        fail_msg("%s", went.error.message);
}

static inline void open_laboratory(struct laboratory *lab, size_t family, const char *settings)
{
    struct ws_error err = {.message = ""};
    if (!laboratory_open(lab, laboratory_texts[family], settings, NULL, &err))
        fail_msg("%s", err.message);
}

static inline void set(struct laboratory *lab, uint64_t generations, uint64_t seeds)
{
    lab->experiment.settings.generations = generations;
    lab->experiment.settings.seeds = seeds;
}

static inline struct ws_run_description described(struct ws_arena *arena, const struct place *place)
{
    struct ws_run_description run_json;
    struct ws_error err;
    if (ws_run_read(place->path, arena, &run_json, &err) != WS_OK)
        fail_msg("%s", err.message);
    return run_json;
}

static inline void assert_state(const struct place *place, const char *expected)
{
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    assert_string_equal(described(&arena, place).state, expected);
    ws_arena_release(&arena);
}

/* `pattern` with the path for each '@'. */
static inline void expand(char *out, size_t size, const char *pattern, const char *path)
{
    size_t used = 0;
    out[0] = '\0';
    for (const char *at; (at = strchr(pattern, '@')); pattern = at + 1)
        used +=
            (size_t)snprintf(out + used, size - used, "%.*s%s", (int)(at - pattern), pattern, path);
    assert_true(used > 0);
    (void)snprintf(out + used, size - used, "%s", pattern);
}

#endif
