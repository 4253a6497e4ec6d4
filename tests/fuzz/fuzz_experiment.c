/*
 * Experiment files are hostile bytes: whatever they hold, the parsers give settings or one line
 * that says what is wrong.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lab/experiment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void require_message(const struct ws_error *err)
{
    require(strncmp(err->message, "fuzz.yaml:", 10) == 0);
    require(!strchr(err->message, '\n'));
}

static void parse_yaml(struct ws_bytes text, struct ws_arena *arena)
{
    struct ws_yaml yaml;
    struct ws_error err = {.message = ""};
    if (ws_yaml_parse(text, "fuzz.yaml", arena, &yaml, &err) != WS_OK) {
        require_message(&err);
        return;
    }
    size_t line = 1;
    for (size_t i = 0; i < yaml.count; i++) {
        require(yaml.entries[i].line >= line);
        line = yaml.entries[i].line;
        require(yaml.entries[i].name[0] != '\0');
        require(strlen(yaml.entries[i].text) <= text.size);
    }
}

/* Every generation is planned, and ten million of them for hundreds of arms take their time. */
static const struct ws_override few_generations = {"generations", "20"};

static void parse_experiment(struct ws_bytes text)
{
    struct ws_experiment experiment;
    struct ws_error err = {.message = ""};
    enum ws_status status = ws_experiment_parse(text, "fuzz", "fuzz.yaml", &few_generations, 1,
                                                NULL, &experiment, &err);
    if (status != WS_OK) {
        require(status == WS_INVALID);
        require_message(&err);
        return;
    }
    require(experiment.arm_count >= 1 && experiment.family != NULL);
    for (size_t i = 0; i < experiment.arm_count; i++) {
        require(experiment.arms[i].data->items == 0 || experiment.arms[i].totals.largest >= 1);
        require(!strchr(experiment.arms[i].directory, '/'));
    }
    require(strncmp(experiment.canonical, "policies=", 9) == 0);
    ws_experiment_release(&experiment);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    parse_yaml(ws_bytes_of(data, size), &arena);
    ws_arena_release(&arena);
    parse_experiment(ws_bytes_of(data, size));
    return 0;
}
