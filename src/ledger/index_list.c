/*
 * The list of an index, as docs/formats/index.md has it.
 */
#include <inttypes.h>

#include "base/base64.h"
#include "base/utf8.h"
#include "ledger/range_index.h"

static const char FIRST_LINE[] = "urn:wellspring:index:v1";
enum { FIRST_SHARDS = 64 /* room for so many at the beginning */ };

static const char *const words[WS_INDEX_STATES] = {
#define X(name, word) word,
    WS_INDEX_STATE_MAP(X)
#undef X
};

const char *ws_index_state_word(enum ws_index_state state)
{
    return words[state];
}

const struct ws_index_shard *ws_index_list_live(const struct ws_index_list *list, uint32_t number)
{
    for (size_t i = 0; i < list->shard_count; i++)
        if (list->shards[i].state == WS_INDEX_LIVE && number-- == 0)
            return &list->shards[i];
    return NULL;
}

size_t ws_index_list_live_count(const struct ws_index_list *list)
{
    size_t count = 0;
    for (size_t i = 0; i < list->shard_count; i++)
        count += list->shards[i].state == WS_INDEX_LIVE;
    return count;
}

bool ws_index_list_is_by(const struct ws_index_list *list, const struct ws_hash *roles)
{
    return list->has_roles && ws_hash_equal(&list->roles, roles);
}

/* Reading -------------------------------------------------------------------------------------- */

struct reading {
    struct ws_bytes text; /* what is left */
    size_t line;
    struct ws_arena *arena;
    struct ws_error *err;
};

static enum ws_status fail(const struct reading *in, const char *wanted)
{
    return ws_fail(in->err, WS_CORRUPT, "an index's list, line %zu: wanted %s", in->line, wanted);
}

static bool take_line(struct reading *in, struct ws_bytes *line)
{
    in->line++;
    return ws_bytes_split(in->text, '\n', line, &in->text);
}

/* A line "<word> <rest>". */
static enum ws_status take_field(struct reading *in, const char *word, struct ws_bytes *rest)
{
    struct ws_bytes line, first;
    if (!take_line(in, &line) || !ws_bytes_split(line, ' ', &first, rest) ||
        !ws_bytes_is(first, word))
        return ws_fail(in->err, WS_CORRUPT, "an index's list, line %zu: wanted '%s ...'", in->line,
                       word);
    return WS_OK;
}

static bool read_scheme(struct ws_bytes text, char out[WS_SHARD_SCHEME_LIMIT + 1])
{
    if (text.size < 1 || text.size > WS_SHARD_SCHEME_LIMIT)
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] <= ' ' || text.data[i] >= 0x7f)
            return false;
    memset(out, 0, WS_SHARD_SCHEME_LIMIT + 1);
    memcpy(out, text.data, text.size);
    return true;
}

static enum ws_status read_log(struct reading *in, struct ws_index_list *out)
{
    struct ws_bytes origin, size, root, scheme, roles;
    WS_TRY(take_field(in, "log", &origin));
    out->log.origin = ws_arena_text_of(in->arena, origin.data, origin.size);
    if (!out->log.origin)
        return ws_fail_memory(in->err, "an index's list");
    if (strlen(out->log.origin) != origin.size || !ws_origin_ok(out->log.origin))
        return fail(in, "the origin of a log");
    WS_TRY(take_field(in, "size", &size));
    if (!ws_read_size(size, &out->log.size))
        return fail(in, "a number of entries");
    WS_TRY(take_field(in, "root", &root));
    if (!ws_base64_read_fixed(root, out->log.root.bytes, WS_HASH_SIZE))
        return fail(in, "a SHA-256 in base64");
    WS_TRY(take_field(in, "scheme", &scheme));
    if (!read_scheme(scheme, out->scheme))
        return fail(in, "a scheme of 1 to 63 printable bytes");
    WS_TRY(take_field(in, "roles", &roles));
    out->has_roles = !ws_bytes_is(roles, "none");
    if (out->has_roles && !ws_hash_read(roles, &out->roles))
        return fail(in, "a SHA-256 in hex, or none");
    return WS_OK;
}

/* The next item of a line; false where there is none. */
static bool take_item(struct ws_bytes *line, struct ws_bytes *item)
{
    if (line->size == 0)
        return false;
    if (ws_bytes_split(*line, ' ', item, line))
        return line->size > 0;
    *item = *line;
    line->size = 0;
    return true;
}

static bool read_state(struct ws_bytes word, enum ws_index_state *out)
{
    for (size_t i = 0; i < WS_INDEX_STATES; i++)
        if (ws_bytes_is(word, words[i])) {
            *out = (enum ws_index_state)i;
            return true;
        }
    return false;
}

static enum ws_status read_shard(const struct reading *in, struct ws_bytes line,
                                 struct ws_index_shard *out)
{
    struct ws_bytes state, entry, subject, digest, at;
    uint64_t place;
    *out = (struct ws_index_shard){.entry = 0};
    if (!take_item(&line, &state) || !take_item(&line, &entry) || !take_item(&line, &subject) ||
        !take_item(&line, &digest) || !read_state(state, &out->state) ||
        !ws_read_size(entry, &out->entry) || !ws_read_size(subject, &place) ||
        place >= UINT32_MAX || !ws_hash_read(digest, &out->digest))
        return fail(in, "a state, an entry, a subject and a SHA-256 in hex");
    out->subject = (uint32_t)place;
    if (out->state == WS_INDEX_WITHDRAWN &&
        (!take_item(&line, &at) || !ws_read_size(at, &out->withdrawn_at)))
        return fail(in, "the entry that withdraws it at the line's end");
    return line.size == 0 ? WS_OK : fail(in, "nothing more on this line");
}

static bool is_behind(const struct ws_index_shard *before, const struct ws_index_shard *shard)
{
    return before->entry < shard->entry ||
           (before->entry == shard->entry && before->subject < shard->subject);
}

static enum ws_status read_shards(struct reading *in, struct ws_index_list *out)
{
    size_t lines = 0;
    for (size_t i = 0; i < in->text.size; i++)
        lines += in->text.data[i] == '\n';
    out->shards = WS_ARENA_NEW(in->arena, struct ws_index_shard, lines + 1);
    if (!out->shards)
        return ws_fail_memory(in->err, "an index's list");
    while (in->text.size > 0) {
        struct ws_index_shard *shard = &out->shards[out->shard_count];
        struct ws_bytes line;
        if (!take_line(in, &line))
            return fail(in, "the line's end");
        WS_TRY(read_shard(in, line, shard));
        if (shard->entry >= out->log.size || (out->shard_count > 0 && !is_behind(shard - 1, shard)))
            return fail(in, "an entry of the log, behind the line before");
        out->shard_count++;
    }
    return WS_OK;
}

enum ws_status ws_index_list_read(struct ws_bytes text, struct ws_arena *arena,
                                  struct ws_index_list *out, struct ws_error *err)
{
    struct reading in = {.text = text, .arena = arena, .err = err};
    struct ws_index_list list = {.shard_count = 0};
    struct ws_bytes first;
    if (text.size > WS_INDEX_LIST_LIMIT)
        return ws_fail(err, WS_LIMIT, "an index's list of %zu bytes, wanted at most %d", text.size,
                       WS_INDEX_LIST_LIMIT);
    if (!take_line(&in, &first) || !ws_bytes_is(first, FIRST_LINE))
        return fail(&in, "'urn:wellspring:index:v1'");
    WS_TRY(read_log(&in, &list));
    WS_TRY(read_shards(&in, &list));
    *out = list;
    return WS_OK;
}

/* Writing -------------------------------------------------------------------------------------- */

static void append_shard(struct ws_buffer *out, const struct ws_index_shard *shard)
{
    char digest[WS_HASH_TEXT_SIZE];
    ws_hash_text(&shard->digest, digest);
    ws_buffer_format(out, "%s %" PRIu64 " %" PRIu32 " %s", words[shard->state], shard->entry,
                     shard->subject, digest);
    if (shard->state == WS_INDEX_WITHDRAWN)
        ws_buffer_format(out, " %" PRIu64, shard->withdrawn_at);
    ws_buffer_text(out, "\n");
}

void ws_index_list_append(struct ws_buffer *out, const struct ws_index_list *list)
{
    char roles[WS_HASH_TEXT_SIZE] = "none";
    if (list->has_roles)
        ws_hash_text(&list->roles, roles);
    ws_buffer_format(out, "%s\nlog %s\nsize %" PRIu64 "\nroot ", FIRST_LINE, list->log.origin,
                     list->log.size);
    ws_base64_append(out, ws_bytes_of(list->log.root.bytes, WS_HASH_SIZE));
    ws_buffer_format(out, "\nscheme %s\nroles %s\n", list->scheme, roles);
    for (size_t i = 0; i < list->shard_count; i++)
        append_shard(out, &list->shards[i]);
}
