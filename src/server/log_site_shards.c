#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file_change.h"
#include "base/number.h"
#include "ledger/index_build.h"
#include "ledger/shard_roll.h"
#include "ledger/shard_site.h"
#include "server/log_site_internal.h"

/* A shard never changes, and may be withdrawn: caches ask again after minutes. */
#define FOR_MINUTES "public, max-age=300"
#define BYTES       "application/octet-stream"

struct log_shards {
    const char *log, *directory;
    const struct ws_roles *roles;
    struct ws_log_source source;
    pthread_mutex_t mutex; /* guards what follows */
    struct ws_file_change checkpoint, folder;
    struct ws_arena origin; /* of the log */
    struct ws_shard_roll roll;
    bool is_open; /* the roll */
    struct ws_arena places;
    struct ws_shard_shelf shelf;
};

/* What is there --------------------------------------------------------------------------------
 */

static void close_roll(struct log_shards *shards)
{
    if (shards->is_open)
        ws_shard_roll_close(&shards->roll);
    shards->is_open = false;
    shards->checkpoint = (struct ws_file_change){.number = 0};
}

static enum ws_status read_log(struct log_shards *shards, struct ws_error *err)
{
    struct ws_checkpoint checkpoint;
    struct ws_bytes bytes;
    struct ws_note note;
    struct ws_arena scratch;
    ws_arena_init(&scratch, NULL);
    enum ws_status status =
        ws_log_source_read(&shards->source, "checkpoint", &scratch, &bytes, err);
    if (status == WS_OK)
        status = ws_note_read(bytes, &scratch, &note, err);
    if (status == WS_OK)
        status = ws_checkpoint_read(note.text, &scratch, &checkpoint, err);
    if (status == WS_OK && !shards->is_open) {
        status = ws_shard_roll_open(&shards->roll, &shards->source, shards->roles, NULL, err);
        shards->is_open = true;
    }
    /* Who reads the roll asks for no origin. */
    if (status == WS_OK)
        checkpoint.origin = "";
    if (status == WS_OK)
        status = ws_shard_roll_read(&shards->roll, &checkpoint, err);
    if (status != WS_OK)
        close_roll(shards);
    ws_arena_release(&scratch);
    return status;
}

static enum ws_status read_directory(struct log_shards *shards, struct ws_error *err)
{
    ws_shard_shelf_close(&shards->shelf);
    ws_arena_reset(&shards->places);
    enum ws_status status =
        ws_shard_shelf_open(&shards->shelf, shards->directory, &shards->places, err);
    if (status != WS_OK)
        shards->folder = (struct ws_file_change){.number = 0};
    return status;
}

/* Both may have changed since the last request. */
static enum ws_status refresh(struct log_shards *shards, struct ws_error *err)
{
    struct ws_arena scratch;
    ws_arena_init(&scratch, NULL);
    const char *path = ws_arena_format(&scratch, "%s/checkpoint", shards->log);
    enum ws_status status = path ? WS_OK : ws_fail_memory(err, "a log's shards");
    if (status == WS_OK && (ws_file_is_other(path, &shards->checkpoint) || !shards->is_open))
        status = read_log(shards, err);
    if (status == WS_OK && ws_file_is_other(shards->directory, &shards->folder))
        status = read_directory(shards, err);
    ws_arena_release(&scratch);
    return status;
}

enum ws_status log_shards_open(const struct ws_log_site_settings *settings, struct log_shards **out,
                               struct ws_error *err)
{
    struct log_shards *shards = calloc(1, sizeof *shards);
    if (!shards)
        return ws_fail_memory(err, "a log's shards");
    shards->log = settings->directory;
    shards->directory = settings->shards;
    shards->roles = settings->roles;
    pthread_mutex_init(&shards->mutex, NULL);
    ws_arena_init(&shards->places, NULL);
    *out = shards;
    WS_TRY(ws_log_source_open(shards->log, &shards->source, err));
    return refresh(shards, err);
}

void log_shards_close(struct log_shards *shards)
{
    if (!shards)
        return;
    close_roll(shards);
    ws_shard_shelf_close(&shards->shelf);
    ws_log_source_close(&shards->source);
    ws_arena_release(&shards->places);
    pthread_mutex_destroy(&shards->mutex);
    free(shards);
}

/* Answers --------------------------------------------------------------------------------------
 */

static void count(struct ws_log_site *site, enum shard_answer what)
{
    atomic_fetch_add(&site->shard_answers[what], 1);
}

static enum ws_status answer_unknown(struct ws_log_site *site, struct ws_error *err)
{
    count(site, SHARD_unknown);
    return ws_fail(err, WS_NOT_FOUND, "there is no such shard here");
}

/* What has not to be shown any more is not found, whatever lies in the directory. */
static enum ws_status find(struct ws_log_site *site, const char *name,
                           struct ws_http_answer *answer, const struct ws_shard **out,
                           struct ws_error *err)
{
    struct log_shards *shards = site->shards;
    struct ws_hash digest;
    uint64_t at;
    if (!ws_hash_read(ws_bytes_of_text(name), &digest))
        return answer_unknown(site, err);
    enum ws_status status = refresh(shards, err);
    if (status != WS_OK) {
        answer->status = MHD_HTTP_SERVICE_UNAVAILABLE;
        return status;
    }
    const enum ws_index_state state = ws_shard_roll_find(&shards->roll, &digest, &at);
    if (state == WS_INDEX_WITHDRAWN) {
        count(site, SHARD_withdrawn);
        answer->status = MHD_HTTP_GONE;
        return ws_fail(err, WS_NOT_FOUND, "the shard was withdrawn at entry %" PRIu64, at);
    }
    struct ws_shard_place *place = ws_shard_shelf_find(&shards->shelf, &digest);
    /* The first copy that can be opened. Whoever gets it verifies it. */
    while (place && place->state != WS_INDEX_LIVE) {
        if (ws_shard_open(&place->shard, place->path, NULL) == WS_OK)
            place->state = WS_INDEX_LIVE;
        else
            place = ws_shard_shelf_next(&shards->shelf, place);
    }
    if (state != WS_INDEX_LIVE || !place)
        return answer_unknown(site, err);
    *out = &place->shard;
    return WS_OK;
}

static bool list_withdrawn(const struct ws_shard_roll *roll, const struct ws_index_list *list,
                           uint64_t entries[])
{
    size_t live = 0;
    bool any = false;
    for (size_t i = 0; i < list->shard_count; i++) {
        uint64_t at;
        entries[i] = SHARD_STAYS;
        if (list->shards[i].state != WS_INDEX_LIVE)
            continue;
        if (ws_shard_roll_find(roll, &list->shards[i].digest, &at) == WS_INDEX_WITHDRAWN) {
            entries[live] = at;
            any = true;
        }
        live++;
    }
    return any;
}

enum ws_status log_shards_withdrawn(struct log_shards *shards, const struct ws_index_list *list,
                                    struct ws_arena *arena, const uint64_t **out,
                                    struct ws_error *err)
{
    *out = NULL;
    if (!shards)
        return WS_OK;
    uint64_t *entries = WS_ARENA_NEW(arena, uint64_t, list->shard_count + 1);
    if (!entries)
        return ws_fail_memory(err, "an index");
    pthread_mutex_lock(&shards->mutex);
    const enum ws_status status = refresh(shards, err);
    if (status == WS_OK && list_withdrawn(&shards->roll, list, entries))
        *out = entries;
    pthread_mutex_unlock(&shards->mutex);
    return status;
}

/* A number of a path: as it is written, and below `end`. */
static bool read_number(const char *text, uint64_t end, uint64_t *out)
{
    return ws_whole_parse(text, out) && *out < end && (text[0] != '0' || text[1] == '\0');
}

static enum ws_status answer_head(const struct ws_shard *shard, const char *unused,
                                  struct ws_http_answer *answer, struct ws_error *err)
{
    (void)unused;
    (void)err;
    ws_buffer_append(&answer->body, shard->head_bytes, WS_SHARD_HEAD_SIZE);
    return WS_OK;
}

static enum ws_status answer_proof(const struct ws_shard *shard, const char *tile,
                                   struct ws_http_answer *answer, struct ws_error *err)
{
    const unsigned bits = shard->head.range.bits;
    uint8_t way[WS_RANGE_WAY_LIMIT];
    struct ws_shard_proof proof;
    uint64_t index;
    if (!read_number(tile, UINT64_C(1) << bits, &index))
        return ws_fail(err, WS_NOT_FOUND, "the shard has tiles 0 to %" PRIu64,
                       (UINT64_C(1) << bits) - 1);
    WS_TRY(ws_shard_prove(shard, bits > 0 ? index << (64 - bits) : 0, way, &proof, err));
    ws_shard_proof_append(&answer->body, &proof);
    return WS_OK;
}

static enum ws_status answer_part(struct ws_bytes file, const char *number,
                                  struct ws_http_answer *answer, struct ws_error *err)
{
    const uint64_t parts = ws_shard_parts(file.size);
    uint64_t part;
    if (!read_number(number, parts, &part))
        return ws_fail(err, WS_NOT_FOUND, "the file has %" PRIu64 " parts", parts);
    const size_t begin = (size_t)part * WS_SHARD_PART, left = file.size - begin;
    ws_buffer_append(&answer->body, file.data + begin, left < WS_SHARD_PART ? left : WS_SHARD_PART);
    return WS_OK;
}

static enum ws_status answer_tiles(const struct ws_shard *shard, const char *part,
                                   struct ws_http_answer *answer, struct ws_error *err)
{
    return answer_part(shard->tiles.map.bytes, part, answer, err);
}

static enum ws_status answer_documents(const struct ws_shard *shard, const char *part,
                                       struct ws_http_answer *answer, struct ws_error *err)
{
    return answer_part(shard->documents.bytes, part, answer, err);
}

/* Shards may be closed by the next request: what is sent is copied. */
static enum ws_status
answer_with(struct ws_log_site *site, const struct ws_http_request *request, enum shard_answer what,
            enum ws_status (*make)(const struct ws_shard *shard, const char *number,
                                   struct ws_http_answer *answer, struct ws_error *err),
            struct ws_http_answer *answer, struct ws_error *err)
{
    const struct ws_shard *shard = NULL;
    if (!site->shards)
        return ws_fail(err, WS_NOT_FOUND, "no shards are served here");
    pthread_mutex_lock(&site->shards->mutex);
    enum ws_status status = find(site, request->names[0], answer, &shard, err);
    if (status == WS_OK)
        status = make(shard, request->names[1], answer, err);
    pthread_mutex_unlock(&site->shards->mutex);
    WS_TRY(status);
    count(site, what);
    answer->type = BYTES;
    answer->cache = FOR_MINUTES;
    return WS_OK;
}

enum ws_status log_site_shard(void *site, const struct ws_http_request *request,
                              struct ws_http_answer *answer, struct ws_error *err)
{
    return answer_with(site, request, SHARD_head, answer_head, answer, err);
}

enum ws_status log_site_shard_proof(void *site, const struct ws_http_request *request,
                                    struct ws_http_answer *answer, struct ws_error *err)
{
    return answer_with(site, request, SHARD_proof, answer_proof, answer, err);
}

enum ws_status log_site_shard_tiles(void *site, const struct ws_http_request *request,
                                    struct ws_http_answer *answer, struct ws_error *err)
{
    return answer_with(site, request, SHARD_part, answer_tiles, answer, err);
}

enum ws_status log_site_shard_documents(void *site, const struct ws_http_request *request,
                                        struct ws_http_answer *answer, struct ws_error *err)
{
    return answer_with(site, request, SHARD_part, answer_documents, answer, err);
}
