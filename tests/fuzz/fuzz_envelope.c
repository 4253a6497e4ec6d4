/* An envelope from anywhere: it is refused as damaged, or has a type, bytes and signatures, none of
 * which is that of a key it could not have. */
#include <stdint.h>
#include <stdlib.h>

#include "ledger/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char known[] =
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    struct ws_arena arena;
    struct ws_envelope envelope;
    struct ws_error err = {.message = ""};
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_envelope_read(ws_bytes_of(data, size), &arena, &envelope, &err);
    require(status == WS_OK || status == WS_CORRUPT);
    if (status == WS_OK) {
        struct ws_note_key key;
        bool signed_by;
        const struct ws_note_key *const keys[] = {&key};
        require(ws_note_key_read(ws_bytes_of_text(known), &arena, &key, NULL) == WS_OK);
        status = ws_envelope_check(&envelope, keys, 1, &arena, &signed_by, NULL);
        require(status == WS_CORRUPT || (status == WS_OK && !signed_by));
        ws_note_key_close(&key);
    }
    ws_arena_release(&arena);
    return 0;
}
