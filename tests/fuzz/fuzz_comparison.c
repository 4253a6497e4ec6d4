/*
 * Any bytes as reference numbers of a small model, whose architecture the first byte picks: refused
 * with a message that names the file, or a table of comparisons.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "compute/compute.h"
#include "models/nn/transformer/comparison.h"
#include "support/laboratory.h"
#include "support/tiny_models.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CONTEXT = 12 }; /* decoding begins with 8 tokens */

static void require(int condition)
{
    if (!condition)
        abort();
}

/* In a directory of its own, without a grads.safetensors beside it. */
struct place {
    char directory[48];
    char path[64];
};

static void write_reference(struct ws_bytes bytes, struct place *place)
{
    (void)snprintf(place->directory, sizeof place->directory, "%s/fuzz-comparison-XXXXXX",
                   laboratory_temporary());
    require(mkdtemp(place->directory) != NULL);
    (void)snprintf(place->path, sizeof place->path, "%s/reference", place->directory);
    FILE *file = fopen(place->path, "wb");
    require(file != NULL);
    require(fwrite(bytes.data, 1, bytes.size, file) == bytes.size);
    require(fclose(file) == 0);
}

static void remove_reference(const struct place *place)
{
    require(unlink(place->path) == 0);
    require(rmdir(place->directory) == 0);
}

static void compare(const struct ws_transformer *model, const char *path, struct ws_arena *arena)
{
    struct ws_device *device;
    struct ws_comparisons rows;
    struct ws_error err = {.message = ""};
    require(ws_cpu_open(WS_CPU_FAST, 1, NULL, &device, NULL) == WS_OK);
    enum ws_status status = ws_reference_compare(device, model, path, arena, &rows, &err);
    require(status == WS_OK || status == WS_CORRUPT || status == WS_UNSUPPORTED ||
            status == WS_LIMIT || status == WS_NO_MEMORY);
    if (status == WS_OK)
        for (size_t i = 0; i < rows.count; i++)
            require(rows.rows[i].what[0] != '\0' &&
                    ws_difference_text(rows.rows[i].kind)[0] != '\0');
    else
        require(strstr(err.message, path) != NULL);
    device->ops->close(device);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct ws_transformer model = {.description = tiny_models[data[0] % TINY_MODELS]};
    struct ws_arena arena;
    struct place place;
    model.description.context = CONTEXT;
    ws_arena_init(&arena, NULL);
    ws_layout_of(&model.description, &model.layout);
    float *parameters = WS_ARENA_NEW(&arena, float, model.layout.size);
    require(parameters != NULL);
    tiny_parameters(&model.layout, 1, parameters);
    model.parameters = parameters;
    write_reference(ws_bytes_of(data + 1, size - 1), &place);
    compare(&model, place.path, &arena);
    remove_reference(&place);
    ws_arena_release(&arena);
    return 0;
}
