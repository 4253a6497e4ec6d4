/*
 * Any bytes as vocab.json, merges.txt and tokenizer_config.json: three parts between zero bytes,
 * the last of which may be missing. Refused with a message that names the file, or a tokenizer
 * that is the same when it is read back from its tokenizer.json.
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

/* What comes before the first zero byte, which is taken away with it. */
static struct ws_bytes take_part(struct ws_bytes *left)
{
    const uint8_t *zero = left->size > 0 ? memchr(left->data, 0, left->size) : NULL;
    struct ws_bytes part = *left;
    if (zero)
        part.size = (size_t)(zero - left->data);
    size_t taken = zero ? part.size + 1 : part.size;
    *left = ws_bytes_of(left->data + taken, left->size - taken);
    return part;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ws_arena arena;
    struct ws_error err = {.message = ""};
    const struct ws_tokenizer *tokenizer = NULL;
    struct ws_bytes left = ws_bytes_of(data, size);
    struct ws_tokenizer_pair files = {.vocabulary_name = "fuzz.vocab",
                                      .merges_name = "fuzz.merges",
                                      .config_name = "fuzz.config"};
    files.vocabulary = take_part(&left);
    files.merges = take_part(&left);
    files.has_added_tokens = size % 2;
    if (left.size > 0)
        files.config = left;
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_tokenizer_parse_pair(&files, &arena, &tokenizer, &err);
    require(status == WS_OK || status == WS_CORRUPT || status == WS_UNSUPPORTED);
    require(status == WS_OK || strncmp(err.message, "fuzz.", 5) == 0);
    if (status == WS_OK)
        require(tokenizer_survives_writing(tokenizer, &arena));
    ws_arena_release(&arena);
    return 0;
}
