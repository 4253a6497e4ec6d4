#include "models/external.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/process.h"
#include "base/rng.h"
#include "base/temporary_directory.h"

enum { MAGIC = 0x454d5357, VERSION = 1 }; /* "WSME" */

static const uint64_t SAMPLE_LIMIT = (uint64_t)1 << 32; /* bytes of the file of a sample */

#define FIELD(name) offsetof(struct ws_external_settings, name)
static const struct ws_option options[] = {
    {"train", WS_OPTION_TEXT, FIELD(train), 0, 0, "", NULL, 0,
     "command that trains: reads the JSON lines of {data}, writes the file {model}"},
    {"sample", WS_OPTION_TEXT, FIELD(sample), 0, 0, "", NULL, 0,
     "command that samples: reads {model}, writes {items} JSON lines to {out}"},
    {"command_seconds", WS_OPTION_REAL, FIELD(command_seconds), 1e-3, 1e9, "86400", NULL,
     WS_OPTION_EXECUTION, "seconds after which a command is ended"},
    {"model_bytes", WS_OPTION_WHOLE, FIELD(model_bytes), 1, 0x1p40, "4G", NULL, WS_OPTION_EXECUTION,
     "bytes that a model may have"},
};
#undef FIELD

static const struct ws_external_model *model_of(const struct ws_model *base)
{
    return (const struct ws_external_model *)base;
}

static enum ws_status check_command(const char *name, const char *command, const char *const *words,
                                    struct ws_error *err)
{
    if (command[0] == '\0')
        return ws_fail(err, WS_INVALID,
                       "family 'external' needs a command '%s'; see docs/guides/external.md", name);
    for (; *words; words++)
        if (!strstr(command, *words))
            return ws_fail(err, WS_INVALID, "command '%s' is '%.200s', wanted %s in it", name,
                           command, *words);
    return WS_OK;
}

static enum ws_status check(const void *settings, const struct ws_dataset *example, uint64_t items,
                            uint64_t item_size, struct ws_error *err)
{
    static const char *const train[] = {"{data}", "{model}", NULL};
    static const char *const sample[] = {"{model}", "{items}", "{out}", NULL};
    const struct ws_external_settings *s = settings;
    (void)items;
    (void)item_size;
    if (example->kind == WS_DATA_UNKNOWN)
        return ws_fail(err, WS_INVALID, "family 'external' takes items of a known kind");
    WS_TRY(check_command("train", s->train, train, err));
    return check_command("sample", s->sample, sample, err);
}

/* A directory of its own for one call -----------------------------------------------------------
 */

struct bench {
    const char *directory;
    const char *data; /* training set, or sample */
    const char *model;
    const char *log;
};

/* With whatever else the commands left there. */
static void close_bench(const struct bench *b)
{
    ws_directory_remove(b->directory);
}

static enum ws_status open_bench(struct bench *b, struct ws_arena *arena, struct ws_error *err)
{
    WS_TRY(ws_temporary_directory_make(arena, &b->directory, err));
    b->data = ws_arena_format(arena, "%s/items.jsonl", b->directory);
    b->model = ws_arena_format(arena, "%s/model", b->directory);
    b->log = ws_arena_format(arena, "%s/log", b->directory);
    if (b->data && b->model && b->log)
        return WS_OK;
    close_bench(b);
    return ws_fail_memory(err, "an external model");
}

/* Command lines ---------------------------------------------------------------------------------
 */

/* What stands in a command line for what. */
struct word {
    const char *name; /* "{data}" */
    const char *text;
};
enum { WORDS = 8, NUMBER_SIZE = 24 };

static void fill_in(const char *command, const struct word words[WORDS], struct ws_buffer *out)
{
    while (*command != '\0') {
        size_t size = 1;
        const char *text = NULL;
        for (int i = 0; i < WORDS && words[i].name; i++)
            if (strncmp(command, words[i].name, strlen(words[i].name)) == 0) {
                size = strlen(words[i].name);
                text = words[i].text;
            }
        if (text)
            ws_shell_quote(text, out);
        else
            ws_buffer_append(out, command, 1);
        command += size;
    }
    ws_buffer_append(out, "", 1);
}

static bool stops(void *user)
{
    const struct ws_draft *draft = user;
    struct ws_error ignored;
    /* Nothing of a command can be stored: an empty draft says so, and whether to stop. */
    return draft->due(draft->user, 0, 0) &&
           draft->store(draft->user, (struct ws_bytes){0}, &ignored) == WS_INTERRUPTED;
}

static enum ws_status run_command(const char *command, const struct ws_external_model *model,
                                  struct ws_rng_key key, const char *data_word, uint64_t items,
                                  const struct bench *b, const struct ws_job *job,
                                  struct ws_arena *arena, struct ws_error *err)
{
    const struct ws_external_settings *settings = model->base.settings;
    struct ws_draft *draft = job ? (struct ws_draft *)job->draft : NULL;
    char seed[NUMBER_SIZE], count[NUMBER_SIZE], threads[NUMBER_SIZE], types[NUMBER_SIZE],
        dimension[NUMBER_SIZE], length[NUMBER_SIZE];
    const struct word words[WORDS] = {
        {data_word, b->data},   {"{model}", b->model}, {"{items}", count},
        {"{seed}", seed},       {"{types}", types},    {"{dimension}", dimension},
        {"{threads}", threads}, {"{length}", length},
    };
    struct ws_rng rng;
    struct ws_buffer line;
    ws_rng_init(&rng, key, 0);
    (void)snprintf(seed, sizeof seed, "%" PRIu32, ws_rng_u32(&rng) / 2); /* for any language */
    (void)snprintf(count, sizeof count, "%" PRIu64, items);
    (void)snprintf(threads, sizeof threads, "%u", ws_job_threads(job));
    (void)snprintf(types, sizeof types, "%" PRIu32, model->types);
    (void)snprintf(dimension, sizeof dimension, "%" PRIu32, model->dimension);
    (void)snprintf(length, sizeof length, "%" PRIu64, model->length);
    ws_buffer_init(&line, arena->allocator, SIZE_MAX);
    fill_in(command, words, &line);
    enum ws_status status = ws_buffer_check(&line, "a command", err);
    if (status == WS_OK) {
        const struct ws_process process = {
            .command = ws_buffer_string(&line),
            .log = b->log,
            .seconds = settings->command_seconds,
            .stops = draft ? stops : NULL,
            .user = draft,
        };
        status = ws_process_run(&process, err);
    }
    ws_buffer_release(&line);
    return status;
}

/* Reads what a command wrote as `word`. A pipe would wait for its writer, a device might have no
 * end. */
static enum ws_status read_written(const char *command, const char *word, const char *path,
                                   uint64_t limit, struct ws_arena *arena, struct ws_bytes *out,
                                   struct ws_error *err)
{
    uint64_t size;
    if (ws_directory_exists(path))
        return ws_fail(err, WS_IO, "the command '%.160s' made %s a directory, wanted one file",
                       command, word);
    if (!ws_file_exists(path))
        return ws_fail(err, WS_NOT_FOUND, "the command '%.160s' wrote no %s", command, word);
    WS_TRY(ws_file_size(path, &size, err));
    return ws_file_read(path, (size_t)limit, arena, out, err);
}

/* Fitting ---------------------------------------------------------------------------------------
 */

static enum ws_status write_data(const struct ws_dataset *data, const struct bench *b,
                                 struct ws_arena *arena, struct ws_error *err)
{
    struct ws_buffer items;
    ws_buffer_init(&items, arena->allocator, SIZE_MAX);
    enum ws_status status = ws_external_write_items(data, &items, err);
    if (status == WS_OK)
        status = ws_file_replace(b->data, ws_buffer_bytes(&items), err);
    ws_buffer_release(&items);
    return status;
}

static enum ws_status read_model(struct ws_external_model *model, const struct bench *b,
                                 struct ws_arena *arena, struct ws_error *err)
{
    const struct ws_external_settings *settings = model->base.settings;
    return read_written(settings->train, "{model}", b->model, settings->model_bytes, arena,
                        &model->bytes, err);
}

static enum ws_status train(struct ws_external_model *model, const struct ws_dataset *data,
                            struct ws_rng_key key, const struct bench *b, const struct ws_job *job,
                            struct ws_arena *arena, struct ws_error *err)
{
    const struct ws_external_settings *settings = model->base.settings;
    WS_TRY(write_data(data, b, arena, err));
    WS_TRY(run_command(settings->train, model, key, "{data}", data->count, b, job, arena, err));
    return read_model(model, b, arena, err);
}

static enum ws_status fit_one(const void *settings, const struct ws_dataset *data,
                              struct ws_rng_key key, const struct ws_job *job,
                              struct ws_arena *arena, const struct ws_model **out,
                              struct ws_error *err)
{
    struct bench b;
    struct ws_external_model *model = WS_ARENA_NEW(arena, struct ws_external_model, 1);
    if (!model)
        return ws_fail_memory(err, "an external model");
    *model = (struct ws_external_model){
        .base = {&ws_family_external, settings, data->count},
        .kind = data->kind,
        .types = data->types,
        .dimension = data->dimension,
        .length = data->kind == WS_DATA_TOKENS ? ws_dataset_lengths(data).longest : 0,
    };
    WS_TRY(open_bench(&b, arena, err));
    enum ws_status status = train(model, data, key, &b, job, arena, err);
    close_bench(&b);
    if (status == WS_OK)
        *out = &model->base;
    return status;
}

static enum ws_status fit(const void *settings, size_t chains,
                          const struct ws_dataset *const data[], const struct ws_rng_key init[],
                          const struct ws_job *job, struct ws_arena *arena,
                          const struct ws_model *models[], struct ws_error *err)
{
    for (size_t c = 0; c < chains; c++)
        WS_TRY(fit_one(settings, data[c], init[c], job, arena, &models[c], err));
    return WS_OK;
}

/* Sampling --------------------------------------------------------------------------------------
 */

static enum ws_status draw(const struct ws_external_model *model, uint64_t count,
                           struct ws_rng_key key, const struct bench *b, const struct ws_job *job,
                           struct ws_arena *arena, struct ws_payload *out, struct ws_error *err)
{
    const struct ws_external_settings *settings = model->base.settings;
    struct ws_bytes text;
    struct ws_arena scratch;
    struct ws_error said;
    WS_TRY(ws_file_replace(b->model, model->bytes, err));
    WS_TRY(run_command(settings->sample, model, key, "{out}", count, b, job, arena, err));
    ws_arena_init(&scratch, arena->allocator);
    enum ws_status status =
        read_written(settings->sample, "{out}", b->data, SAMPLE_LIMIT, &scratch, &text, &said);
    if (status == WS_OK)
        status = ws_external_read_items(text, "{out}", model, count, arena, out, &said);
    ws_arena_release(&scratch);
    if (status == WS_OK)
        return WS_OK;
    /* The command's fault: WS_CORRUPT would say that a file of the run is damaged. */
    return ws_fail(err, status == WS_CORRUPT ? WS_IO : status, "%s", said.message);
}

static enum ws_status sample_one(const struct ws_external_model *model, uint64_t count,
                                 struct ws_rng_key key, const struct ws_job *job,
                                 struct ws_arena *arena, const struct ws_payload **out,
                                 struct ws_error *err)
{
    struct bench b;
    struct ws_payload *payload = WS_ARENA_ZNEW(arena, struct ws_payload, 1);
    if (!payload)
        return ws_fail_memory(err, "a sample of an external model");
    WS_TRY(open_bench(&b, arena, err));
    enum ws_status status = draw(model, count, key, &b, job, arena, payload, err);
    close_bench(&b);
    *out = payload;
    return status;
}

static enum ws_status sample(size_t chains, const struct ws_model *const models[],
                             const uint64_t counts[], const struct ws_rng_key keys[],
                             const struct ws_job *job, struct ws_arena *arena,
                             const struct ws_payload *out[], struct ws_error *err)
{
    for (size_t c = 0; c < chains; c++)
        WS_TRY(sample_one(model_of(models[c]), counts[c], keys[c], job, arena, &out[c], err));
    return WS_OK;
}

/* Stored form -----------------------------------------------------------------------------------
 */

static void save(const struct ws_model *base, struct ws_buffer *out)
{
    const struct ws_external_model *model = model_of(base);
    ws_buffer_u32(out, MAGIC);
    ws_buffer_u32(out, VERSION);
    ws_buffer_u32(out, model->kind);
    ws_buffer_u32(out, model->types);
    ws_buffer_u32(out, model->dimension);
    ws_buffer_u64(out, model->length);
    ws_buffer_u64(out, base->training_items);
    ws_buffer_u64(out, model->bytes.size);
    ws_buffer_append(out, model->bytes.data, model->bytes.size);
}

/* Vectors have a dimension, others types, token sequences a length, and nothing has what it has
 * not. */
static bool is_valid(const struct ws_external_model *model)
{
    bool is_vectors = model->kind == WS_DATA_VECTORS, is_tokens = model->kind == WS_DATA_TOKENS;
    return model->kind > WS_DATA_UNKNOWN && model->kind < WS_DATA_KIND_COUNT &&
           (model->dimension > 0) == is_vectors && (model->types > 0) == !is_vectors &&
           (model->length > 0) == is_tokens && model->base.training_items > 0;
}

static enum ws_status load(const void *settings, struct ws_bytes bytes, struct ws_arena *arena,
                           const struct ws_model **out, struct ws_error *err)
{
    struct ws_reader in;
    ws_reader_init(&in, bytes);
    uint32_t magic = ws_read_u32(&in);
    uint32_t version = ws_read_u32(&in);
    if (magic != MAGIC || version != VERSION)
        return ws_fail(err, WS_CORRUPT, "not an external model of version %d", VERSION);
    uint32_t kind = ws_read_u32(&in);
    struct ws_external_model *model = WS_ARENA_ZNEW(arena, struct ws_external_model, 1);
    if (!model)
        return ws_fail_memory(err, "an external model");
    model->base = (struct ws_model){&ws_family_external, settings, 0};
    model->kind = kind < WS_DATA_KIND_COUNT ? (enum ws_data_kind)kind : WS_DATA_UNKNOWN;
    model->types = ws_read_u32(&in);
    model->dimension = ws_read_u32(&in);
    model->length = ws_read_u64(&in);
    model->base.training_items = ws_read_u64(&in);
    uint64_t size = ws_read_u64(&in);
    const uint8_t *data = ws_reader_holds(&in, size, 1) ? ws_read_bytes(&in, size) : NULL;
    if (!data || !ws_reader_at_end(&in) || !is_valid(model))
        return ws_fail(err, WS_CORRUPT, "an external model that is cut short or makes no sense");
    model->bytes = ws_bytes_of(ws_arena_copy(arena, data, size), size);
    if (!model->bytes.data)
        return ws_fail_memory(err, "an external model");
    *out = &model->base;
    return WS_OK;
}

static void describe(const struct ws_model *base, struct ws_buffer *out)
{
    ws_buffer_format(out, "external model, %zu bytes, from %" PRIu64 " items",
                     model_of(base)->bytes.size, base->training_items);
}

/* A guess at a small script, whose start is most of it. A plan measures how far off that is. */
static void cost(const void *settings, const struct ws_dataset *example, uint64_t items,
                 double item_size, struct ws_family_cost *out)
{
    (void)settings;
    (void)example;
    (void)items;
    *out = (struct ws_family_cost){
        .fit_seconds = 1e-6 * item_size,
        .fit_whole = 0.1,
        .sample_seconds = 1e-6 * item_size,
        .measure_seconds = 1e-8 * item_size,
        .item_bytes = 8 * item_size,
        .work_bytes = 1 << 20,
        .uses_threads = true,
    };
}

const struct ws_family_ops ws_family_external = {
    .name = "external",
    .summary = "your own model: a command that trains, and one that samples",
    .options = {"family external", options, sizeof options / sizeof *options},
    .settings_size = sizeof(struct ws_external_settings),
    .accepts =
        1u << WS_DATA_SYMBOLS | 1u << WS_DATA_COUNTS | 1u << WS_DATA_VECTORS | 1u << WS_DATA_TOKENS,
    .batch = 1,
    .outside = true,
    .check = check,
    .fit = fit,
    .sample = sample,
    .save = save,
    .load = load,
    .describe = describe,
    .cost = cost,
};
