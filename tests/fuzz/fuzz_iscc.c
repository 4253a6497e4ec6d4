/*
 * A text of any bytes, in pieces as long as the first byte says: its ISCC code is that of the
 * whole, and its text has the size that its bits say.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fingerprint/iscc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static struct ws_iscc_code code_of(struct ws_bytes text, size_t most)
{
    struct ws_iscc *iscc;
    struct ws_iscc_code code;
    require(ws_iscc_open(NULL, &iscc, NULL) == WS_OK);
    while (text.size > 0) {
        const size_t size = text.size < most ? text.size : most;
        ws_iscc_add(iscc, ws_bytes_of(text.data, size));
        text = ws_bytes_of(text.data + size, text.size - size);
    }
    ws_iscc_end(iscc, &code);
    ws_iscc_close(iscc);
    return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const struct ws_bytes text = ws_bytes_of(data + 1, size - 1);
    const struct ws_iscc_code whole = code_of(text, SIZE_MAX);
    const struct ws_iscc_code cut = code_of(text, (size_t)data[0] + 1);
    require(memcmp(whole.digest, cut.digest, sizeof whole.digest) == 0);
    require(whole.characters == cut.characters);
    for (unsigned bits = 32; bits <= 256; bits += 32) {
        char code[WS_ISCC_TEXT_SIZE];
        ws_iscc_text(&whole, bits, code);
        require(strlen(code) == 5 + (16 + bits + 4) / 5);
    }
    return 0;
}
