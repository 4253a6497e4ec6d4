#include "ledger/proof_lines.h"

#include <assert.h>

#include "base/base64.h"

const char *ws_proof_lines_take(struct ws_bytes *text, size_t most, struct ws_merkle_proof *out)
{
    struct ws_bytes line;
    assert(most <= WS_MERKLE_PROOF_LIMIT);
    for (out->count = 0; ws_bytes_split(*text, '\n', &line, text); out->count++) {
        if (line.size == 0)
            return NULL;
        if (out->count == most)
            return "it has too many hashes";
        if (!ws_base64_read_fixed(line, out->hashes[out->count].bytes, WS_HASH_SIZE))
            return "a line is no SHA-256 in base64";
    }
    return "there is no checkpoint";
}

void ws_proof_lines_append(struct ws_buffer *out, const struct ws_merkle_proof *proof)
{
    for (size_t i = 0; i < proof->count; i++) {
        ws_base64_append(out, ws_bytes_of(proof->hashes[i].bytes, WS_HASH_SIZE));
        ws_buffer_u8(out, '\n');
    }
    ws_buffer_u8(out, '\n');
}
