/*
 * Any bytes as text for one of a few tokenizers, which the first byte picks: where nothing is
 * normalised or stripped the ids give back the text, and a text that is cut gives the same ids.
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

#define VOCABULARY                                                                                 \
    .vocabulary = ", \"th\": 256, \"the\": 257, \"\304\240a\": 258, \"aa\": 259, \"aaaa\": 260",   \
    .merges = "\"t h\", \"th e\", \"\304\240 a\", \"a a\", \"aa aa\""
#define DIGITS                                                                                     \
    "{\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"Digits\", \"individual_digits\": "  \
    "true}, " SMALL_BYTE_LEVEL("false") "]}"

enum { EXACT = 3 }; /* the first ones give back every text */

static const struct small_tokenizer variants[] = {
    {VOCABULARY},
    {VOCABULARY, .added = SMALL_SPECIAL("261", "<s>") ", " SMALL_SPECIAL("262", "  ")},
    {VOCABULARY, .pre_tokenizer = DIGITS, .model = ", \"ignore_merges\": true"},
    {VOCABULARY, .pre_tokenizer = SMALL_BYTE_LEVEL("true"), .normalizer = "{\"type\": \"NFC\"}"},
    {VOCABULARY, .normalizer = "{\"type\": \"NFC\"}",
     .added = SMALL_ADDED("261", "at", "true", "true", "true", "true", "false") ", " SMALL_ADDED(
         "262", " ", "false", "true", "false", "true",
         "false") ", " SMALL_ADDED("263", "  ", "true", "false", "true", "false", "false")},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

static void encode(const struct ws_tokenizer *tokenizer, struct ws_bytes text,
                   struct ws_buffer *out)
{
    require(ws_tokenizer_encode(tokenizer, text, 0, out, NULL) == WS_OK);
}

static void use(const struct ws_tokenizer *tokenizer, struct ws_bytes text, bool exact)
{
    struct ws_buffer ids, parts, back;
    ws_buffer_init(&ids, NULL, SIZE_MAX);
    ws_buffer_init(&parts, NULL, SIZE_MAX);
    ws_buffer_init(&back, NULL, SIZE_MAX);
    encode(tokenizer, text, &ids);
    require(ws_tokenizer_decode(tokenizer, (const uint32_t *)(const void *)ids.data,
                                ids.size / sizeof(uint32_t), 0, &back, NULL) == WS_OK);
    if (exact && text.size > 0)
        require(back.size == text.size && memcmp(back.data, text.data, text.size) == 0);
    size_t cut = ws_tokenizer_cut(tokenizer, text);
    if (cut > 0) {
        encode(tokenizer, ws_bytes_of(text.data, cut), &parts);
        encode(tokenizer, ws_bytes_of(text.data + cut, text.size - cut), &parts);
        require(parts.size == ids.size && memcmp(parts.data, ids.data, ids.size) == 0);
    }
    ws_buffer_release(&ids);
    ws_buffer_release(&parts);
    ws_buffer_release(&back);
}

/* Made once: reading one takes longer than any text. */
static const struct ws_tokenizer *tokenizer_of(size_t variant)
{
    static struct ws_arena arena;
    static const struct ws_tokenizer *made[VARIANTS];
    if (!made[variant])
        require(small_tokenizer_parse(&variants[variant], &arena, &made[variant], NULL) == WS_OK);
    return made[variant];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    size_t variant = data[0] % VARIANTS;
    use(tokenizer_of(variant), ws_bytes_of(data + 1, size - 1), variant < EXACT);
    return 0;
}
