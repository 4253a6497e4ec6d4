#include "ledger/issuer_list.h"

#include <math.h>
#include <string.h>

#include "ledger/log_checkpoint.h"

static const double minute = 60, day = 86400;

const struct ws_quota ws_usual_quota = {
    .entries_a_minute = 600, .entries_a_day = 10000, .bytes_a_day = 100000000};

/* Lists ---------------------------------------------------------------------------------------- */

/* The next word of a line, between blanks and tabs; empty at its end. */
static struct ws_bytes next_word(struct ws_bytes *line)
{
    size_t begin = 0, end;
    while (begin < line->size && (line->data[begin] == ' ' || line->data[begin] == '\t'))
        begin++;
    for (end = begin; end < line->size && line->data[end] != ' ' && line->data[end] != '\t';)
        end++;
    struct ws_bytes word = {line->data + begin, end - begin};
    *line = (struct ws_bytes){line->data + end, line->size - end};
    return word;
}

static enum ws_status read_limit(struct ws_bytes word, struct ws_quota *quota, struct ws_error *err)
{
    struct ws_bytes name, value;
    uint64_t number = 0;
    if (ws_bytes_split(word, '=', &name, &value) && ws_read_size(value, &number)) {
        if (ws_bytes_is(name, "minute"))
            return quota->entries_a_minute = number, WS_OK;
        if (ws_bytes_is(name, "day"))
            return quota->entries_a_day = number, WS_OK;
        if (ws_bytes_is(name, "bytes"))
            return quota->bytes_a_day = number, WS_OK;
    }
    return ws_fail(err, WS_INVALID,
                   "'%.*s' is no limit: wanted minute=N, day=N or bytes=N, whole numbers",
                   (int)(word.size < 80 ? word.size : 80), (const char *)word.data);
}

static bool is_listed(const struct ws_issuer_list *list, const struct ws_note_key *key)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].key.id == key->id && strcmp(list->items[i].key.name, key->name) == 0)
            return true;
    return false;
}

/* Behind "issuer". The list grows by its key even where the rest of the line is wrong, so that the
 * key is closed with the others. */
static enum ws_status read_issuer(struct ws_bytes line, struct ws_arena *arena,
                                  struct ws_issuer_list *list, struct ws_error *err)
{
    struct ws_issuer *issuer = &list->items[list->count];
    if (list->count == WS_ISSUER_LIMIT)
        return ws_fail(err, WS_LIMIT, "more than %d issuers", WS_ISSUER_LIMIT);
    issuer->quota = ws_usual_quota;
    WS_TRY(ws_note_key_read(next_word(&line), arena, &issuer->key, err));
    const bool twice = is_listed(list, &issuer->key);
    list->count++;
    if (issuer->key.type != WS_KEY_ED25519)
        return ws_fail(err, WS_INVALID, "the key of '%.80s' is a witness's: wanted one of type 1",
                       issuer->key.name);
    if (twice)
        return ws_fail(err, WS_INVALID, "the key of '%.80s' is there twice", issuer->key.name);
    for (struct ws_bytes word = next_word(&line); word.size > 0; word = next_word(&line))
        WS_TRY(read_limit(word, &issuer->quota, err));
    return WS_OK;
}

static enum ws_status read_line(struct ws_bytes line, struct ws_arena *arena,
                                struct ws_issuer_list *list, struct ws_error *err)
{
    struct ws_bytes first = next_word(&line);
    if (first.size == 0 || first.data[0] == '#')
        return WS_OK;
    if (!ws_bytes_is(first, "issuer"))
        return ws_fail(err, WS_INVALID, "the line begins with '%.*s', wanted 'issuer'",
                       (int)(first.size < 80 ? first.size : 80), (const char *)first.data);
    return read_issuer(line, arena, list, err);
}

enum ws_status ws_issuer_list_read(struct ws_bytes text, const char *name, struct ws_arena *arena,
                                   struct ws_issuer_list *out, struct ws_error *err)
{
    struct ws_issuer_list list = {.items = WS_ARENA_ZNEW(arena, struct ws_issuer, WS_ISSUER_LIMIT)};
    enum ws_status status = WS_OK;
    if (!list.items)
        return ws_fail_memory(err, "a list of issuers");
    if (text.size > WS_ISSUER_LIST_LIMIT)
        return ws_fail(err, WS_LIMIT, "%.200s: more than %d bytes", name, WS_ISSUER_LIST_LIMIT);
    for (size_t number = 1; status == WS_OK && text.size > 0; number++) {
        struct ws_bytes line = text;
        if (!ws_bytes_split(text, '\n', &line, &text))
            text.size = 0;
        status = read_line(line, arena, &list, err);
        if (status != WS_OK)
            ws_error_prefix(err, "%.200s:%zu", name, number);
    }
    if (status == WS_OK)
        *out = list;
    else
        ws_issuer_list_close(&list);
    return status;
}

void ws_issuer_list_close(struct ws_issuer_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        ws_note_key_close(&list->items[i].key);
    list->count = 0;
}

/* Quotas --------------------------------------------------------------------------------------- */

void ws_quota_begin(struct ws_quota_left *left, const struct ws_quota *quota, double now)
{
    *left = (struct ws_quota_left){.entries_this_minute = (double)quota->entries_a_minute,
                                   .entries = (double)quota->entries_a_day,
                                   .bytes = (double)quota->bytes_a_day,
                                   .since = now};
}

static double filled(double left, uint64_t most, double seconds, double period)
{
    return fmin((double)most, left + (double)most * seconds / period);
}

/* Seconds until there is as much as is needed. */
static double wait_for(double needed, double left, uint64_t most, double period)
{
    if (needed <= left)
        return 0;
    return needed > (double)most ? INFINITY : fmax(1, (needed - left) * period / (double)most);
}

double ws_quota_take(struct ws_quota_left *left, const struct ws_quota *quota, size_t bytes,
                     double now)
{
    const double seconds = fmax(0, now - left->since);
    *left = (struct ws_quota_left){
        .entries_this_minute =
            filled(left->entries_this_minute, quota->entries_a_minute, seconds, minute),
        .entries = filled(left->entries, quota->entries_a_day, seconds, day),
        .bytes = filled(left->bytes, quota->bytes_a_day, seconds, day),
        .since = now};
    double wait = wait_for(1, left->entries_this_minute, quota->entries_a_minute, minute);
    wait = fmax(wait, wait_for(1, left->entries, quota->entries_a_day, day));
    wait = fmax(wait, wait_for((double)bytes, left->bytes, quota->bytes_a_day, day));
    if (wait > 0)
        return wait;
    left->entries_this_minute -= 1;
    left->entries -= 1;
    left->bytes -= (double)bytes;
    return 0;
}
