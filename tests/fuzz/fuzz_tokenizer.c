/*
 * Any bytes as a tokenizer.json: refused with a message, or a tokenizer that writes itself as a
 * file that it reads again, and gives back the text it encodes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support/tokenizers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void use(const struct ws_tokenizer *tokenizer)
{
    static const char text[] = "the cat's 12 caf\303\251s<s>  e\314\201 <|endoftext|>\n\377ab";
    struct ws_buffer ids, back;
    ws_buffer_init(&ids, NULL, SIZE_MAX);
    ws_buffer_init(&back, NULL, SIZE_MAX);
    enum ws_status status = ws_tokenizer_encode(tokenizer, ws_bytes_of(text, sizeof text - 1),
                                                WS_ENCODE_FRONT | WS_ENCODE_BACK, &ids, NULL);
    require(status == WS_OK || status == WS_UNSUPPORTED);
    const uint32_t *id = (const uint32_t *)(const void *)ids.data;
    size_t count = ids.size / sizeof *id;
    for (size_t i = 0; i < count; i++)
        require(id[i] < ws_tokenizer_count(tokenizer));
    require(ws_tokenizer_decode(tokenizer, id, count, 0, &back, NULL) == WS_OK);
    ws_buffer_release(&ids);
    ws_buffer_release(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ws_arena arena;
    struct ws_error err = {.message = ""};
    const struct ws_tokenizer *tokenizer = NULL;
    ws_arena_init(&arena, NULL);
    enum ws_status status =
        ws_tokenizer_parse(ws_bytes_of(data, size), "fuzz.json", &arena, &tokenizer, &err);
    require(status == WS_OK || status == WS_CORRUPT || status == WS_UNSUPPORTED);
    require(status == WS_OK || strncmp(err.message, "fuzz.json", 9) == 0);
    if (status == WS_OK) {
        use(tokenizer);
        require(tokenizer_survives_writing(tokenizer, &arena));
    }
    ws_arena_release(&arena);
    return 0;
}
