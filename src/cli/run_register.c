#include "cli/run_register.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "cli/ledger_command.h"
#include "cli/shard_making.h"
#include "ledger/registry.h"
#include "models/nn/transformer/transformer_family.h"

enum { PATIENCE = 600 /* seconds, for others that write to the log */ };

#define SOURCE_TYPE "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"

static void now_text(char out[32])
{
    ws_clock_text(ws_system_clock.wall(ws_system_clock.user), out);
}

/* What is claimed ------------------------------------------------------------------------------
 */

/* Whether all that a model was trained on is known: a corpus, which the run takes for human, and
 * what models of the run wrote. Another model's weights, or another program, may know more. */
static bool depth_is_known(const struct ws_sampled *sampled)
{
    if (sampled->arm->data->settings.source != WS_HUMAN_TEXT)
        return false;
    if (sampled->experiment->family == &ws_family_ngram)
        return true;
    if (sampled->experiment->family != &ws_family_transformer)
        return false;
    const struct ws_transformer_settings *settings = sampled->arm->family_settings;
    return !settings->base || settings->base[0] == '\0';
}

/* Tokens of a segment; its items where nobody kept their tokens, and then all are alike. */
static double size_of(const struct ws_segment *segment)
{
    double tokens = 0;
    size_t size;
    if (!segment->payload->tokens.ends)
        return (double)segment->count;
    for (uint64_t i = 0; i < segment->count; i++) {
        (void)ws_payload_tokens(segment->payload, ws_segment_item(segment, i), &size);
        tokens += (double)size;
    }
    return tokens;
}

static double mean_depth(const struct ws_dataset *training)
{
    double all = 0, sum = 0;
    for (size_t i = 0; i < training->segment_count; i++) {
        const double size = size_of(&training->segments[i]);
        all += size;
        sum += size * training->segments[i].origin.depth;
    }
    return all > 0 ? sum / all : 0;
}

static struct ws_generation_depth depth_of(const struct ws_sampled *sampled)
{
    struct ws_generation_depth depth = {.at_least = (uint64_t)sampled->training->depth + 1};
    if (!depth_is_known(sampled))
        return depth;
    depth.has_most = depth.has_token_mean = true;
    depth.at_most = depth.at_least;
    depth.token_mean = 1 + mean_depth(sampled->training);
    return depth;
}

static enum ws_status hash_model(const struct ws_model *model, struct ws_hash *out,
                                 struct ws_error *err)
{
    struct ws_buffer bytes;
    ws_buffer_init(&bytes, NULL, SIZE_MAX);
    model->ops->save(model, &bytes);
    enum ws_status status = ws_buffer_check(&bytes, "a model", err);
    if (status == WS_OK)
        status = ws_hash_of(ws_buffer_bytes(&bytes), out, err);
    ws_buffer_release(&bytes);
    return status;
}

/* The shard ------------------------------------------------------------------------------------
 */

static enum ws_status take_texts(const struct ws_sampled *sampled, struct shard_making *making,
                                 struct ws_error *err)
{
    struct ws_buffer text;
    enum ws_status status = WS_OK;
    ws_buffer_init(&text, NULL, SIZE_MAX);
    for (uint64_t i = 0; status == WS_OK && i < sampled->sample->count; i++) {
        size_t size;
        const uint32_t *ids = ws_payload_tokens(sampled->sample, i, &size);
        ws_buffer_reset(&text);
        status = ws_human_text(sampled->human, ids, size, &text, err);
        if (status == WS_OK)
            status = shard_making_piece(making, ws_buffer_bytes(&text), err);
        if (status == WS_OK)
            status = shard_making_end(making, err);
    }
    ws_buffer_release(&text);
    return status;
}

/* One that is there was made of the same sample before the run was killed. There is none of a
 * sample without any text. */
static enum ws_status make_shard(const struct ws_sampled *sampled, const char *path,
                                 struct ws_arena *arena, bool *is_there, struct ws_error *err)
{
    struct shard_making making;
    *is_there = true;
    if (ws_file_exists(path))
        return WS_OK;
    enum ws_status status = shard_making_open(&making, path, NULL, NULL, 0, arena, err);
    if (status == WS_OK)
        status = take_texts(sampled, &making, err);
    *is_there = status == WS_OK && making.writer.documents > 0;
    if (*is_there)
        status = shard_making_keep(&making, err);
    shard_making_close(&making);
    return status;
}

/* The statement --------------------------------------------------------------------------------
 */

static enum ws_status make_statement(const struct run_register *registering,
                                     const struct ws_sampled *sampled, const char *name,
                                     const struct ws_shard *shard, struct ws_arena *arena,
                                     struct ws_bytes *out, struct ws_error *err)
{
    struct ws_statement_subject subject = {name, shard->digest};
    struct ws_statement statement = {.kind = WS_STATEMENT_EMISSION,
                                     .subjects = &subject,
                                     .subject_count = 1,
                                     .emission = {.started = registering->begun,
                                                  .documents = shard->head.documents,
                                                  .source_type = SOURCE_TYPE,
                                                  .depth = depth_of(sampled)}};
    char ended[32];
    now_text(ended);
    statement.emission.ended = ended;
    statement.emission.model = ws_arena_format(
        arena, "%s/%s/%s/seed-%" PRIu64 "/generation-%" PRIu32, registering->signer.name,
        sampled->experiment->name, sampled->arm->name, sampled->seed, sampled->generation);
    if (!statement.emission.model)
        return ws_fail_memory(err, "a statement");
    WS_TRY(hash_model(sampled->model, &statement.emission.weights, err));
    return sign_statement(&statement, &registering->signer, arena, out, err);
}

/* The statement's file, which is written once: what a log has of it stays true. */
static enum ws_status keep_statement(const struct run_register *registering,
                                     const struct ws_sampled *sampled, const char *name,
                                     const char *path, const char *shard_path,
                                     struct ws_arena *arena, struct ws_bytes *envelope,
                                     struct ws_error *err)
{
    struct ws_shard shard;
    if (ws_file_exists(path))
        return ws_file_read(path, WS_ENVELOPE_LIMIT, arena, envelope, err);
    WS_TRY(ws_shard_open(&shard, shard_path, err));
    enum ws_status status =
        make_statement(registering, sampled, name, &shard, arena, envelope, err);
    ws_shard_close(&shard);
    WS_TRY(status);
    return ws_file_replace(path, *envelope, err);
}

/* "<path>.entry" has its number once it is there. Killed between the two, it is there twice, and
 * readers count the earlier one. */
static enum ws_status log_statement(const char *log, const char *path, struct ws_bytes envelope,
                                    struct ws_arena *arena, struct ws_error *err)
{
    uint64_t index;
    const char *mark = ws_arena_format(arena, "%s.entry", path);
    if (!mark)
        return ws_fail_memory(err, "a statement");
    if (!log || ws_file_exists(mark))
        return WS_OK;
    WS_TRY(add_to_log(log, PATIENCE, envelope, &index, err));
    const char *text = ws_arena_format(arena, "%" PRIu64 "\n", index);
    return text ? ws_file_replace(mark, ws_bytes_of_text(text), err)
                : ws_fail_memory(err, "a statement");
}

static enum ws_status register_with(struct run_register *registering,
                                    const struct ws_sampled *sampled, struct ws_arena *arena,
                                    struct ws_error *err)
{
    const char *directory = registering->flags.directory;
    struct ws_bytes envelope;
    bool has_text;
    const char *name = ws_arena_format(arena, "%s-%s-seed-%" PRIu64 "-generation-%" PRIu32 ".shard",
                                       sampled->experiment->name, sampled->arm->directory,
                                       sampled->seed, sampled->generation);
    const char *shard = name ? ws_arena_format(arena, "%s/%s", directory, name) : NULL;
    const char *statement = shard ? ws_arena_format(arena, "%s.statement", shard) : NULL;
    if (!statement)
        return ws_fail_memory(err, "a statement");
    WS_TRY(make_shard(sampled, shard, arena, &has_text, err));
    if (!has_text)
        return WS_OK;
    WS_TRY(keep_statement(registering, sampled, name, statement, shard, arena, &envelope, err));
    WS_TRY(log_statement(registering->flags.log, statement, envelope, arena, err));
    (void)__atomic_fetch_add(&registering->made, 1, __ATOMIC_RELAXED);
    return WS_OK;
}

static enum ws_status register_sample(void *registering, const struct ws_sampled *sampled,
                                      struct ws_error *err)
{
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    enum ws_status status = register_with(registering, sampled, &arena, err);
    if (status != WS_OK)
        ws_error_prefix(err, "registering generation %" PRIu32, sampled->generation);
    ws_arena_release(&arena);
    return status;
}

/* Opening --------------------------------------------------------------------------------------
 */

static bool writes_texts(const struct ws_experiment *experiment)
{
    return experiment->data.source == WS_HUMAN_TEXT || experiment->data.source == WS_HUMAN_TEACHER;
}

static enum ws_status check(const struct register_flags *flags,
                            const struct ws_experiment *experiment, struct ws_error *err)
{
    if (!flags->directory)
        return ws_fail(err, WS_INVALID,
                       "--key and --log are of --register DIR, which is not given");
    if (!flags->key)
        return ws_fail(err, WS_INVALID,
                       "--register: whose statements are they? --key FILE, or 'issuer FILE' in a "
                       "registry");
    if (!writes_texts(experiment))
        return ws_fail(err, WS_UNSUPPORTED,
                       "--register is for models of texts, and '%s' is an experiment of '%s' on "
                       "other data",
                       experiment->name, experiment->family->name);
    for (size_t i = 0; i < experiment->arm_count; i++)
        if (experiment->arms[i].data->sample_items == 0)
            return ws_fail(err, WS_INVALID,
                           "--register: arm '%s' draws no samples, see 'sample_items'",
                           experiment->arms[i].name);
    return WS_OK;
}

/* A run adds to a log's files: to a site it would have to be admitted. */
static enum ws_status complete(struct register_flags *flags, struct ws_arena *arena,
                               struct ws_error *err)
{
    struct ws_registry registry;
    struct stat about;
    const char *path = flags->directory;
    if (!path || stat(path, &about) != 0 || S_ISDIR(about.st_mode))
        return WS_OK;
    WS_TRY(ws_registry_load(path, arena, &registry, err));
    if (!registry.shards)
        return ws_fail(err, WS_INVALID, "%.300s: where to? No line says 'shards DIRECTORY'", path);
    flags->directory = registry.shards;
    flags->key = flags->key ? flags->key : registry.issuer;
    flags->log = flags->log ? flags->log : registry.log;
    if (flags->log && strstr(flags->log, "://"))
        return ws_fail(err, WS_INVALID,
                       "'%.300s' is a log's site: a run adds to the directory of a log (--log)",
                       flags->log);
    return WS_OK;
}

enum ws_status run_register_open(struct run_register *out, const struct register_flags *flags,
                                 const struct ws_experiment *experiment, struct ws_error *err)
{
    *out = (struct run_register){.flags = *flags, .sink = {register_sample, out}};
    ws_arena_init(&out->arena, NULL);
    if (!flags->directory && !flags->key && !flags->log)
        return WS_OK;
    WS_TRY(complete(&out->flags, &out->arena, err));
    WS_TRY(check(&out->flags, experiment, err));
    now_text(out->begun);
    WS_TRY(ws_key_file_read(out->flags.key, WS_KEY_ED25519, &out->arena, &out->signer, err));
    out->has_signer = true;
    return ws_directory_make(out->flags.directory, err);
}

void run_register_close(struct run_register *registering)
{
    if (registering->has_signer)
        ws_note_signer_close(&registering->signer);
    ws_arena_release(&registering->arena);
    registering->has_signer = false;
}

void run_register_tell(const struct run_register *registering)
{
    const struct register_flags *flags = &registering->flags;
    (void)printf("Registered in %s: %" PRIu64 " emissions.\nKeep the files *.secret, publish the "
                 "other ones of the shards.\n",
                 flags->directory, registering->made);
    begin_command(stdout, "Next:\n ");
    if (flags->log) {
        print_words("ledger publish");
        print_word(flags->log);
        print_words("--key LOG-KEY");
    } else {
        print_words("ledger add LOG");
        print_words("%s/*.statement", flags->directory);
    }
    end_command(NULL);
}
