#include "lab/experiment_file.h"

#include <string.h>

#include "base/file.h"

enum { EXPERIMENT_LIMIT = 1 << 20 };

static char *name_of_file(struct ws_arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *name = ws_arena_text(arena, slash ? slash + 1 : path);
    char *dot = name ? strrchr(name, '.') : NULL;
    if (dot && dot != name)
        *dot = '\0';
    return name;
}

static enum ws_status read_into(const char *path, const struct ws_override *overrides,
                                size_t override_count, const struct ws_allocator *allocator,
                                struct ws_arena *scratch, struct ws_experiment *out,
                                struct ws_error *err)
{
    struct ws_bytes text;
    enum ws_status status = ws_file_read(path, EXPERIMENT_LIMIT, scratch, &text, err);
    if (status == WS_LIMIT) { /* too long: the experiment file's fault */
        const struct ws_error inner = *err;
        return ws_fail(err, WS_INVALID, "%s", inner.message);
    }
    WS_TRY(status);
    const char *name = name_of_file(scratch, path);
    if (!name)
        return ws_fail_memory(err, "the experiment");
    return ws_experiment_parse(text, name, path, overrides, override_count, allocator, out, err);
}

enum ws_status ws_experiment_read(const char *path, const struct ws_override *overrides,
                                  size_t override_count, const struct ws_allocator *allocator,
                                  struct ws_experiment *out, struct ws_error *err)
{
    struct ws_arena scratch;
    struct ws_error unheard;
    if (ws_directory_exists(path))
        return ws_fail(err, WS_INVALID, "'%.200s' is a directory, wanted an experiment file", path);
    ws_arena_init(&scratch, allocator);
    enum ws_status status =
        read_into(path, overrides, override_count, allocator, &scratch, out, err ? err : &unheard);
    ws_arena_release(&scratch);
    return status;
}
