#include "ledger/statement.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "ledger/statement_plain.h"

static const char NAME[] = "a statement";
static const char STATEMENT_TYPE[] = "https://in-toto.io/Statement/v1";

static const char *const types[WS_STATEMENT_KINDS] = {
#define X(name, type) type,
    WS_STATEMENT_MAP(X)
#undef X
};

const char *ws_statement_type(enum ws_statement_kind kind)
{
    return types[kind];
}

/* What makes sense --------------------------------------------------------------------------- */

static enum ws_status fail(struct ws_error *err, const char *member, const char *wanted)
{
    return ws_fail(err, WS_CORRUPT, "%s: '%s' wants %s", NAME, member, wanted);
}

/* A text on one line; NULL where it may be missing. */
static enum ws_status check_text(const char *text, const char *member, struct ws_error *err)
{
    if (text && (*text == '\0' || strlen(text) > WS_STATEMENT_TEXT_LIMIT || !ws_is_one_line(text)))
        return fail(err, member, "one line of 1 to 1024 bytes");
    return WS_OK;
}

/* The number that so many digits are. */
static unsigned number_of(const char *text, size_t count)
{
    unsigned value = 0;
    for (size_t i = 0; i < count; i++)
        value = 10 * value + (unsigned)(text[i] - '0');
    return value;
}

static bool is_digits(const char *text, size_t count, unsigned least, unsigned most)
{
    for (size_t i = 0; i < count; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return number_of(text, count) >= least && number_of(text, count) <= most;
}

static bool is_leap(unsigned year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned days_of(unsigned year, unsigned month)
{
    static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* No other form, so that texts are in the order of times. */
bool ws_statement_is_time(const char *text)
{
    return strlen(text) == 20 && is_digits(text, 4, 0, 9999) && text[4] == '-' &&
           is_digits(text + 5, 2, 1, 12) && text[7] == '-' &&
           is_digits(text + 8, 2, 1, days_of(number_of(text, 4), number_of(text + 5, 2))) &&
           text[10] == 'T' && is_digits(text + 11, 2, 0, 23) && text[13] == ':' &&
           is_digits(text + 14, 2, 0, 59) && text[16] == ':' && is_digits(text + 17, 2, 0, 60) &&
           text[19] == 'Z';
}

uint64_t ws_statement_seconds(const char *time)
{
    unsigned year = number_of(time, 4), month = number_of(time + 5, 2);
    uint64_t days = number_of(time + 8, 2) - 1U;
    if (year < 1970)
        return 0;
    for (unsigned y = 1970; y < year; y++)
        days += 365 + is_leap(y);
    for (unsigned m = 1; m < month; m++)
        days += days_of(year, m);
    return 60 * (60 * (24 * days + number_of(time + 11, 2)) + number_of(time + 14, 2)) +
           number_of(time + 17, 2);
}

static enum ws_status check_period(const char *started, const char *ended, struct ws_error *err)
{
    if (!ws_statement_is_time(started))
        return fail(err, "prov:startedAtTime", "a time like 2026-11-01T00:00:00Z");
    if (!ws_statement_is_time(ended) || strcmp(started, ended) > 0)
        return fail(err, "prov:endedAtTime", "such a time, not before prov:startedAtTime");
    return WS_OK;
}

static enum ws_status check_documents(uint64_t documents, struct ws_error *err)
{
    if (documents < 1 || documents > INT64_MAX)
        return fail(err, "documents", "at least 1, and below 2^63");
    return WS_OK;
}

static enum ws_status check_depth(const struct ws_generation_depth *depth, struct ws_error *err)
{
    if (depth->at_least < 1)
        return fail(err, "atLeast", "at least 1: what a model makes is one step from its data");
    if (depth->has_most && (depth->at_most < depth->at_least || depth->at_most > INT64_MAX))
        return fail(err, "atMost", "no less than atLeast, and below 2^63");
    if (depth->has_token_mean &&
        !(depth->token_mean >= 1 &&
          depth->token_mean <= (depth->has_most ? (double)depth->at_most : 0x1p53)))
        return fail(err, "tokenMean", "a number from 1 to atMost");
    return WS_OK;
}

static enum ws_status check_emission(const struct ws_emission *e, uint64_t index,
                                     struct ws_error *err)
{
    WS_TRY(check_text(e->model, "id", err));
    WS_TRY(check_period(e->started, e->ended, err));
    WS_TRY(check_text(e->source_type, "digitalSourceType", err));
    WS_TRY(check_text(e->decoding, "decoding", err));
    WS_TRY(check_text(e->watermark, "watermark", err));
    WS_TRY(check_documents(e->documents, err));
    if (e->least_bytes > INT64_MAX)
        return fail(err, "leastBytes", "a number below 2^63");
    for (size_t i = 0; i < e->source_count; i++)
        if (e->sources[i] >= index)
            return ws_fail(err, WS_CORRUPT,
                           "%s: it is derived from entry %" PRIu64 " and is entry %" PRIu64
                           " itself: what is cited is earlier",
                           NAME, e->sources[i], index);
    return check_depth(&e->depth, err);
}

static enum ws_status check_archive(const struct ws_archive *a, struct ws_error *err)
{
    WS_TRY(check_text(a->collection, "collection", err));
    WS_TRY(check_period(a->started, a->ended, err));
    WS_TRY(check_text(a->method, "method", err));
    WS_TRY(check_text(a->licence, "license", err));
    WS_TRY(check_text(a->ai_preference, "aiPreference", err));
    return check_documents(a->documents, err);
}

static enum ws_status check_earlier(uint64_t entry, const char *member, uint64_t index,
                                    struct ws_error *err)
{
    if (entry >= index)
        return ws_fail(err, WS_CORRUPT,
                       "%s: '%s' is entry %" PRIu64 ", wanted one before entry %" PRIu64, NAME,
                       member, entry, index);
    return WS_OK;
}

static enum ws_status check_predicate(const struct ws_statement *s, uint64_t index,
                                      struct ws_error *err)
{
    switch (s->kind) {
    case WS_STATEMENT_EMISSION:
        return check_emission(&s->emission, index, err);
    case WS_STATEMENT_ARCHIVE:
        return check_archive(&s->archive, err);
    case WS_STATEMENT_WITHDRAWAL:
        WS_TRY(check_text(s->withdrawal.reason, "reason", err));
        return check_earlier(s->withdrawal.entry, "entry", index, err);
    case WS_STATEMENT_KEY_CHANGE:
        WS_TRY(check_text(s->key_change.old_key, "oldKey", err));
        WS_TRY(check_text(s->key_change.new_key, "newKey", err));
        if (!s->key_change.is_compromise && !s->key_change.new_key)
            return fail(err, "newKey", "a key, unless the old one is compromised");
        /* From this very entry on at the latest: a later one would revoke what is not there yet. */
        return check_earlier(s->key_change.since, "since", index + 1, err);
    case WS_STATEMENT_INDEX:
        WS_TRY(check_text(s->index.log, "log", err));
        if (s->index.entries > index)
            return ws_fail(err, WS_CORRUPT,
                           "%s: an index of %" PRIu64 " entries is entry %" PRIu64
                           " itself: what is indexed is earlier",
                           NAME, s->index.entries, index);
        return WS_OK;
    case WS_STATEMENT_KINDS:
        break;
    }
    return fail(err, "predicateType", "a known kind");
}

bool ws_statement_has_shards(enum ws_statement_kind kind)
{
    return kind == WS_STATEMENT_EMISSION || kind == WS_STATEMENT_ARCHIVE;
}

static enum ws_status check(const struct ws_statement *s, uint64_t index, struct ws_error *err)
{
    bool has_shards = ws_statement_has_shards(s->kind);
    if (has_shards && (s->subject_count < 1 || s->subject_count > WS_STATEMENT_SUBJECT_LIMIT))
        return fail(err, "subject", "1 to 256 shards");
    if (s->kind == WS_STATEMENT_INDEX && s->subject_count != 1)
        return fail(err, "subject", "the head of the index");
    if (!has_shards && s->subject_count > 1)
        return fail(err, "subject", "what it is of, or nothing: it has no shards");
    for (size_t i = 0; i < s->subject_count; i++)
        WS_TRY(check_text(s->subjects[i].name, "name", err));
    return check_predicate(s, index, err);
}

/* Reading -------------------------------------------------------------------------------------- */

struct reading {
    struct ws_arena *arena;
    struct ws_error *err;
};

static enum ws_status read_text(struct reading *in, const json_t *object, const char *key,
                                const char **out)
{
    const char *text;
    WS_TRY(ws_json_read_text(object, key, NAME, &text, in->err));
    *out = ws_arena_text(in->arena, text);
    return *out ? WS_OK : ws_fail_memory(in->err, NAME);
}

static enum ws_status read_text_if(struct reading *in, const json_t *object, const char *key,
                                   const char **out)
{
    *out = NULL;
    return json_object_get(object, key) ? read_text(in, object, key, out) : WS_OK;
}

/* {"sha256": "<hex>"} */
static enum ws_status read_sha256(struct reading *in, const json_t *object, struct ws_hash *out)
{
    const char *text;
    WS_TRY(ws_json_read_text(object, "sha256", NAME, &text, in->err));
    if (!ws_hash_read(ws_bytes_of_text(text), out))
        return fail(in->err, "sha256", "64 lower-case hexadecimal digits");
    return WS_OK;
}

/* {"digest": {"sha256": "<hex>"}} of `object`. */
static enum ws_status read_digest(struct reading *in, const json_t *object, struct ws_hash *out)
{
    json_t *digest;
    WS_TRY(ws_json_read_object(object, "digest", NAME, &digest, in->err));
    return read_sha256(in, digest, out);
}

static enum ws_status read_subjects(struct reading *in, const json_t *root,
                                    struct ws_statement *out)
{
    json_t *array;
    WS_TRY(ws_json_read_array(root, "subject", NAME, &array, in->err));
    size_t count = json_array_size(array);
    if (count > WS_STATEMENT_SUBJECT_LIMIT)
        return fail(in->err, "subject", "at most 256 shards");
    out->subjects = WS_ARENA_NEW(in->arena, struct ws_statement_subject, count + 1);
    if (!out->subjects)
        return ws_fail_memory(in->err, NAME);
    for (size_t i = 0; i < count; i++) {
        const json_t *subject = json_array_get(array, i);
        WS_TRY(read_text(in, subject, "name", &out->subjects[i].name));
        WS_TRY(read_digest(in, subject, &out->subjects[i].digest));
    }
    out->subject_count = count;
    return WS_OK;
}

static enum ws_status read_period(struct reading *in, const json_t *object, const char **started,
                                  const char **ended)
{
    WS_TRY(read_text(in, object, "prov:startedAtTime", started));
    return read_text(in, object, "prov:endedAtTime", ended);
}

static enum ws_status read_depth(struct reading *in, const json_t *object,
                                 struct ws_generation_depth *out)
{
    out->has_most = json_object_get(object, "atMost") != NULL;
    out->has_token_mean = json_object_get(object, "tokenMean") != NULL;
    if (out->has_most)
        WS_TRY(ws_json_read_whole(object, "atMost", NAME, &out->at_most, in->err));
    if (out->has_token_mean)
        WS_TRY(ws_json_read_real(object, "tokenMean", NAME, &out->token_mean, in->err));
    return ws_json_read_whole(object, "atLeast", NAME, &out->at_least, in->err);
}

static enum ws_status read_sources(struct reading *in, const json_t *object,
                                   struct ws_emission *out)
{
    json_t *array;
    WS_TRY(ws_json_read_array(object, "prov:wasDerivedFrom", NAME, &array, in->err));
    size_t count = json_array_size(array);
    if (count > WS_STATEMENT_SOURCE_LIMIT)
        return fail(in->err, "prov:wasDerivedFrom", "at most 256 entries");
    out->sources = WS_ARENA_NEW(in->arena, uint64_t, count + 1);
    if (!out->sources)
        return ws_fail_memory(in->err, NAME);
    for (size_t i = 0; i < count; i++) {
        const json_t *source = json_array_get(array, i);
        if (!json_is_integer(source) || json_integer_value(source) < 0)
            return fail(in->err, "prov:wasDerivedFrom", "indices of entries");
        out->sources[i] = (uint64_t)json_integer_value(source);
    }
    out->source_count = count;
    return WS_OK;
}

static enum ws_status read_emission(struct reading *in, const json_t *object,
                                    struct ws_emission *out)
{
    json_t *model, *depth;
    WS_TRY(ws_json_read_object(object, "model", NAME, &model, in->err));
    WS_TRY(read_text(in, model, "id", &out->model));
    WS_TRY(read_digest(in, model, &out->weights));
    WS_TRY(read_period(in, object, &out->started, &out->ended));
    WS_TRY(ws_json_read_whole(object, "documents", NAME, &out->documents, in->err));
    WS_TRY(ws_json_read_whole(object, "leastBytes", NAME, &out->least_bytes, in->err));
    WS_TRY(read_text(in, object, "digitalSourceType", &out->source_type));
    WS_TRY(ws_json_read_object(object, "generation", NAME, &depth, in->err));
    WS_TRY(read_depth(in, depth, &out->depth));
    WS_TRY(read_sources(in, object, out));
    WS_TRY(read_text_if(in, object, "decoding", &out->decoding));
    return read_text_if(in, object, "watermark", &out->watermark);
}

static enum ws_status read_archive(struct reading *in, const json_t *object, struct ws_archive *out)
{
    WS_TRY(read_text(in, object, "collection", &out->collection));
    WS_TRY(read_period(in, object, &out->started, &out->ended));
    WS_TRY(ws_json_read_whole(object, "documents", NAME, &out->documents, in->err));
    WS_TRY(read_text(in, object, "method", &out->method));
    WS_TRY(read_text_if(in, object, "license", &out->licence));
    return read_text_if(in, object, "aiPreference", &out->ai_preference);
}

static enum ws_status read_key_change(struct reading *in, const json_t *object,
                                      struct ws_key_change *out)
{
    WS_TRY(read_text(in, object, "oldKey", &out->old_key));
    WS_TRY(read_text_if(in, object, "newKey", &out->new_key));
    WS_TRY(ws_json_read_flag(object, "compromise", NAME, &out->is_compromise, in->err));
    return ws_json_read_whole(object, "since", NAME, &out->since, in->err);
}

static enum ws_status read_index(struct reading *in, const json_t *object,
                                 struct ws_index_statement *out)
{
    json_t *root;
    WS_TRY(read_text(in, object, "log", &out->log));
    WS_TRY(ws_json_read_whole(object, "entries", NAME, &out->entries, in->err));
    WS_TRY(ws_json_read_object(object, "root", NAME, &root, in->err));
    return read_sha256(in, root, &out->root);
}

static enum ws_status read_predicate(struct reading *in, const json_t *object,
                                     struct ws_statement *out)
{
    switch (out->kind) {
    case WS_STATEMENT_EMISSION:
        return read_emission(in, object, &out->emission);
    case WS_STATEMENT_ARCHIVE:
        return read_archive(in, object, &out->archive);
    case WS_STATEMENT_WITHDRAWAL:
        WS_TRY(read_text(in, object, "reason", &out->withdrawal.reason));
        return ws_json_read_whole(object, "entry", NAME, &out->withdrawal.entry, in->err);
    case WS_STATEMENT_KEY_CHANGE:
        return read_key_change(in, object, &out->key_change);
    case WS_STATEMENT_INDEX:
        return read_index(in, object, &out->index);
    case WS_STATEMENT_KINDS:
        break;
    }
    return fail(in->err, "predicateType", "a known kind");
}

static enum ws_status read_kind(struct reading *in, const json_t *root, struct ws_statement *out)
{
    const char *type, *predicate;
    WS_TRY(ws_json_read_text(root, "_type", NAME, &type, in->err));
    if (strcmp(type, STATEMENT_TYPE) != 0)
        return fail(in->err, "_type", STATEMENT_TYPE);
    WS_TRY(ws_json_read_text(root, "predicateType", NAME, &predicate, in->err));
    for (out->kind = 0; out->kind < WS_STATEMENT_KINDS; out->kind++)
        if (strcmp(predicate, types[out->kind]) == 0)
            return WS_OK;
    return ws_fail(in->err, WS_UNSUPPORTED, "%s of type '%.200s', which is not known here", NAME,
                   predicate);
}

static enum ws_status read_root(struct reading *in, const json_t *root, struct ws_statement *out)
{
    json_t *predicate;
    WS_TRY(read_kind(in, root, out));
    WS_TRY(read_subjects(in, root, out));
    WS_TRY(ws_json_read_object(root, "predicate", NAME, &predicate, in->err));
    return read_predicate(in, predicate, out);
}

static enum ws_status read_json(struct ws_bytes text, struct ws_arena *arena,
                                struct ws_statement *out, struct ws_error *err)
{
    struct reading in = {arena, err};
    json_t *root;
    WS_TRY(ws_json_parse(text, NAME, &root, err));
    *out = (struct ws_statement){.subject_count = 0};
    enum ws_status status = read_root(&in, root, out);
    json_decref(root);
    return status;
}

enum ws_status ws_statement_read(struct ws_bytes text, uint64_t index, struct ws_arena *arena,
                                 struct ws_statement *out, struct ws_error *err)
{
    struct ws_statement statement = {0};
    if (!ws_statement_read_plain(text, arena, &statement))
        WS_TRY(read_json(text, arena, &statement, err));
    WS_TRY(check(&statement, index, err));
    *out = statement;
    return WS_OK;
}

/* Writing -------------------------------------------------------------------------------------- */

static json_t *digest_json(const struct ws_hash *hash)
{
    char text[WS_HASH_TEXT_SIZE];
    ws_hash_text(hash, text);
    return json_pack("{s:s}", "sha256", text);
}

static json_t *subjects_json(const struct ws_statement *s)
{
    json_t *array = json_array();
    for (size_t i = 0; i < s->subject_count; i++)
        if (json_array_append_new(array,
                                  json_pack("{s:s, s:o}", "name", s->subjects[i].name, "digest",
                                            digest_json(&s->subjects[i].digest))) != 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

static json_t *depth_json(const struct ws_generation_depth *depth)
{
    return json_pack("{s:I, s:o*, s:o*}", "atLeast", (json_int_t)depth->at_least, "atMost",
                     depth->has_most ? json_integer((json_int_t)depth->at_most) : NULL, "tokenMean",
                     depth->has_token_mean ? json_real(depth->token_mean) : NULL);
}

static json_t *sources_json(const struct ws_emission *e)
{
    json_t *array = json_array();
    for (size_t i = 0; i < e->source_count; i++)
        if (json_array_append_new(array, json_integer((json_int_t)e->sources[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

static json_t *emission_json(const struct ws_emission *e)
{
    return json_pack("{s:{s:s, s:o}, s:s, s:s, s:I, s:I, s:s, s:o, s:o, s:s*, s:s*}", "model", "id",
                     e->model, "digest", digest_json(&e->weights), "prov:startedAtTime", e->started,
                     "prov:endedAtTime", e->ended, "documents", (json_int_t)e->documents,
                     "leastBytes", (json_int_t)e->least_bytes, "digitalSourceType", e->source_type,
                     "generation", depth_json(&e->depth), "prov:wasDerivedFrom", sources_json(e),
                     "decoding", e->decoding, "watermark", e->watermark);
}

static json_t *archive_json(const struct ws_archive *a)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:s, s:s*, s:s*}", "collection", a->collection,
                     "prov:startedAtTime", a->started, "prov:endedAtTime", a->ended, "documents",
                     (json_int_t)a->documents, "method", a->method, "license", a->licence,
                     "aiPreference", a->ai_preference);
}

static json_t *predicate_json(const struct ws_statement *s)
{
    switch (s->kind) {
    case WS_STATEMENT_EMISSION:
        return emission_json(&s->emission);
    case WS_STATEMENT_ARCHIVE:
        return archive_json(&s->archive);
    case WS_STATEMENT_WITHDRAWAL:
        return json_pack("{s:I, s:s}", "entry", (json_int_t)s->withdrawal.entry, "reason",
                         s->withdrawal.reason);
    case WS_STATEMENT_KEY_CHANGE:
        return json_pack("{s:s, s:s*, s:b, s:I}", "oldKey", s->key_change.old_key, "newKey",
                         s->key_change.new_key, "compromise", (int)s->key_change.is_compromise,
                         "since", (json_int_t)s->key_change.since);
    case WS_STATEMENT_INDEX:
        return json_pack("{s:s, s:I, s:o}", "log", s->index.log, "entries",
                         (json_int_t)s->index.entries, "root", digest_json(&s->index.root));
    case WS_STATEMENT_KINDS:
        break;
    }
    return NULL;
}

enum ws_status ws_statement_append(struct ws_buffer *out, const struct ws_statement *statement,
                                   uint64_t index, struct ws_error *err)
{
    enum ws_status status = check(statement, index, err);
    if (status != WS_OK)
        return status == WS_CORRUPT ? WS_INVALID : status;
    json_t *json = json_pack("{s:s, s:o, s:s, s:o}", "_type", STATEMENT_TYPE, "subject",
                             subjects_json(statement), "predicateType", types[statement->kind],
                             "predicate", predicate_json(statement));
    ws_json_append(json, out);
    json_decref(json);
    return ws_buffer_check(out, NAME, err);
}
