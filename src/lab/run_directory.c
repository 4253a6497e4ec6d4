#include "lab/run_directory.h"

#include <gnu/libc-version.h>
#include <inttypes.h>
#include <lapacke.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <zlib.h>

#include "base/file.h"
#include "base/json.h"
#include "lab/chain.h"

enum { RUN_LIMIT = 1 << 24, INPUT_NAME_SIZE = 400 };

char *ws_run_path(struct ws_arena *arena, const char *directory, const char *rest)
{
    return ws_arena_format(arena, "%s/%s", directory, rest);
}

char *ws_block_path(struct ws_arena *arena, const char *directory, const char *arm, uint64_t first,
                    uint64_t block, const char *suffix)
{
    if (block == 1)
        return ws_arena_format(arena, "%s/arms/%s/seed-%" PRIu64 "%s", directory, arm, first,
                               suffix);
    return ws_arena_format(arena, "%s/arms/%s/seeds-%" PRIu64 "-%" PRIu64 "%s", directory, arm,
                           first, first + block - 1, suffix);
}

char *ws_chain_path(struct ws_arena *arena, const char *directory, const struct ws_arm *arm,
                    uint64_t seed, const char *suffix)
{
    return ws_block_path(arena, directory, arm->directory, seed, 1, suffix);
}

void ws_compute_class(const struct ws_device *device, struct ws_buffer *out)
{
    lapack_int major = 0, minor = 0, patch = 0;
    LAPACK_ilaver(&major, &minor, &patch);
#if defined __x86_64__
    ws_buffer_text(out, "x86_64");
    /* The C library picks its mathematics by these. */
    if (__builtin_cpu_supports("fma"))
        ws_buffer_text(out, "+fma");
    if (__builtin_cpu_supports("avx2"))
        ws_buffer_text(out, "+avx2");
    if (__builtin_cpu_supports("avx512f"))
        ws_buffer_text(out, "+avx512f");
#else
    struct utsname system;
    ws_buffer_text(out, uname(&system) == 0 ? system.machine : "unknown");
#endif
    ws_buffer_format(out, " glibc-%s lapack-%d.%d.%d-" WS_LAPACK_SUM " zlib-%s",
                     gnu_get_libc_version(), (int)major, (int)minor, (int)patch, zlibVersion());
    if (device && device->about[0])
        ws_buffer_format(out, " %s%s%s", device->about, device->library[0] ? " " : "",
                         device->library);
}

/* Writing -------------------------------------------------------------------------------------- */

static json_t *settings_json(const struct ws_experiment *experiment, struct ws_arena *arena)
{
    struct ws_setting *settings;
    size_t count;
    if (ws_experiment_list(experiment, arena, &settings, &count, NULL) != WS_OK)
        return NULL;
    json_t *object = json_object();
    for (size_t i = 0; object && i < count; i++)
        if (json_object_set_new(object, settings[i].name, json_string(settings[i].value)) != 0) {
            json_decref(object);
            object = NULL;
        }
    return object;
}

/* What the arm has of its own, by name. */
static json_t *varied_json(const struct ws_arm *arm)
{
    json_t *object = json_object();
    for (size_t i = 0; object && i < arm->varied_count; i++)
        if (json_object_set_new(object, arm->varied[i].name, json_string(arm->varied[i].value)) !=
            0) {
            json_decref(object);
            object = NULL;
        }
    return object;
}

static json_t *arms_json(const struct ws_experiment *experiment)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < experiment->arm_count; i++) {
        const struct ws_arm *arm = &experiment->arms[i];
        json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:b, s:I}", "name", arm->name, "policy",
                                   arm->policy.name, "variation", arm->variation, "directory",
                                   arm->directory, "outgrows_control", arm->outgrows_control,
                                   "largest_training_set", (json_int_t)arm->totals.largest);
        bool whole =
            arm->varied_count == 0 || json_object_set_new(object, "varied", varied_json(arm)) == 0;
        if (json_array_append_new(array, object) != 0 || !whole) {
            json_decref(array);
            array = NULL;
        }
    }
    return array;
}

static json_t *machine_json(const struct ws_run_state *state)
{
    struct utsname system = {0};
    (void)uname(&system);
    return json_pack("{s:s, s:s, s:s, s:s, s:I}", "compute_class", state->compute_class, "host",
                     system.nodename, "system", system.sysname, "release", system.release,
                     "threads", (json_int_t)state->threads);
}

/* Hashes by what they are of, "corpus_sha256" always. */
static json_t *inputs_json(const struct ws_experiment *experiment)
{
    json_t *object = json_pack("{s:s}", "corpus_sha256", "");
    for (size_t i = 0; object && i < experiment->input_count; i++) {
        char name[INPUT_NAME_SIZE], hash[WS_HASH_TEXT_SIZE];
        (void)snprintf(name, sizeof name, "%s_sha256", experiment->inputs[i].name);
        ws_hash_text(&experiment->inputs[i].hash, hash);
        if (json_object_set_new(object, name, json_string(hash)) != 0) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}

static json_t *run_json(const struct ws_experiment *experiment, const struct ws_run_state *state,
                        struct ws_arena *arena)
{
    /* 'o' takes over what it is given even when packing fails. */
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:I, s:o, s:o}", "format",
                     WS_RUN_FORMAT, "version", WS_VERSION, "name", experiment->name, "title",
                     experiment->settings.title, "state", state->state, "started", state->started,
                     "finished", state->finished, "settings", settings_json(experiment, arena),
                     "inputs", inputs_json(experiment), "block",
                     (json_int_t)ws_block_size(experiment), "arms", arms_json(experiment),
                     "machine", machine_json(state));
}

enum ws_status ws_run_write(const char *directory, const struct ws_experiment *experiment,
                            const struct ws_run_state *state, struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_buffer text;
    ws_arena_init(&arena, experiment->arena.allocator);
    ws_buffer_init(&text, experiment->arena.allocator, RUN_LIMIT);
    char *path = ws_run_path(&arena, directory, "run.json");
    json_t *object = run_json(experiment, state, &arena);
    enum ws_status status = path && object ? WS_OK : ws_fail_memory(err, "run.json");
    ws_json_append_pretty(object, &text);
    ws_buffer_text(&text, "\n");
    if (status == WS_OK)
        status = ws_buffer_check(&text, "run.json", err);
    if (status == WS_OK)
        status = ws_file_replace(path, ws_buffer_bytes(&text), err);
    json_decref(object);
    ws_buffer_release(&text);
    ws_arena_release(&arena);
    return status;
}

/* Reading -------------------------------------------------------------------------------------- */

static enum ws_status copy_text(const json_t *object, const char *key, const char *name,
                                struct ws_arena *arena, const char **out, struct ws_error *err)
{
    const char *text;
    WS_TRY(ws_json_read_text(object, key, name, &text, err));
    *out = ws_arena_text(arena, text);
    return *out ? WS_OK : ws_fail_memory(err, "run.json");
}

/* An object of texts. */
static enum ws_status read_texts(const json_t *root, const char *member, const char *name,
                                 struct ws_arena *arena, struct ws_setting **out, size_t *count,
                                 struct ws_error *err)
{
    json_t *object;
    WS_TRY(ws_json_read_object(root, member, name, &object, err));
    struct ws_setting *texts = WS_ARENA_ZNEW(arena, struct ws_setting, json_object_size(object));
    if (!texts)
        return ws_fail_memory(err, "run.json");
    const char *key;
    json_t *value;
    size_t n = 0;
    json_object_foreach(object, key, value)
    {
        if (!json_is_string(value))
            return ws_fail(err, WS_CORRUPT, "%s: '%s' in '%s' is not a text", name, key, member);
        texts[n].name = ws_arena_text(arena, key);
        texts[n].value = ws_arena_text(arena, json_string_value(value));
        if (!texts[n].name || !texts[n].value)
            return ws_fail_memory(err, "run.json");
        n++;
    }
    *out = texts;
    *count = n;
    return WS_OK;
}

static enum ws_status read_arm(const json_t *object, const char *name, struct ws_arena *arena,
                               struct ws_run_arm *out, struct ws_error *err)
{
    WS_TRY(copy_text(object, "name", name, arena, &out->name, err));
    WS_TRY(copy_text(object, "policy", name, arena, &out->policy, err));
    WS_TRY(copy_text(object, "variation", name, arena, &out->variation, err));
    WS_TRY(copy_text(object, "directory", name, arena, &out->directory, err));
    out->outgrows_control = json_is_true(json_object_get(object, "outgrows_control"));
    if (!json_object_get(object, "varied")) /* nothing is, or an older program wrote it */
        return WS_OK;
    return read_texts(object, "varied", name, arena, &out->varied, &out->varied_count, err);
}

static enum ws_status read_arms(const json_t *root, const char *name, struct ws_arena *arena,
                                struct ws_run_description *out, struct ws_error *err)
{
    json_t *array;
    WS_TRY(ws_json_read_array(root, "arms", name, &array, err));
    out->arms = WS_ARENA_ZNEW(arena, struct ws_run_arm, json_array_size(array));
    if (!out->arms)
        return ws_fail_memory(err, "run.json");
    for (size_t i = 0; i < json_array_size(array); i++) {
        WS_TRY(read_arm(json_array_get(array, i), name, arena, &out->arms[i], err));
        out->arm_count++;
    }
    return WS_OK;
}

static const char *find_text(const struct ws_setting *texts, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(texts[i].name, name) == 0)
            return texts[i].value;
    return NULL;
}

const char *ws_run_setting(const struct ws_run_description *run, const char *name)
{
    return find_text(run->settings, run->setting_count, name);
}

static enum ws_status read_whole_setting(const struct ws_run_description *run, const char *name,
                                         const char *file, uint64_t *out, struct ws_error *err)
{
    static const struct ws_option option = {
        .name = "a count", .type = WS_OPTION_WHOLE, .min = 1, .max = 1e7};
    const char *value = ws_run_setting(run, name);
    if (!value)
        return ws_fail(err, WS_CORRUPT, "%s: setting '%s' is missing", file, name);
    enum ws_status status = ws_option_set(&option, out, value, file, NULL, err);
    return status == WS_INVALID
               ? ws_fail(err, WS_CORRUPT, "%s: setting '%s' is '%s'", file, name, value)
               : status;
}

static enum ws_status read_members(const json_t *root, const char *name, struct ws_arena *arena,
                                   struct ws_run_description *out, struct ws_error *err)
{
    const char *format;
    json_t *machine;
    WS_TRY(ws_json_read_text(root, "format", name, &format, err));
    if (strcmp(format, WS_RUN_FORMAT) != 0)
        return ws_fail(
            err, WS_UNSUPPORTED,
            "%s: format '%.40s', this program reads '%s': a run of another version of the "
            "program cannot be read or gone on with",
            name, format, WS_RUN_FORMAT);
    out->version = "";
    if (json_object_get(root, "version")) /* nothing is decided by it */
        WS_TRY(copy_text(root, "version", name, arena, &out->version, err));
    WS_TRY(copy_text(root, "name", name, arena, &out->name, err));
    WS_TRY(copy_text(root, "title", name, arena, &out->title, err));
    WS_TRY(copy_text(root, "state", name, arena, &out->state, err));
    WS_TRY(copy_text(root, "started", name, arena, &out->started, err));
    WS_TRY(copy_text(root, "finished", name, arena, &out->finished, err));
    WS_TRY(read_texts(root, "inputs", name, arena, &out->inputs, &out->input_count, err));
    WS_TRY(ws_json_read_object(root, "machine", name, &machine, err));
    WS_TRY(copy_text(machine, "compute_class", name, arena, &out->compute_class, err));
    WS_TRY(read_texts(root, "settings", name, arena, &out->settings, &out->setting_count, err));
    out->family = ws_run_setting(out, "family");
    if (!out->family)
        return ws_fail(err, WS_CORRUPT, "%s: setting 'family' is missing", name);
    WS_TRY(read_whole_setting(out, "generations", name, &out->generations, err));
    WS_TRY(read_whole_setting(out, "seeds", name, &out->seeds, err));
    WS_TRY(ws_json_read_whole(root, "block", name, &out->block, err));
    if (out->block == 0)
        return ws_fail(err, WS_CORRUPT, "%s: 'block' is 0", name);
    return read_arms(root, name, arena, out, err);
}

enum ws_status ws_run_parse(struct ws_bytes bytes, const char *name, struct ws_arena *arena,
                            struct ws_run_description *out, struct ws_error *err)
{
    json_t *root;
    WS_TRY(ws_json_parse(bytes, name, &root, err));
    *out = (struct ws_run_description){0};
    enum ws_status status = read_members(root, name, arena, out, err);
    json_decref(root);
    return status;
}

enum ws_status ws_run_read(const char *directory, struct ws_arena *arena,
                           struct ws_run_description *out, struct ws_error *err)
{
    struct ws_bytes bytes;
    char *path = ws_run_path(arena, directory, "run.json");
    if (!path)
        return ws_fail_memory(err, "run.json");
    WS_TRY(ws_file_read(path, RUN_LIMIT, arena, &bytes, err));
    struct ws_error damage;
    enum ws_status status = ws_run_parse(bytes, path, arena, out, &damage);
    if (status == WS_CORRUPT)
        return ws_fail(err, status,
                       "%s; put a whole one in its place, for instance what the same 'run' with "
                       "another -o writes when it begins, and the run goes on",
                       damage.message);
    return status == WS_OK ? status : ws_fail(err, status, "%s", damage.message);
}

static enum ws_status make_experiment(const struct ws_run_description *run, const char *name,
                                      const struct ws_override *overrides, size_t override_count,
                                      struct ws_arena *arena, struct ws_experiment *out,
                                      struct ws_error *err)
{
    const struct ws_yaml nothing = {.count = 0};
    size_t count = run->setting_count;
    struct ws_override *all = WS_ARENA_NEW(arena, struct ws_override, count + override_count);
    if (!all)
        return ws_fail_memory(err, "the settings");
    for (size_t i = 0; i < count; i++)
        all[i] = (struct ws_override){run->settings[i].name, run->settings[i].value};
    for (size_t i = 0; i < override_count; i++)
        all[count + i] = overrides[i];
    return ws_experiment_of_settings(&nothing, run->name, name, all, count + override_count,
                                     arena->allocator, out, err);
}

/* Whether the run's settings are wrong as they stand: then it is no fault of the overrides. */
static bool is_wrong(const struct ws_run_description *run, const char *name, struct ws_arena *arena)
{
    struct ws_experiment experiment;
    struct ws_error ignored;
    enum ws_status status = make_experiment(run, name, NULL, 0, arena, &experiment, &ignored);
    if (status == WS_OK)
        ws_experiment_release(&experiment);
    return status == WS_INVALID;
}

static enum ws_status parse_experiment(struct ws_bytes bytes, const char *name,
                                       const struct ws_override *overrides, size_t override_count,
                                       struct ws_arena *arena, struct ws_experiment *out,
                                       struct ws_error *err)
{
    struct ws_run_description run;
    WS_TRY(ws_run_parse(bytes, name, arena, &run, err));
    enum ws_status status = make_experiment(&run, name, overrides, override_count, arena, out, err);
    if (status == WS_INVALID && (override_count == 0 || is_wrong(&run, name, arena))) {
        ws_error_prefix(err, "%s", name);
        return WS_CORRUPT;
    }
    return status;
}

enum ws_status ws_run_parse_experiment(struct ws_bytes bytes, const char *name,
                                       const struct ws_override *overrides, size_t override_count,
                                       const struct ws_allocator *allocator,
                                       struct ws_experiment *out, struct ws_error *err)
{
    struct ws_arena arena;
    ws_arena_init(&arena, allocator);
    enum ws_status status =
        parse_experiment(bytes, name, overrides, override_count, &arena, out, err);
    ws_arena_release(&arena);
    return status;
}

enum ws_status ws_run_experiment(const char *directory, const struct ws_override *overrides,
                                 size_t override_count, const struct ws_allocator *allocator,
                                 struct ws_experiment *out, struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_bytes bytes;
    ws_arena_init(&arena, allocator);
    char *path = ws_run_path(&arena, directory, "run.json");
    enum ws_status status =
        path ? ws_file_read(path, RUN_LIMIT, &arena, &bytes, err) : ws_fail_memory(err, "run.json");
    if (status == WS_OK)
        status =
            ws_run_parse_experiment(bytes, path, overrides, override_count, allocator, out, err);
    ws_arena_release(&arena);
    return status;
}

/* Comparing ------------------------------------------------------------------------------------ */

static enum ws_status changed(const char *directory, const char *name, const char *there,
                              const char *here, struct ws_error *err)
{
    return ws_fail(err, WS_CONFLICT,
                   "'%s' was begun with %s=%.100s, now it is %s=%.100s; give another directory "
                   "with -o, or the old setting",
                   directory, name, there, name, here);
}

static enum ws_status compare_setting(const struct ws_run_description *there,
                                      const struct ws_setting *here, const char *directory,
                                      struct ws_error *err)
{
    const char *old = ws_run_setting(there, here->name);
    if (!old) /* it came after the run was begun: the default is what was done before */
        old = here->initial;
    if (here->traits & (WS_OPTION_EXECUTION | WS_OPTION_INPUT))
        return WS_OK;
    if (here->traits & WS_OPTION_GROWS) {
        uint64_t before = 0, now = 0;
        WS_TRY(read_whole_setting(there, here->name, directory, &before, err));
        struct ws_run_description asked = {.settings = (struct ws_setting[]){*here},
                                           .setting_count = 1};
        WS_TRY(read_whole_setting(&asked, here->name, directory, &now, err));
        if (now < before)
            return ws_fail(err, WS_CONFLICT,
                           "'%s' was begun with %s=%" PRIu64 ", which may be raised but not "
                           "lowered to %" PRIu64,
                           directory, here->name, before, now);
        return WS_OK;
    }
    if (!old || strcmp(old, here->value) != 0)
        return changed(directory, here->name, old ? old : "(none)", here->value, err);
    return WS_OK;
}

/* Whatever is read is the same when its bytes are, wherever it lies. */
static enum ws_status compare_inputs(const struct ws_run_description *there,
                                     const struct ws_experiment *experiment, const char *directory,
                                     struct ws_error *err)
{
    for (size_t i = 0; i < experiment->input_count; i++) {
        const struct ws_human_input *input = &experiment->inputs[i];
        char name[INPUT_NAME_SIZE], hash[WS_HASH_TEXT_SIZE];
        (void)snprintf(name, sizeof name, "%s_sha256", input->name);
        ws_hash_text(&input->hash, hash);
        const char *old = find_text(there->inputs, there->input_count, name);
        (void)snprintf(name, sizeof name, "the SHA-256 of '%s'", input->name);
        if (!old || strcmp(old, hash) != 0)
            return changed(directory, name, old ? old : "(none)", hash, err);
    }
    return WS_OK;
}

enum ws_status ws_run_compare(const struct ws_run_description *there,
                              const struct ws_experiment *experiment, const char *directory,
                              struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_setting *settings;
    size_t count;
    ws_arena_init(&arena, experiment->arena.allocator);
    enum ws_status status = ws_experiment_list(experiment, &arena, &settings, &count, err);
    for (size_t i = 0; status == WS_OK && i < count; i++)
        status = compare_setting(there, &settings[i], directory, err);
    if (status == WS_OK)
        status = compare_inputs(there, experiment, directory, err);
    ws_arena_release(&arena);
    return status;
}
