/*
 * Byte-level BPE tokenizers: text to token ids, ids to text, and training one; equal id for id to
 * the Hugging Face library `tokenizers` 0.23.
 *
 * A text is cut at added tokens, put in NFC where the tokenizer says so, cut into words (digits
 * apart, GPT-2's regular expression, or not at all), and the bytes of each word are joined by the
 * merges: lowest rank first, then leftmost (Sennrich, Haddow and Birch 2016, arXiv:1508.07909; on
 * bytes: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners").
 *
 * Text may be any bytes. A byte that is part of no well-formed UTF-8 character (the Unicode
 * Standard, table 3-7) counts as one character that is neither letter, number nor white space, and
 * NFC leaves it alone. Classes are those of Unicode 16, which that version of the library has.
 *
 * Two things differ on purpose: decoding gives the very bytes, where the library repairs text with
 * U+FFFD and takes an added token that looks like the byte alphabet for bytes; and a byte without a
 * token, which the library drops, is an error.
 *
 * Contract: tests/unit/test_tokenizer.c, test_tokenizer_file.c, test_tokenizer_train.c,
 * tests/conformance/test_tokenizer_reference.c, tests/fuzz/fuzz_tokenizer*.c.
 */
#ifndef WS_DATA_TOKENIZER_H
#define WS_DATA_TOKENIZER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/status.h"

/* Immutable, in the arena it was made in; any number of threads may use it. */
struct ws_tokenizer;

#define WS_NO_TOKEN UINT32_MAX

/* Flags; 0 is what the library does with add_special_tokens=False. */
enum {
    WS_ENCODE_FRONT = 1, /* add what the tokenizer puts before a text, as OPT's </s> */
    WS_ENCODE_BACK = 2,  /* and what it puts behind */
    WS_ENCODE_PLAIN = 4, /* special tokens that are spelt out in the text are ordinary text */
};
enum {
    WS_DECODE_PLAIN = 1, /* leave special tokens out */
};

/* A tokenizer.json. `name` starts every message. What is in it but not supported is
 * WS_UNSUPPORTED and named; what contradicts itself is WS_CORRUPT: ids that are not 0 to n - 1, a
 * merge twice or of parts that are no tokens, an added token whose id is another's. */
WS_MUST_CHECK enum ws_status ws_tokenizer_parse(struct ws_bytes json, const char *name,
                                                struct ws_arena *arena,
                                                const struct ws_tokenizer **out,
                                                struct ws_error *err);

/* The older form: vocab.json (or encoder.json) and merges.txt (or vocab.bpe). Special tokens and
 * what is put at a text's front come from tokenizer_config.json; without one, <|endoftext|> is
 * special where the vocabulary has it. */
struct ws_tokenizer_pair {
    struct ws_bytes vocabulary, merges, config; /* config.data NULL: there is none */
    const char *vocabulary_name, *merges_name, *config_name;
    bool has_added_tokens; /* an added_tokens.json is there: then `config` must say its tokens */
};
WS_MUST_CHECK enum ws_status ws_tokenizer_parse_pair(const struct ws_tokenizer_pair *files,
                                                     struct ws_arena *arena,
                                                     const struct ws_tokenizer **out,
                                                     struct ws_error *err);

/* `path` is a tokenizer.json or a directory with one; else with vocab.json and merges.txt; else
 * with encoder.json and vocab.bpe. */
WS_MUST_CHECK enum ws_status ws_tokenizer_open(const char *path, struct ws_arena *arena,
                                               const struct ws_tokenizer **out,
                                               struct ws_error *err);

/* Trains on the lines of a text, each with its newline, as the library's Tokenizer.train does on a
 * file with a BpeTrainer: pre-tokenizer ByteLevel without prefix space, min_frequency 0, the 256
 * bytes as initial alphabet. Ids are the special tokens, the bytes in the order of the characters
 * that spell them, the merges. A text with too few pairs gives fewer than `count` tokens.
 *
 * Of the text, which is added in pieces of whole lines, only the distinct words are kept. */
struct ws_tokenizer_training;
/* WS_INVALID when `count` leaves no room for the bytes. */
WS_MUST_CHECK enum ws_status ws_tokenizer_training_open(uint32_t count, const char *const *special,
                                                        size_t special_count,
                                                        const struct ws_allocator *allocator,
                                                        struct ws_tokenizer_training **out,
                                                        struct ws_error *err);
/* Where a text that goes on may be cut: behind its last whole line, or 0. */
size_t ws_tokenizer_training_cut(struct ws_bytes text);
WS_MUST_CHECK enum ws_status ws_tokenizer_training_add(struct ws_tokenizer_training *training,
                                                       struct ws_bytes text, struct ws_error *err);
/* Once, after which the training can only be closed. */
WS_MUST_CHECK enum ws_status ws_tokenizer_training_finish(struct ws_tokenizer_training *training,
                                                          struct ws_arena *arena,
                                                          const struct ws_tokenizer **out,
                                                          struct ws_error *err);
void ws_tokenizer_training_close(struct ws_tokenizer_training *training); /* NULL is fine */

/* All of it on one text. */
WS_MUST_CHECK enum ws_status ws_tokenizer_train(struct ws_bytes text, uint32_t count,
                                                const char *const *special, size_t special_count,
                                                struct ws_arena *arena,
                                                const struct ws_tokenizer **out,
                                                struct ws_error *err);

/* Appends the ids of `text` to `out`, as uint32_t in the machine's byte order. */
WS_MUST_CHECK enum ws_status ws_tokenizer_encode(const struct ws_tokenizer *tokenizer,
                                                 struct ws_bytes text, unsigned flags,
                                                 struct ws_buffer *out, struct ws_error *err);

/* Where a text that goes on may be cut: the largest p > 0 such that the ids of text[0, p) and those
 * of everything from p on, one behind the other, are the ids of the whole. 0 when there is none. */
size_t ws_tokenizer_cut(const struct ws_tokenizer *tokenizer, struct ws_bytes text);

/* Appends the bytes of the ids: the very text that was encoded, unless the tokenizer normalises,
 * adds a space at the front, or strips around added tokens. WS_INVALID for an id that is none. */
WS_MUST_CHECK enum ws_status ws_tokenizer_decode(const struct ws_tokenizer *tokenizer,
                                                 const uint32_t *ids, size_t count, unsigned flags,
                                                 struct ws_buffer *out, struct ws_error *err);

/* How many tokens there are; ids are below it. */
uint32_t ws_tokenizer_count(const struct ws_tokenizer *tokenizer);

/* The token that is spelt `text`, an added one rather than another, or WS_NO_TOKEN. */
uint32_t ws_tokenizer_find(const struct ws_tokenizer *tokenizer, const char *text);

/* The bytes of token `id` < count. */
struct ws_bytes ws_tokenizer_piece(const struct ws_tokenizer *tokenizer, uint32_t id);

/* The token that ends a text: a pair's eos_token, else the special token <|endoftext|>, else the
 * special token </s>, else WS_NO_TOKEN. */
uint32_t ws_tokenizer_end_of_text(const struct ws_tokenizer *tokenizer);

/* tokenizer.json, as the library loads it. */
void ws_tokenizer_write_json(const struct ws_tokenizer *tokenizer, struct ws_buffer *out);

/* Writes vocab.json, merges.txt, tokenizer_config.json and tokenizer.json into `directory`, which
 * is made, each file whole or not at all. What is opened from there encodes alike. The
 * configuration is for `transformers`, and for special tokens where tokenizer.json is lost. */
WS_MUST_CHECK enum ws_status ws_tokenizer_save(const struct ws_tokenizer *tokenizer,
                                               const char *directory, struct ws_error *err);

#endif
