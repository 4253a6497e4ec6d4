/*
 * Small tokenizers as tokenizer.json: the 256 bytes, whose ids are the bytes themselves, and what a
 * test adds to them.
 *
 *     const struct small_tokenizer parts = {.vocabulary = ", \"ab\": 256", .merges = "\"a b\""};
 */
#ifndef WS_TESTS_TOKENIZERS_H
#define WS_TESTS_TOKENIZERS_H

#include <string.h>

#include "data/tokenizer_internal.h"

/* JSON; NULL is what is usual. */
struct small_tokenizer {
    const char *vocabulary; /* behind the bytes; begins with a comma */
    const char *merges;     /* in the list */
    const char *added;      /* in the list */
    const char *normalizer, *pre_tokenizer, *post_processor, *decoder;
    const char *model; /* further members; begins with a comma */
    const char *root;
};

#define SMALL_BYTE_LEVEL(prefix_space)                                                             \
    "{\"type\": \"ByteLevel\", \"add_prefix_space\": " prefix_space                                \
    ", \"trim_offsets\": true, \"use_regex\": true}"

/* An added token; the flags are "true" or "false". */
#define SMALL_ADDED(id, text, single_word, lstrip, rstrip, normalized, special)                    \
    "{\"id\": " id ", \"content\": \"" text "\", \"single_word\": " single_word                    \
    ", \"lstrip\": " lstrip ", \"rstrip\": " rstrip ", \"normalized\": " normalized                \
    ", \"special\": " special "}"
#define SMALL_SPECIAL(id, text) SMALL_ADDED(id, text, "false", "false", "false", "false", "true")

static inline void small_tokenizer_bytes(struct ws_buffer *out)
{
    for (int byte = 0; byte < 256; byte++) {
        uint8_t value = (uint8_t)byte;
        ws_buffer_text(out, byte == 0 ? "\"" : ", \"");
        if (byte == '"' || byte == '\\')
            ws_buffer_u8(out, '\\');
        ws_alphabet_spell(ws_bytes_of(&value, 1), out);
        ws_buffer_format(out, "\": %d", byte);
    }
}

static inline const char *small_or(const char *text, const char *usual)
{
    return text ? text : usual;
}

static inline void small_tokenizer_write(const struct small_tokenizer *parts, struct ws_buffer *out)
{
    ws_buffer_format(out, "{\"version\": \"1.0\", \"added_tokens\": [%s], \"normalizer\": %s,\n",
                     small_or(parts->added, ""), small_or(parts->normalizer, "null"));
    ws_buffer_format(out, "\"pre_tokenizer\": %s, \"post_processor\": %s, \"decoder\": %s,\n",
                     small_or(parts->pre_tokenizer, SMALL_BYTE_LEVEL("false")),
                     small_or(parts->post_processor, "null"),
                     small_or(parts->decoder, SMALL_BYTE_LEVEL("true")));
    ws_buffer_text(out, "\"model\": {\"type\": \"BPE\", \"vocab\": {");
    small_tokenizer_bytes(out);
    ws_buffer_format(out, "%s},\n\"merges\": [%s]%s}%s}\n", small_or(parts->vocabulary, ""),
                     small_or(parts->merges, ""), small_or(parts->model, ""),
                     small_or(parts->root, ""));
}

static inline enum ws_status small_tokenizer_parse(const struct small_tokenizer *parts,
                                                   struct ws_arena *arena,
                                                   const struct ws_tokenizer **out,
                                                   struct ws_error *err)
{
    struct ws_buffer json;
    ws_buffer_init(&json, NULL, SIZE_MAX);
    small_tokenizer_write(parts, &json);
    enum ws_status status =
        ws_tokenizer_parse(ws_buffer_bytes(&json), "small.json", arena, out, err);
    ws_buffer_release(&json);
    return status;
}

/* Whether what it writes as a file is read again as the same tokenizer. */
static inline bool tokenizer_survives_writing(const struct ws_tokenizer *tokenizer,
                                              struct ws_arena *arena)
{
    struct ws_buffer first, second;
    const struct ws_tokenizer *again;
    ws_buffer_init(&first, NULL, SIZE_MAX);
    ws_buffer_init(&second, NULL, SIZE_MAX);
    ws_tokenizer_write_json(tokenizer, &first);
    bool same = ws_tokenizer_parse(ws_buffer_bytes(&first), "again", arena, &again, NULL) == WS_OK;
    if (same) {
        ws_tokenizer_write_json(again, &second);
        same = first.size == second.size && memcmp(first.data, second.data, first.size) == 0;
    }
    ws_buffer_release(&first);
    ws_buffer_release(&second);
    return same;
}

#endif
