#include "ledger/description.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/number.h"
#include "base/yaml.h"
#include "ledger/merkle.h"
#include "ledger/note.h"
#include "ledger/range_index.h"
#include "ledger/shard.h"

/* Where IPTC keeps the words for digitalSourceType. */
#define SOURCE_TYPES "http://cv.iptc.org/newscodes/digitalsourcetype/"

/* Of all kinds. "" and 0: not said. */
struct said {
    const char *model, *weights, *started, *ended, *source_type, *decoding, *watermark;
    const char *collection, *method, *license, *ai_preference;
    const char *reason, *old_key, *new_key;
    const char *log, *root, *head;
    uint64_t entries, documents, least_bytes, depth_at_least, depth_at_most, entry, since;
    double depth_token_mean;
    bool compromise;
    struct ws_text_list derived_from, shards;
};

#define FIELD(name) offsetof(struct said, name)
#define TEXT(name, initial, help)                                                                  \
    {                                                                                              \
#name, WS_OPTION_TEXT, FIELD(name), 0, 0, initial, NULL, 0, help                           \
    }
#define WHOLE(name, min, initial, help)                                                            \
    {                                                                                              \
#name, WS_OPTION_WHOLE, FIELD(name), min, 0x1p62, initial, NULL, 0, help                   \
    }
#define SHARDS                                                                                     \
    {                                                                                              \
        "shards", WS_OPTION_LIST, FIELD(shards), 1, 0, NULL, NULL, 0,                              \
            "files of fingerprints, beside or below the description; their SHA-256 is taken"       \
    }

static const struct ws_option emission[] = {
    TEXT(model, NULL, "id of the model"),
    TEXT(weights, NULL, "file of its weights, whose SHA-256 is taken; or sha256:<64 hex digits>"),
    TEXT(started, NULL, "beginning of the period: 2026-11-01T00:00:00Z"),
    TEXT(ended, NULL, "its end"),
    WHOLE(documents, 1, NULL, "how many"),
    WHOLE(least_bytes, 0, "0", "documents with fewer bytes are not in the shards"),
    TEXT(source_type, "trainedAlgorithmicMedia", "IPTC digitalSourceType, a word or a URI"),
    WHOLE(depth_at_least, 1, "1", "models between a document and a human: lower bound"),
    WHOLE(depth_at_most, 0, "0", "declared maximum of these; 0: not declared"),
    {"depth_token_mean", WS_OPTION_REAL, FIELD(depth_token_mean), 0, 0x1p53, "0", NULL, 0,
     "their mean, weighted by tokens; 0: not declared"},
    {"derived_from", WS_OPTION_LIST, FIELD(derived_from), 0, 0, "", NULL, 0,
     "indices of earlier entries that the model was trained on"},
    TEXT(decoding, "", "how texts were drawn, as declared"),
    TEXT(watermark, "", "which watermark they carry, as declared"),
    SHARDS,
};
static const struct ws_option archive[] = {
    TEXT(collection, NULL, "the archive's name for it"),
    TEXT(started, NULL, "beginning of capture: 2019-05-01T00:00:00Z"),
    TEXT(ended, NULL, "its end"),
    WHOLE(documents, 1, NULL, "how many"),
    TEXT(method, NULL, "how they were captured"),
    TEXT(license, "", "verbatim"),
    TEXT(ai_preference, "", "what the publisher said of training, verbatim"),
    SHARDS,
};
static const struct ws_option withdrawal[] = {
    WHOLE(entry, 0, NULL, "index of the entry that holds no more"),
    TEXT(reason, NULL, "why"),
};
static const struct ws_option key_change[] = {
    TEXT(old_key, NULL, "the public key that signed until now"),
    TEXT(new_key, "", "the one that signs from now on"),
    {"compromise", WS_OPTION_FLAG, FIELD(compromise), 0, 0, "false", NULL, 0,
     "what the old key signed counts no more, from `since` on"},
    WHOLE(since, 0, NULL, "index of an entry"),
};

static const struct ws_option index_options[] = {
    TEXT(log, NULL, "origin of the log"),
    WHOLE(entries, 0, NULL, "how many of its entries are indexed, from the first on"),
    TEXT(root, NULL, "root of these entries: 64 hex digits"),
    TEXT(head, NULL, "file of the index's head, whose SHA-256 is taken"),
};

static const struct kind {
    const char *name;
    struct ws_option_table table;
} kinds[] = {
#define KIND(name, options)                                                                        \
    {                                                                                              \
        name,                                                                                      \
        {                                                                                          \
            name, options, sizeof options / sizeof *(options)                                      \
        }                                                                                          \
    }
    [WS_STATEMENT_EMISSION] = KIND("model-emission", emission),
    [WS_STATEMENT_ARCHIVE] = KIND("human-archive", archive),
    [WS_STATEMENT_WITHDRAWAL] = KIND("withdrawal", withdrawal),
    [WS_STATEMENT_KEY_CHANGE] = KIND("key-change", key_change),
    [WS_STATEMENT_INDEX] = KIND("index", index_options),
};

const struct ws_option_table *ws_description_table(enum ws_statement_kind kind)
{
    return &kinds[kind].table;
}

/* Reading -------------------------------------------------------------------------------------- */

static enum ws_status find_kind(const struct ws_yaml *yaml, const char *name,
                                enum ws_statement_kind *out, struct ws_error *err)
{
    for (size_t i = 0; i < yaml->count; i++) {
        const struct ws_yaml_entry *entry = &yaml->entries[i];
        if (strcmp(entry->name, "kind") != 0)
            continue;
        for (size_t k = 0; k < WS_STATEMENT_KINDS; k++)
            if (strcmp(kinds[k].name, entry->text) == 0) {
                *out = (enum ws_statement_kind)k;
                return WS_OK;
            }
        return ws_fail(err, WS_INVALID,
                       "%.200s:%zu: 'kind' is '%.60s', wanted model-emission, human-archive, "
                       "withdrawal, key-change or index",
                       name, entry->line, entry->text);
    }
    return ws_fail(err, WS_INVALID,
                   "%.200s: neither an envelope nor a description: wanted 'kind', one of "
                   "model-emission, human-archive, withdrawal, key-change and index",
                   name);
}

static const struct ws_yaml_entry *find_entry(const struct ws_yaml *yaml, const char *option)
{
    for (size_t i = 0; i < yaml->count; i++)
        if (strcmp(yaml->entries[i].name, option) == 0)
            return &yaml->entries[i];
    return NULL;
}

static enum ws_status read_said(const struct ws_yaml *yaml, const char *name,
                                const struct ws_option_table *table, struct ws_arena *arena,
                                struct said *out, struct ws_error *err)
{
    char where[300];
    WS_TRY(ws_options_defaults(table, out, arena, err));
    for (size_t i = 0; i < yaml->count; i++) {
        const struct ws_yaml_entry *entry = &yaml->entries[i];
        const struct ws_option *option = ws_option_find(table, entry->name);
        (void)snprintf(where, sizeof where, "%.200s:%zu", name, entry->line);
        if (option)
            WS_TRY(ws_option_set(option, out, entry->text, where, arena, err));
        else if (strcmp(entry->name, "kind") != 0)
            return ws_option_unknown(&table, 1, entry->name, where, err);
    }
    for (size_t i = 0; i < table->count; i++)
        if (!table->options[i].initial && !find_entry(yaml, table->options[i].name))
            return ws_fail(err, WS_INVALID, "%.200s: '%s' is missing: %s", name,
                           table->options[i].name, table->options[i].help);
    return WS_OK;
}

/* No name of a shard leads out of the folder of its description: names are published. */
static bool stays_below(const char *path)
{
    for (const char *part = path;; part++) {
        size_t size = strcspn(part, "/");
        if (size == 0 || (size == 2 && memcmp(part, "..", 2) == 0))
            return false;
        part += size;
        if (*part == '\0')
            return true;
    }
}

static enum ws_status take_shards(const struct said *said, const char *name, struct ws_arena *arena,
                                  struct ws_statement *out, struct ws_error *err)
{
    out->subject_count = said->shards.count;
    out->subjects = WS_ARENA_ZNEW(arena, struct ws_statement_subject, said->shards.count + 1);
    if (!out->subjects)
        return ws_fail_memory(err, "a description");
    if (said->shards.count > WS_STATEMENT_SUBJECT_LIMIT)
        return ws_fail(err, WS_INVALID, "%.200s: %zu shards; the most is %d", name,
                       said->shards.count, WS_STATEMENT_SUBJECT_LIMIT);
    for (size_t i = 0; i < said->shards.count; i++) {
        if (!stays_below(said->shards.items[i]))
            return ws_fail(err, WS_INVALID,
                           "%.200s: shard '%.100s' leads out of the description's folder; wanted "
                           "one beside or below it",
                           name, said->shards.items[i]);
        out->subjects[i].name = said->shards.items[i];
    }
    return WS_OK;
}

static const char *or_null(const char *text)
{
    return text && *text ? text : NULL;
}

static enum ws_status take_sources(const struct said *said, const char *name,
                                   struct ws_arena *arena, struct ws_emission *out,
                                   struct ws_error *err)
{
    out->source_count = said->derived_from.count;
    out->sources = WS_ARENA_NEW(arena, uint64_t, out->source_count + 1);
    if (!out->sources)
        return ws_fail_memory(err, "a description");
    if (out->source_count > WS_STATEMENT_SOURCE_LIMIT)
        return ws_fail(err, WS_INVALID, "%.200s: derived from %zu entries; the most is %d", name,
                       out->source_count, WS_STATEMENT_SOURCE_LIMIT);
    for (size_t i = 0; i < out->source_count; i++)
        if (!ws_whole_parse(said->derived_from.items[i], &out->sources[i]))
            return ws_fail(err, WS_INVALID,
                           "%.200s: 'derived_from' has '%.40s', wanted indices of entries", name,
                           said->derived_from.items[i]);
    return WS_OK;
}

/* A digest that is told, or the file to take it of. */
static enum ws_status take_weights(const char *weights, const char *name,
                                   struct ws_description *out, struct ws_error *err)
{
    static const char digest[] = "sha256:";
    out->weights = weights;
    if (strncmp(weights, digest, strlen(digest)) != 0)
        return WS_OK;
    out->weights = NULL;
    if (!ws_hash_read(ws_bytes_of_text(weights + strlen(digest)), &out->statement.emission.weights))
        return ws_fail(err, WS_INVALID,
                       "%.200s: 'weights' is '%.80s', wanted sha256: and 64 lower-case hex digits, "
                       "or a file",
                       name, weights);
    return WS_OK;
}

static enum ws_status take_emission(const struct said *said, const char *name,
                                    struct ws_arena *arena, struct ws_description *out,
                                    struct ws_error *err)
{
    struct ws_emission *e = &out->statement.emission;
    const bool is_uri = strchr(said->source_type, ':') != NULL;
    e->model = said->model;
    e->started = said->started;
    e->ended = said->ended;
    e->documents = said->documents;
    e->least_bytes = said->least_bytes;
    e->source_type = is_uri ? said->source_type
                            : ws_arena_format(arena, "%s%s", SOURCE_TYPES, said->source_type);
    e->depth.at_least = said->depth_at_least;
    e->depth.has_most = said->depth_at_most > 0;
    e->depth.at_most = said->depth_at_most;
    e->depth.has_token_mean = said->depth_token_mean > 0;
    e->depth.token_mean = said->depth_token_mean;
    e->decoding = or_null(said->decoding);
    e->watermark = or_null(said->watermark);
    if (!e->source_type)
        return ws_fail_memory(err, "a description");
    WS_TRY(take_weights(said->weights, name, out, err));
    return take_sources(said, name, arena, e, err);
}

static void take_archive(const struct said *said, struct ws_archive *out)
{
    out->collection = said->collection;
    out->started = said->started;
    out->ended = said->ended;
    out->documents = said->documents;
    out->method = said->method;
    out->licence = or_null(said->license);
    out->ai_preference = or_null(said->ai_preference);
}

/* The one subject of what is about no shards. */
static enum ws_status take_subject(const char *subject, struct ws_arena *arena,
                                   struct ws_statement *out, struct ws_error *err)
{
    out->subject_count = 1;
    out->subjects = WS_ARENA_ZNEW(arena, struct ws_statement_subject, 1);
    if (!out->subjects || !subject)
        return ws_fail_memory(err, "a description");
    out->subjects[0].name = subject;
    return WS_OK;
}

static enum ws_status take_withdrawal(const struct said *said, struct ws_arena *arena,
                                      struct ws_statement *out, struct ws_error *err)
{
    out->withdrawal = (struct ws_withdrawal){.entry = said->entry, .reason = said->reason};
    return take_subject(ws_arena_format(arena, "entry %" PRIu64, said->entry), arena, out, err);
}

static enum ws_status take_key_change(const struct said *said, const char *name,
                                      struct ws_arena *arena, struct ws_statement *out,
                                      struct ws_error *err)
{
    struct ws_note_key key;
    out->key_change = (struct ws_key_change){.old_key = said->old_key,
                                             .new_key = or_null(said->new_key),
                                             .is_compromise = said->compromise,
                                             .since = said->since};
    enum ws_status status = ws_note_key_read(ws_bytes_of_text(said->old_key), arena, &key, err);
    if (status != WS_OK) {
        ws_error_prefix(err, "%.200s: 'old_key'", name);
        return status == WS_NO_MEMORY ? status : WS_INVALID;
    }
    status = take_subject(key.name, arena, out, err);
    if (status == WS_OK)
        status = ws_hash_of(ws_bytes_of(key.public_key.bytes, WS_ED25519_KEY_SIZE),
                            &out->subjects[0].digest, err);
    ws_note_key_close(&key);
    return status;
}

static enum ws_status take_index(const struct said *said, const char *name, struct ws_arena *arena,
                                 struct ws_statement *out, struct ws_error *err)
{
    out->index.log = said->log;
    out->index.entries = said->entries;
    if (!ws_hash_read(ws_bytes_of_text(said->root), &out->index.root))
        return ws_fail(err, WS_INVALID,
                       "%.200s: 'root' is '%.80s', wanted 64 lower-case hex digits", name,
                       said->root);
    if (!stays_below(said->head))
        return ws_fail(err, WS_INVALID,
                       "%.200s: head '%.100s' leads out of the description's folder; wanted one "
                       "beside or below it",
                       name, said->head);
    return take_subject(said->head, arena, out, err);
}

static enum ws_status take(const struct said *said, const char *name, struct ws_arena *arena,
                           struct ws_description *out, struct ws_error *err)
{
    struct ws_statement *s = &out->statement;
    switch (s->kind) {
    case WS_STATEMENT_EMISSION:
        WS_TRY(take_emission(said, name, arena, out, err));
        return take_shards(said, name, arena, s, err);
    case WS_STATEMENT_ARCHIVE:
        take_archive(said, &s->archive);
        return take_shards(said, name, arena, s, err);
    case WS_STATEMENT_WITHDRAWAL:
        return take_withdrawal(said, arena, s, err);
    case WS_STATEMENT_KEY_CHANGE:
        return take_key_change(said, name, arena, s, err);
    case WS_STATEMENT_INDEX:
        return take_index(said, name, arena, s, err);
    case WS_STATEMENT_KINDS:
        break;
    }
    return ws_fail(err, WS_INVALID, "%.200s: 'kind' is unknown", name);
}

/* A statement that could not be read again is refused before its files are hashed. */
static enum ws_status check(const struct ws_statement *statement, const char *name,
                            struct ws_error *err)
{
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, SIZE_MAX);
    enum ws_status status = ws_statement_append(&text, statement, WS_MERKLE_SIZE_LIMIT - 1, err);
    ws_buffer_release(&text);
    if (status != WS_OK)
        ws_error_prefix(err, "%.200s", name);
    return status;
}

enum ws_status ws_description_read(struct ws_bytes text, const char *name, struct ws_arena *arena,
                                   struct ws_description *out, struct ws_error *err)
{
    struct ws_description description = {.weights = NULL};
    struct said said = {.model = NULL};
    struct ws_yaml yaml;
    WS_TRY(ws_yaml_parse(text, name, arena, &yaml, err));
    WS_TRY(find_kind(&yaml, name, &description.statement.kind, err));
    WS_TRY(read_said(&yaml, name, ws_description_table(description.statement.kind), arena, &said,
                     err));
    WS_TRY(take(&said, name, arena, &description, err));
    WS_TRY(check(&description.statement, name, err));
    *out = description;
    return WS_OK;
}

/* Files ---------------------------------------------------------------------------------------- */

static enum ws_status check_head(enum ws_statement_kind kind, struct ws_bytes bytes,
                                 struct ws_error *err)
{
    struct ws_shard_head shard;
    struct ws_index_head index;
    return kind == WS_STATEMENT_INDEX ? ws_index_head_read(bytes, &index, err)
                                      : ws_shard_head_read(bytes, &shard, err);
}

/* What nobody could look up is not stated: a digest cannot be taken back from a log. */
static enum ws_status hash_head(enum ws_statement_kind kind, const char *path, struct ws_hash *out,
                                struct ws_error *err)
{
    struct ws_mapped_file file;
    WS_TRY(ws_file_map(path, &file, err));
    enum ws_status status = check_head(kind, file.bytes, err);
    if (status != WS_OK)
        ws_error_prefix(err, "'%.200s'", path);
    else
        status = ws_hash_of(file.bytes, out, err);
    ws_file_unmap(&file);
    return status;
}

static const char *path_of(const char *directory, const char *name, struct ws_arena *arena)
{
    return *name == '/' ? name : ws_arena_format(arena, "%s/%s", directory, name);
}

enum ws_status ws_description_hash(struct ws_description *description, const char *directory,
                                   struct ws_arena *arena, struct ws_error *err)
{
    struct ws_statement *s = &description->statement;
    if (description->weights) {
        const char *path = path_of(directory, description->weights, arena);
        if (!path)
            return ws_fail_memory(err, "a description");
        WS_TRY(ws_file_hash(path, &s->emission.weights, err));
    }
    const bool has_heads = ws_statement_has_shards(s->kind) || s->kind == WS_STATEMENT_INDEX;
    for (size_t i = 0; has_heads && i < s->subject_count; i++) {
        const char *path = path_of(directory, s->subjects[i].name, arena);
        if (!path)
            return ws_fail_memory(err, "a description");
        WS_TRY(hash_head(s->kind, path, &s->subjects[i].digest, err));
    }
    return WS_OK;
}

enum ws_status ws_description_withdraw(struct ws_description *description, struct ws_bytes entry,
                                       struct ws_error *err)
{
    return ws_hash_of(entry, &description->statement.subjects[0].digest, err);
}
