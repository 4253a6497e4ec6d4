#include "cli/training_directory.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/number.h"
#include "models/nn/transformer/hugging_face.h"

#define RECORD_NAME   "training.json"
#define RECORD_FORMAT "wellspring-training/1"

enum { RECORD_LIMIT = 1 << 20, CURVE_LIMIT = 1 << 30 };

/* Opening -------------------------------------------------------------------------------------- */

static bool is_draft(const char *name)
{
    return strstr(name, WS_FILE_DRAFT) != NULL;
}

/* Without training.json it must be new, or one whose training was killed at its very start. */
static enum ws_status check_is_ours(const char *path, struct ws_arena *arena, struct ws_error *err)
{
    struct ws_names names;
    WS_TRY(ws_directory_list(path, arena, &names, err));
    for (size_t i = 0; i < names.count; i++)
        if (strcmp(names.items[i], RECORD_NAME) == 0)
            return WS_OK;
    for (size_t i = 0; i < names.count; i++)
        if (strcmp(names.items[i], "lock") != 0 &&
            strncmp(names.items[i], RECORD_NAME WS_FILE_DRAFT, strlen(RECORD_NAME WS_FILE_DRAFT)) !=
                0)
            return ws_fail(err, WS_CONFLICT,
                           "'%s' holds '%s' and no " RECORD_NAME "; give a new directory with -o",
                           path, names.items[i]);
    return WS_OK;
}

/* What a killed program left. */
static enum ws_status remove_drafts(const char *path, struct ws_arena *arena, struct ws_error *err)
{
    struct ws_names names;
    WS_TRY(ws_directory_list(path, arena, &names, err));
    for (size_t i = 0; i < names.count; i++) {
        char *draft = ws_arena_format(arena, "%s/%s", path, names.items[i]);
        if (draft && is_draft(names.items[i]))
            (void)unlink(draft); /* one that stays does no harm */
    }
    return WS_OK;
}

enum ws_status training_directory_open(const char *path, enum ws_dtype save_type,
                                       struct training_directory *out, struct ws_error *err)
{
    *out = (struct training_directory){.path = path, .save_type = save_type, .lock = -1};
    ws_arena_init(&out->arena, NULL);
    out->record = ws_arena_format(&out->arena, "%s/" RECORD_NAME, path);
    out->curve = ws_arena_format(&out->arena, "%s/training.jsonl", path);
    out->state = ws_arena_format(&out->arena, "%s/trainer.state", path);
    out->lock_path = ws_arena_format(&out->arena, "%s/lock", path);
    if (!out->record || !out->curve || !out->state || !out->lock_path)
        return ws_fail_memory(err, "the training's directory");
    out->made = !ws_directory_exists(path);
    WS_TRY(ws_directory_make(path, err));
    WS_TRY(check_is_ours(path, &out->arena, err));
    WS_TRY(ws_lock_take(out->lock_path, &out->lock, err));
    return remove_drafts(path, &out->arena, err);
}

/* Of a start that was refused nothing stays. What cannot be removed does no harm. */
static void remove_unused(const struct training_directory *directory)
{
    if (directory->lock < 0 || ws_file_exists(directory->record))
        return;
    (void)unlink(directory->lock_path);
    if (directory->made)
        (void)rmdir(directory->path);
}

void training_directory_close(struct training_directory *directory)
{
    remove_unused(directory);
    ws_lock_drop(directory->lock);
    ws_arena_release(&directory->arena);
}

/* Results -------------------------------------------------------------------------------------- */

static json_t *point_json(uint64_t step, double loss)
{
    return json_pack("{s:I, s:o, s:o}", "step", (json_int_t)step, "loss", ws_json_real(loss),
                     "perplexity", ws_json_real(exp(loss)));
}

/* The last and the best; NULL and NULL when there are none. */
static void validations_json(const struct ws_trainer *trainer, json_t **last, json_t **best)
{
    size_t count;
    const struct ws_train_point *points = ws_trainer_validations(trainer, &count);
    size_t lowest = 0;
    for (size_t i = 1; i < count; i++)
        if (points[i].loss < points[lowest].loss)
            lowest = i;
    *last = count > 0 ? point_json(points[count - 1].step, points[count - 1].loss) : NULL;
    *best = count > 0 ? point_json(points[lowest].step, points[lowest].loss) : NULL;
}

/* The training loss is the mean of the last tenth of the steps. */
static json_t *results_json(const struct ws_trainer *trainer, size_t parameters)
{
    size_t count;
    const struct ws_train_point *points = ws_trainer_curve(trainer, &count);
    size_t last = (count + 9) / 10;
    double loss = 0;
    json_t *validation;
    json_t *best;
    for (size_t i = count - last; i < count; i++)
        loss += points[i].loss / (double)last;
    validations_json(trainer, &validation, &best);
    return json_pack("{s:I, s:I, s:I, s:o, s:o*, s:o*}", "parameters", (json_int_t)parameters,
                     "steps", (json_int_t)count, "tokens", (json_int_t)ws_trainer_tokens(trainer),
                     "training", point_json(count, loss), "validation", validation,
                     "best_validation", best);
}

/* Writing -------------------------------------------------------------------------------------- */

/* Without results the training is still running; they are taken over. NULL without memory. */
static json_t *record_json(const struct training_directory *directory,
                           const struct ws_trainer *trainer, json_t *results)
{
    struct ws_bytes identity = ws_trainer_identity(trainer);
    return json_pack("{s:s, s:s, s:s, s:s%, s:s*, s:o*}", "format", RECORD_FORMAT, "version",
                     WS_VERSION, "state", results ? "complete" : "running", "identity",
                     (const char *)identity.data, identity.size, "dtype",
                     results ? ws_dtype_name(directory->save_type) : NULL, "results", results);
}

static enum ws_status write_record(const struct training_directory *directory, const json_t *record,
                                   struct ws_error *err)
{
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, RECORD_LIMIT);
    ws_json_append_pretty(record, &text);
    ws_buffer_text(&text, "\n");
    enum ws_status status = ws_buffer_check(&text, RECORD_NAME, err);
    if (status == WS_OK)
        status = ws_file_replace(directory->record, ws_buffer_bytes(&text), err);
    ws_buffer_release(&text);
    return status;
}

static void append_number(struct ws_buffer *out, const char *name, double value)
{
    char number[WS_REAL_TEXT_SIZE];
    ws_real_text(value, number);
    ws_buffer_format(out, ", \"%s\": %s", name, number);
}

/* Validations stand behind the step that they follow. */
static enum ws_status write_curve(const struct training_directory *directory,
                                  const struct ws_trainer *trainer, struct ws_error *err)
{
    struct ws_buffer text;
    size_t count;
    size_t validation_count;
    size_t next = 0;
    const struct ws_train_point *points = ws_trainer_curve(trainer, &count);
    const struct ws_train_point *validations = ws_trainer_validations(trainer, &validation_count);
    ws_buffer_init(&text, NULL, CURVE_LIMIT);
    for (size_t i = 0; i < count; i++) {
        ws_buffer_format(&text, "{\"step\": %" PRIu64, points[i].step);
        append_number(&text, "loss", points[i].loss);
        append_number(&text, "rate", points[i].rate);
        append_number(&text, "norm", points[i].norm);
        ws_buffer_text(&text, "}\n");
        for (; next < validation_count && validations[next].step == points[i].step; next++) {
            ws_buffer_format(&text, "{\"step\": %" PRIu64, points[i].step);
            append_number(&text, "validation_loss", validations[next].loss);
            ws_buffer_text(&text, "}\n");
        }
    }
    enum ws_status status = ws_buffer_check(&text, "the loss curve", err);
    if (status == WS_OK)
        status = ws_file_replace(directory->curve, ws_buffer_bytes(&text), err);
    ws_buffer_release(&text);
    return status;
}

enum ws_status training_directory_save(const struct training_directory *directory,
                                       struct ws_trainer *trainer, struct ws_error *err)
{
    WS_TRY(ws_trainer_save(trainer, directory->state, err));
    return write_curve(directory, trainer, err);
}

static enum ws_status save_model(const struct training_directory *directory,
                                 const struct training_input *input,
                                 const struct ws_transformer *model, struct ws_error *err)
{
    struct ws_arena scratch;
    ws_arena_init(&scratch, NULL);
    enum ws_status status = ws_hf_save(model, directory->save_type, directory->path, &scratch, err);
    ws_arena_release(&scratch);
    if (status == WS_LIMIT && directory->save_type != WS_DTYPE_F32) {
        const struct ws_error inner = *err;
        return ws_fail(err, status,
                       "%s; '%s' has the training, and the same command with another 'save_type' "
                       "ends it",
                       inner.message, directory->state);
    }
    WS_TRY(status);
    return ws_tokenizer_save(input->tokenizer, directory->path, err);
}

enum ws_status training_directory_finish(const struct training_directory *directory,
                                         struct ws_trainer *trainer,
                                         const struct training_input *input, struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_transformer model = input->model;
    json_t *record = NULL;
    ws_arena_init(&arena, NULL);
    float *parameters = WS_ARENA_NEW(&arena, float, input->model.layout.size);
    enum ws_status status =
        parameters ? write_curve(directory, trainer, err) : ws_fail_memory(err, "the model");
    /* Whether the numbers fit the type is known only when the trainer is gone. */
    if (status == WS_OK && directory->save_type != WS_DTYPE_F32)
        status = ws_trainer_save(trainer, directory->state, err);
    if (status == WS_OK) {
        ws_trainer_parameters(trainer, parameters);
        model.description = *ws_trainer_description(trainer);
        model.parameters = parameters;
        json_t *results = results_json(trainer, model.layout.parameters);
        record = results ? record_json(directory, trainer, results) : NULL;
    }
    ws_trainer_close(trainer);
    if (status == WS_OK)
        status = save_model(directory, input, &model, err);
    if (status == WS_OK)
        status = write_record(directory, record, err);
    json_decref(record);
    ws_arena_release(&arena);
    return status == WS_OK ? ws_file_remove(directory->state, err) : status;
}

/* Reading -------------------------------------------------------------------------------------- */

static enum ws_status read_record(const struct training_directory *directory, json_t **out,
                                  struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_bytes text;
    const char *format;
    json_t *object = NULL;
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_file_read(directory->record, RECORD_LIMIT, &arena, &text, err);
    if (status == WS_OK)
        status = ws_json_parse(text, directory->record, &object, err);
    ws_arena_release(&arena);
    if (status == WS_OK)
        status = ws_json_read_text(object, "format", directory->record, &format, err);
    if (status == WS_OK && strcmp(format, RECORD_FORMAT) != 0)
        status = ws_fail(err, WS_UNSUPPORTED, "%s: 'format' is '%.80s', wanted '" RECORD_FORMAT "'",
                         directory->record, format);
    if (status == WS_OK)
        *out = object;
    else
        json_decref(object);
    return status;
}

/* Those that ended before there was a choice do not say. */
static enum ws_status compare_type(const struct training_directory *directory, const json_t *object,
                                   struct ws_error *err)
{
    const char *wanted = ws_dtype_name(directory->save_type);
    const char *dtype = ws_dtype_name(WS_DTYPE_F32);
    if (json_object_get(object, "dtype"))
        WS_TRY(ws_json_read_text(object, "dtype", directory->record, &dtype, err));
    if (strcmp(dtype, wanted) == 0)
        return WS_OK;
    return ws_fail(err, WS_CONFLICT,
                   "'%s' is complete, its model saved as %.40s, not %s; give a new directory with "
                   "-o, or 'save_type' as it was",
                   directory->path, dtype, wanted);
}

static enum ws_status compare_record(const struct training_directory *directory,
                                     const json_t *object, const struct ws_trainer *trainer,
                                     bool *complete, struct ws_error *err)
{
    const char *state;
    const char *identity;
    WS_TRY(ws_json_read_text(object, "state", directory->record, &state, err));
    WS_TRY(ws_json_read_text(object, "identity", directory->record, &identity, err));
    *complete = strcmp(state, "complete") == 0;
    enum ws_status status = ws_trainer_compare(trainer, ws_bytes_of_text(identity), err);
    if (status != WS_OK)
        ws_error_prefix(err, "'%s' cannot go on", directory->path);
    return status == WS_OK && *complete ? compare_type(directory, object, err) : status;
}

enum ws_status training_directory_resume(const struct training_directory *directory,
                                         struct ws_trainer *trainer, bool *complete,
                                         struct ws_error *err)
{
    json_t *object;
    *complete = false;
    if (!ws_file_exists(directory->record)) {
        object = record_json(directory, trainer, NULL);
        enum ws_status written = write_record(directory, object, err);
        json_decref(object);
        return written;
    }
    WS_TRY(read_record(directory, &object, err));
    enum ws_status status = compare_record(directory, object, trainer, complete, err);
    json_decref(object);
    WS_TRY(status);
    if (*complete || !ws_file_exists(directory->state))
        return WS_OK;
    status = ws_trainer_load(trainer, directory->state, err);
    if (status != WS_CORRUPT)
        return status;
    const struct ws_error inner = *err;
    return ws_fail(err, status, "%s; remove it, and the same command begins again", inner.message);
}

enum ws_status training_directory_results(const struct training_directory *directory, json_t **out,
                                          struct ws_error *err)
{
    json_t *object;
    json_t *results;
    WS_TRY(read_record(directory, &object, err));
    enum ws_status status =
        ws_json_read_object(object, "results", directory->record, &results, err);
    if (status == WS_OK)
        *out = json_incref(results);
    json_decref(object);
    return status;
}
