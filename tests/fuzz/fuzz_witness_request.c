/*
 * A request to a witness from anywhere: it is refused as damaged, or is written the same again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/witness_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ws_witness_request request;
    enum ws_status status = ws_witness_request_read(ws_bytes_of(data, size), &request, NULL);
    require(status == WS_OK || status == WS_CORRUPT);
    if (status == WS_OK) {
        struct ws_buffer again;
        require(request.proof.count <= WS_WITNESS_PROOF_LIMIT);
        require(request.old_size < WS_MERKLE_SIZE_LIMIT);
        ws_buffer_init(&again, NULL, SIZE_MAX);
        ws_witness_request_append(&again, &request);
        require(again.size == size && memcmp(again.data, data, size) == 0);
        ws_buffer_release(&again);
    }
    return 0;
}
