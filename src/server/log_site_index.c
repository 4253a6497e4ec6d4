#include <inttypes.h>

#include "base/number.h"
#include "ledger/range_index.h"
#include "server/log_site_internal.h"

struct asked {
    const struct ws_log_site *site;
    const struct ws_index *index;
    const struct ws_http_request *request;
    struct ws_http_answer *answer;
};

/* What is asked of an index appends its answer. */
typedef enum ws_status ask_index(const struct asked *asked, struct ws_error *err);

static enum ws_status append_head(const struct asked *asked, struct ws_error *err)
{
    (void)err;
    ws_buffer_append(&asked->answer->body, asked->index->head_bytes, WS_INDEX_HEAD_SIZE);
    return WS_OK;
}

static enum ws_status append_list(const struct asked *asked, struct ws_error *err)
{
    (void)err;
    ws_index_list_append(&asked->answer->body, &asked->index->list);
    return WS_OK;
}

/* Where the index was made before a shard in it was withdrawn, what a tile has of that is not shown
 * any more. The mirror's next index has it no longer. */
static enum ws_status check_tile(const struct asked *asked, const struct ws_index_proof *proof,
                                 uint32_t number, struct ws_error *err)
{
    const struct ws_index *index = asked->index;
    const uint64_t *withdrawn;
    struct ws_range_tile tile;
    const enum ws_status status = log_shards_withdrawn(asked->site->shards, &index->list,
                                                       asked->request->arena, &withdrawn, err);
    if (status != WS_OK)
        asked->answer->status = MHD_HTTP_SERVICE_UNAVAILABLE;
    if (status != WS_OK || !withdrawn)
        return status;
    WS_TRY(ws_range_tile_read(proof->range.tile, &index->head.range, number, &tile, err));
    for (uint32_t i = 0; i < tile.count; i++) {
        const uint32_t shard = ws_range_tile_number(&tile, i);
        if (shard >= index->list.shard_count || withdrawn[shard] == SHARD_STAYS)
            continue;
        asked->answer->status = MHD_HTTP_GONE;
        return ws_fail(err, WS_NOT_FOUND,
                       "the tile has fingerprints of a shard that was withdrawn at entry %" PRIu64
                       ", until a new index is made",
                       withdrawn[shard]);
    }
    return WS_OK;
}

static enum ws_status append_proof(const struct asked *asked, struct ws_error *err)
{
    const unsigned bits = asked->index->head.range.bits;
    uint8_t way[WS_RANGE_WAY_LIMIT];
    struct ws_index_proof proof;
    uint64_t number;
    if (!ws_whole_parse(asked->request->names[0], &number) || number >> bits != 0)
        return ws_fail(err, WS_NOT_FOUND, "the index has tiles 0 to %" PRIu64,
                       (UINT64_C(1) << bits) - 1);
    WS_TRY(ws_index_prove(asked->index, bits > 0 ? number << (64 - bits) : 0, way, &proof, err));
    WS_TRY(check_tile(asked, &proof, (uint32_t)number, err));
    ws_index_proof_append(&asked->answer->body, &proof);
    return WS_OK;
}

/* The mirror may replace its index at any time: it is opened for each request. */
static enum ws_status answer_with(const struct ws_log_site *site, ask_index *ask,
                                  const struct ws_http_request *request,
                                  struct ws_http_answer *answer, struct ws_error *err)
{
    const char *path = site->settings.lookup->index;
    struct ws_index index;
    if (!path)
        return ws_fail(err, WS_NOT_FOUND, "no index is served here");
    if (ws_index_open(&index, path, request->arena, NULL) != WS_OK) {
        answer->status = MHD_HTTP_SERVICE_UNAVAILABLE; /* why names files of this machine */
        return ws_fail(err, WS_BUSY, "the index cannot be read now");
    }
    answer->type = "application/octet-stream";
    const struct asked asked = {site, &index, request, answer};
    const enum ws_status status = ask(&asked, err);
    ws_index_close(&index);
    return status;
}

enum ws_status log_site_index(void *site, const struct ws_http_request *request,
                              struct ws_http_answer *answer, struct ws_error *err)
{
    return answer_with(site, append_head, request, answer, err);
}

enum ws_status log_site_index_list(void *site, const struct ws_http_request *request,
                                   struct ws_http_answer *answer, struct ws_error *err)
{
    return answer_with(site, append_list, request, answer, err);
}

enum ws_status log_site_index_proof(void *site, const struct ws_http_request *request,
                                    struct ws_http_answer *answer, struct ws_error *err)
{
    return answer_with(site, append_proof, request, answer, err);
}
