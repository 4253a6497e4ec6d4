/*
 * Any bytes as the run.json of a run whose experiment is to be made again: one that is identified
 * by the same text when it is made of its own settings, and the parts that an attribution takes it
 * in, or a reason.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lab/counterfactual.h"
#include "lab/run_directory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

/* Nothing is varied in the subject of an arm, and its policy is there. */
static void take_apart(const struct ws_experiment *experiment, size_t arm)
{
    struct ws_experiment alone;
    struct ws_error err = {.message = ""};
    const struct ws_subject subject = {arm, true, 1};
    enum ws_status status = ws_subject_make(experiment, &subject, NULL, &alone, &err);
    if (status != WS_OK) {
        require(status == WS_INVALID && err.message[0] != '\0');
        return;
    }
    require(alone.arm_count == 1 && alone.arms[0].varied_count == 0);
    require(strcmp(alone.arms[0].policy.name, experiment->arms[arm].policy.name) == 0);
    require(alone.settings.seeds == 1);
    ws_experiment_release(&alone);
}

static void use(const struct ws_experiment *experiment)
{
    require(experiment->arm_count >= 1 && experiment->family != NULL);
    require(strncmp(experiment->canonical, "policies=", 9) == 0);
    take_apart(experiment, 0);
    take_apart(experiment, experiment->arm_count - 1);
}

/* Every generation is planned, and ten million of them for hundreds of arms take their time. */
static const struct ws_override few_generations = {"generations", "20"};
enum { GENERATIONS = 1000 };

static int is_short(struct ws_bytes bytes)
{
    struct ws_arena arena;
    struct ws_run_description run;
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_run_parse(bytes, "run.json", &arena, &run, NULL);
    int is = status != WS_OK || run.generations <= GENERATIONS;
    ws_arena_release(&arena);
    return is;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ws_experiment experiment;
    struct ws_error err = {.message = ""};
    const struct ws_bytes bytes = ws_bytes_of(data, size);
    if (!is_short(bytes))
        return 0;
    enum ws_status status =
        ws_run_parse_experiment(bytes, "run.json", &few_generations, 1, NULL, &experiment, &err);
    if (status == WS_OK) {
        use(&experiment);
        ws_experiment_release(&experiment);
    } else {
        require(status == WS_CORRUPT || status == WS_UNSUPPORTED || status == WS_INVALID);
        require(err.message[0] != '\0' && !strchr(err.message, '\n'));
    }
    return 0;
}
