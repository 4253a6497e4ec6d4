#include "api/handle.h"
#include "lab/experiment_file.h"

/* The settings as the laboratory wants them, in `arena`. */
static enum ws_status take_settings(const struct wellspring_setting *settings, size_t count,
                                    struct ws_arena *arena, struct ws_override **out,
                                    struct ws_error *err)
{
    struct ws_override *overrides = WS_ARENA_NEW(arena, struct ws_override, count);
    if (!overrides)
        return ws_fail_memory(err, "the settings");
    for (size_t i = 0; i < count; i++)
        overrides[i] = (struct ws_override){settings[i].name, settings[i].value};
    *out = overrides;
    return WS_OK;
}

/* What an experiment is made of: a text called `name`, or the file `path`. */
struct origin {
    struct ws_bytes text;
    const char *name;
    const char *path; /* or NULL */
    const struct wellspring_setting *settings;
    size_t setting_count;
};

static enum ws_status make_inside(const struct origin *origin, struct ws_experiment *out,
                                  struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_override *overrides = NULL;
    ws_arena_init(&arena, NULL);
    enum ws_status status =
        take_settings(origin->settings, origin->setting_count, &arena, &overrides, err);
    if (status == WS_OK)
        status =
            origin->path
                ? ws_experiment_read(origin->path, overrides, origin->setting_count, NULL, out, err)
                : ws_experiment_parse(origin->text, origin->name, origin->name, overrides,
                                      origin->setting_count, NULL, out, err);
    ws_arena_release(&arena);
    return status;
}

static enum wellspring_status make(const struct origin *origin, struct wellspring_experiment **out,
                                   struct wellspring_error *error)
{
    struct ws_error inside;
    struct ws_experiment made;
    enum ws_status status = make_inside(origin, &made, &inside);
    struct wellspring_experiment *handle = NULL;
    if (status == WS_OK) {
        handle = ws_realloc(NULL, NULL, 0, sizeof *handle);
        if (!handle) {
            ws_experiment_release(&made);
            status = ws_fail_memory(&inside, "the experiment");
        }
    }
    if (status == WS_OK) {
        handle->inside = made;
        *out = handle;
    }
    return ws_api_tell(status, &inside, error);
}

enum wellspring_status wellspring_experiment_parse(const char *text, size_t size, const char *name,
                                                   const struct wellspring_setting *settings,
                                                   size_t setting_count,
                                                   struct wellspring_experiment **out,
                                                   struct wellspring_error *error)
{
    const struct origin origin = {
        .text = ws_bytes_of(text, size),
        .name = name,
        .settings = settings,
        .setting_count = setting_count,
    };
    return make(&origin, out, error);
}

enum wellspring_status wellspring_experiment_read(const char *path,
                                                  const struct wellspring_setting *settings,
                                                  size_t setting_count,
                                                  struct wellspring_experiment **out,
                                                  struct wellspring_error *error)
{
    const struct origin origin = {
        .path = path, .settings = settings, .setting_count = setting_count};
    return make(&origin, out, error);
}

void wellspring_experiment_free(struct wellspring_experiment *experiment)
{
    if (!experiment)
        return;
    ws_experiment_release(&experiment->inside);
    ws_free(NULL, experiment, sizeof *experiment);
}

const char *wellspring_experiment_name(const struct wellspring_experiment *experiment)
{
    return experiment->inside.name;
}

uint64_t wellspring_experiment_seeds(const struct wellspring_experiment *experiment)
{
    return experiment->inside.settings.seeds;
}

uint64_t wellspring_experiment_generations(const struct wellspring_experiment *experiment)
{
    return experiment->inside.settings.generations;
}

size_t wellspring_experiment_arm_count(const struct wellspring_experiment *experiment)
{
    return experiment->inside.arm_count;
}

const char *wellspring_experiment_arm(const struct wellspring_experiment *experiment, size_t index)
{
    return index < experiment->inside.arm_count ? experiment->inside.arms[index].name : NULL;
}
