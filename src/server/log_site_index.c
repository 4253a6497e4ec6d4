#include <inttypes.h>

#include "base/number.h"
#include "ledger/range_index.h"
#include "server/log_site_internal.h"

/* What is asked of an index appends its answer. */
typedef enum ws_status ask_index(const struct ws_index *index, const char *name,
                                 struct ws_buffer *out, struct ws_error *err);

static enum ws_status append_head(const struct ws_index *index, const char *unused,
                                  struct ws_buffer *out, struct ws_error *err)
{
    (void)unused;
    (void)err;
    ws_buffer_append(out, index->head_bytes, WS_INDEX_HEAD_SIZE);
    return WS_OK;
}

static enum ws_status append_list(const struct ws_index *index, const char *unused,
                                  struct ws_buffer *out, struct ws_error *err)
{
    (void)unused;
    (void)err;
    ws_index_list_append(out, &index->list);
    return WS_OK;
}

static enum ws_status append_proof(const struct ws_index *index, const char *tile,
                                   struct ws_buffer *out, struct ws_error *err)
{
    const unsigned bits = index->head.range.bits;
    uint8_t way[WS_RANGE_WAY_LIMIT];
    struct ws_index_proof proof;
    uint64_t number;
    if (!ws_whole_parse(tile, &number) || number >> bits != 0)
        return ws_fail(err, WS_NOT_FOUND, "the index has tiles 0 to %" PRIu64,
                       (UINT64_C(1) << bits) - 1);
    WS_TRY(ws_index_prove(index, bits > 0 ? number << (64 - bits) : 0, way, &proof, err));
    ws_index_proof_append(out, &proof);
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
    const enum ws_status status = ask(&index, request->names[0], &answer->body, err);
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
