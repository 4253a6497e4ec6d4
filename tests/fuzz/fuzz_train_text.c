/*
 * Any bytes as JSON lines to train on: refused, or examples that a network could take. The first
 * byte chooses the form.
 */
#include <stdint.h>
#include <stdlib.h>

#include "models/nn/transformer/train_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_examples(const struct ws_examples *examples,
                           const struct ws_train_text_form *form)
{
    uint32_t count = ws_tokenizer_count(form->tokenizer);
    uint64_t begin = 0;
    for (uint64_t i = 0; i < examples->count; i++) {
        require(examples->ends[i] > begin && examples->ends[i] - begin <= form->block);
        for (uint64_t t = begin; t < examples->ends[i]; t++) {
            require(examples->tokens[t] < count);
            require(examples->targets[t] < count || examples->targets[t] == WS_NO_TARGET);
        }
        begin = examples->ends[i];
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    static const char *const special[] = {"<|endoftext|>"};
    struct ws_arena arena;
    struct ws_train_text_form form = {
        .block = 1 + (data[0] & 15),
        .start = data[0] & 16 ? 0 : WS_NO_TOKEN,
        .end = data[0] & 32 ? 0 : WS_NO_TOKEN,
        .flags = data[0] & 64 ? WS_ENCODE_PLAIN : 0,
    };
    ws_arena_init(&arena, NULL);
    require(ws_tokenizer_train(ws_bytes_of_text("the cat sat on the mat"), 270, special, 1, &arena,
                               &form.tokenizer, NULL) == WS_OK);
    struct ws_train_text text;
    struct ws_buffer gathered;
    struct ws_examples examples;
    struct ws_bytes lines = ws_bytes_of(data + 1, size - 1);
    ws_train_text_init(&text, &form, NULL);
    ws_buffer_init(&gathered, NULL, 1 << 24);
    enum ws_status status = ws_train_text_json_lines(&text, lines, "fuzz", &(uint64_t){0}, NULL);
    require((ws_json_lines_text(lines, "fuzz", &(uint64_t){0}, &gathered, NULL) == WS_OK) ==
            (status == WS_OK));
    if (status == WS_OK && ws_train_text_examples(&text, &arena, &examples, NULL) == WS_OK)
        check_examples(&examples, &form);
    ws_buffer_release(&gathered);
    ws_train_text_release(&text);
    ws_arena_release(&arena);
    return 0;
}
