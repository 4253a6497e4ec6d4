/*
 * Any bytes as run.json: a description that can be used, or a reason.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lab/run_directory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void use(const struct ws_run_description *run)
{
    require(run->name && run->title && run->state && run->started && run->finished);
    require(run->family && run->compute_class);
    for (size_t i = 0; i < run->input_count; i++)
        require(run->inputs[i].name && run->inputs[i].value);
    require(run->generations >= 1 && run->seeds >= 1);
    require(ws_run_setting(run, "family") == run->family);
    require(!ws_run_setting(run, "no setting has blanks"));
    for (size_t i = 0; i < run->arm_count; i++)
        require(run->arms[i].name != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ws_arena arena;
    struct ws_run_description run;
    struct ws_error err = {.message = ""};
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_run_parse(ws_bytes_of(data, size), "run.json", &arena, &run, &err);
    if (status == WS_OK)
        use(&run);
    else
        require((status == WS_CORRUPT || status == WS_UNSUPPORTED) && err.message[0] != '\0');
    ws_arena_release(&arena);
    return 0;
}
