/*
 * A proof from anywhere: it is refused as damaged, or is written the same again; and it proves
 * nothing under a policy whose keys are not at hand.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/log_proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static const char policy[] =
    "log PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\nquorum none\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ws_arena arena;
    struct ws_log_proof proof;
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_log_proof_read(ws_bytes_of(data, size), &arena, &proof, NULL);
    require(status == WS_OK || status == WS_CORRUPT);
    if (status == WS_OK) {
        struct ws_buffer again;
        struct ws_trust trust;
        struct ws_trusted_checkpoint trusted;
        ws_buffer_init(&again, NULL, SIZE_MAX);
        ws_log_proof_append(&again, &proof);
        require(again.size == size && memcmp(again.data, data, size) == 0);
        ws_buffer_release(&again);
        require(ws_trust_read(ws_bytes_of_text(policy), "policy", &arena, &trust, NULL) == WS_OK);
        require(ws_log_proof_check(&proof, ws_bytes_of_text(""), &trust, &arena, &trusted, NULL) ==
                WS_CORRUPT);
        ws_trust_close(&trust);
    }
    ws_arena_release(&arena);
    return 0;
}
