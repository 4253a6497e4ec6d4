#include "base/base64.h"

#include <assert.h>
#include <limits.h>
#include <openssl/evp.h>
#include <string.h>

/* OpenSSL takes sizes as int. */
static const size_t SIZE_LIMIT = INT_MAX / 4 * 3;

static size_t text_size(size_t size)
{
    return (size + 2) / 3 * 4;
}

static size_t padding_of(struct ws_bytes text)
{
    size_t padding = 0;
    while (padding < 2 && padding < text.size && text.data[text.size - 1 - padding] == '=')
        padding++;
    return padding;
}

void ws_base64_append(struct ws_buffer *out, struct ws_bytes bytes)
{
    assert(bytes.size <= SIZE_LIMIT);
    /* It writes a zero byte behind the text. */
    unsigned char *to = ws_buffer_extend(out, text_size(bytes.size) + 1);
    if (!to)
        return;
    (void)EVP_EncodeBlock(to, bytes.data, (int)bytes.size);
    out->size--;
}

/* Decodes into `out`, of text.size / 4 * 3 bytes, and encodes into `again`, of text.size + 1:
 * OpenSSL skips blanks and takes what it would not write, so the texts are compared. */
static bool decode(struct ws_bytes text, uint8_t *out, uint8_t *again, size_t *size)
{
    if (text.size % 4 != 0)
        return false;
    int decoded = EVP_DecodeBlock(out, text.data, (int)text.size);
    if (decoded < 0 || (size_t)decoded != text.size / 4 * 3)
        return false;
    *size = (size_t)decoded - padding_of(text);
    (void)EVP_EncodeBlock(again, out, (int)*size);
    return memcmp(again, text.data, text.size) == 0;
}

enum ws_status ws_base64_read(struct ws_bytes text, struct ws_arena *arena, struct ws_bytes *out,
                              struct ws_error *err)
{
    if (text.size > SIZE_LIMIT)
        return ws_fail(err, WS_LIMIT, "base64 of %zu characters; the most is %zu", text.size,
                       SIZE_LIMIT);
    size_t size = 0;
    uint8_t *bytes = WS_ARENA_NEW(arena, uint8_t, text.size / 4 * 3 + 1);
    uint8_t *again = WS_ARENA_NEW(arena, uint8_t, text.size + 1);
    if (!bytes || !again)
        return ws_fail_memory(err, "base64");
    if (text.size > 0 && !decode(text, bytes, again, &size))
        return ws_fail(err, WS_CORRUPT, "no base64 with padding, as RFC 4648 has it");
    *out = ws_bytes_of(bytes, size);
    return WS_OK;
}

bool ws_base64_read_fixed(struct ws_bytes text, uint8_t *out, size_t size)
{
    uint8_t bytes[WS_BASE64_FIXED_LIMIT + 2], again[(WS_BASE64_FIXED_LIMIT + 2) / 3 * 4 + 1];
    size_t read = 0;
    assert(size > 0 && size <= WS_BASE64_FIXED_LIMIT);
    if (text.size != text_size(size) || !decode(text, bytes, again, &read) || read != size)
        return false;
    memcpy(out, bytes, size);
    return true;
}
