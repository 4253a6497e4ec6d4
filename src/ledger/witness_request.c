#include "ledger/witness_request.h"

#include <inttypes.h>
#include <string.h>

#include "ledger/proof_lines.h"

static enum ws_status no_request(struct ws_error *err, const char *why)
{
    return ws_fail(err, WS_CORRUPT, "no request to a witness: %s", why);
}

enum ws_status ws_witness_request_read(struct ws_bytes bytes, struct ws_witness_request *out,
                                       struct ws_error *err)
{
    struct ws_witness_request request;
    struct ws_bytes line, word;
    if (bytes.size > WS_WITNESS_REQUEST_LIMIT)
        return no_request(err, "it is too long");
    if (!ws_bytes_split(bytes, '\n', &line, &bytes) || !ws_bytes_split(line, ' ', &word, &line) ||
        !ws_bytes_is(word, "old") || !ws_read_size(line, &request.old_size))
        return no_request(err, "wanted 'old' and a size on its first line");
    const char *wrong = ws_proof_lines_take(&bytes, WS_WITNESS_PROOF_LIMIT, &request.proof);
    if (wrong)
        return no_request(err, wrong);
    request.checkpoint = bytes;
    *out = request;
    return WS_OK;
}

void ws_witness_request_append(struct ws_buffer *out, const struct ws_witness_request *request)
{
    ws_buffer_format(out, "old %" PRIu64 "\n", request->old_size);
    ws_proof_lines_append(out, &request->proof);
    ws_buffer_append(out, request->checkpoint.data, request->checkpoint.size);
}
