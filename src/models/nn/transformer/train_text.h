/*
 * Training examples out of text: plain, or JSON lines.
 *
 * Plain text is one stream of tokens, cut in blocks of `block`; what is left behind the last whole
 * block is dropped, unless it is all there is. A JSON line is a document: {"text": ...} or
 * {"prompt": ..., "completion": ...}, where only the completion is learned. Its tokens, and the end
 * token where there is one, are cut in blocks too, of which the last may be shorter; of a prompt
 * with its completion only the first block is taken. Other members are passed over.
 *
 * Contract: tests/unit/test_train_text.c. Fuzz target: tests/fuzz/fuzz_train_text.c.
 */
#ifndef WS_MODELS_NN_TRANSFORMER_TRAIN_TEXT_H
#define WS_MODELS_NN_TRANSFORMER_TRAIN_TEXT_H

#include "data/tokenizer.h"
#include "models/nn/transformer/train.h"

struct ws_train_text_form {
    const struct ws_tokenizer *tokenizer;
    size_t block;   /* tokens of an example at most, >= 1 */
    uint32_t start; /* the token that each example begins with; WS_NO_TOKEN: none, then the target
                       of a token is the next one and the last has none */
    uint32_t end;   /* the token behind a document of JSON lines, or WS_NO_TOKEN */
    unsigned flags; /* of ws_tokenizer_encode, for what stands at the front of a text */
};

/* Collects what comes from any number of texts. */
struct ws_train_text {
    const struct ws_train_text_form *form;
    struct ws_buffer tokens; /* uint32_t */
    struct ws_buffer ends;   /* uint64_t: of each example, in tokens */
    struct ws_buffer given;  /* uint64_t: how many of its first tokens are not learned */
    uint64_t left_out;       /* JSON lines whose first block has nothing to learn */
    size_t from;             /* where the plain text that is being added began, in tokens */
    bool inside;             /* such a text, and not at its end */
};

void ws_train_text_init(struct ws_train_text *text, const struct ws_train_text_form *form,
                        const struct ws_allocator *allocator);
void ws_train_text_release(struct ws_train_text *text);

/* Pure functions of bytes; `name` starts messages, with the line. WS_CORRUPT: no JSON, or neither
 * of the two forms. */
WS_MUST_CHECK enum ws_status ws_train_text_plain(struct ws_train_text *text, struct ws_bytes bytes,
                                                 const char *name, struct ws_error *err);
/* The same of a text that comes in pieces, cut where ws_tokenizer_cut says. */
WS_MUST_CHECK enum ws_status ws_train_text_piece(struct ws_train_text *text, struct ws_bytes bytes,
                                                 const char *name, struct ws_error *err);
WS_MUST_CHECK enum ws_status ws_train_text_end(struct ws_train_text *text, struct ws_error *err);
/* Whole lines; *lines of the text came before, and is counted up. */
WS_MUST_CHECK enum ws_status ws_train_text_json_lines(struct ws_train_text *text,
                                                      struct ws_bytes bytes, const char *name,
                                                      uint64_t *lines, struct ws_error *err);

/* All that was collected, in `arena`. WS_UNSUPPORTED when there is nothing to learn. */
WS_MUST_CHECK enum ws_status ws_train_text_examples(const struct ws_train_text *text,
                                                    struct ws_arena *arena, struct ws_examples *out,
                                                    struct ws_error *err);

/* What a tokenizer should be trained on: the texts of JSON lines, one after the other. `lines` as
 * above. */
WS_MUST_CHECK enum ws_status ws_json_lines_text(struct ws_bytes bytes, const char *name,
                                                uint64_t *lines, struct ws_buffer *out,
                                                struct ws_error *err);

#endif
