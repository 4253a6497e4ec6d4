/*
 * What the files of the tokenizer share. The order of work: tokenizer_added.c finds added tokens,
 * tokenizer_unicode.c normalises and classifies, tokenizer_split.c cuts words, tokenizer_merge.c
 * joins bytes; tokenizer.c puts them together. tokenizer_build.c makes the tables for what
 * tokenizer_json.c, tokenizer_pair.c and tokenizer_train.c bring.
 */
#ifndef WS_DATA_TOKENIZER_INTERNAL_H
#define WS_DATA_TOKENIZER_INTERNAL_H

#include <stdbool.h>

#include "base/json.h"
#include "data/tokenizer.h"

/* Characters ----------------------------------------------------------------------------------- */

enum ws_char_class {
    WS_CHAR_OTHER,
    WS_CHAR_LETTER, /* \p{L} */
    WS_CHAR_NUMBER, /* \p{N} */
    WS_CHAR_SPACE,  /* \s */
};

enum ws_char_class ws_char_class(int32_t character); /* of a code point; -1, no UTF-8: other */
bool ws_char_is_numeric(int32_t character);          /* as Digits sees it */
bool ws_char_is_word(int32_t character);             /* \w */

/* The character at the front of `text`, of at least one byte: its size in bytes, and its code point
 * or -1 for a byte that is no UTF-8. */
size_t ws_char_at(struct ws_bytes text, int32_t *out);
/* The character that ends `text`. */
size_t ws_char_before(struct ws_bytes text, int32_t *out);

/* `text` in NFC, appended to `out`. */
WS_MUST_CHECK enum ws_status ws_normalize(struct ws_bytes text, struct ws_buffer *out,
                                          struct ws_error *err);

/* A vocabulary file spells a byte as one of 256 printable characters: itself where it is printable
 * in Latin-1, else U+0100 and up. */
enum { WS_ALPHABET_END = 0x144 };        /* beyond the last of these characters */
int ws_alphabet_byte(int32_t character); /* -1 when it is none of them */
void ws_alphabet_spell(struct ws_bytes bytes, struct ws_buffer *out);
/* The bytes that `text` spells, into `out` of text.size bytes; false when it has other
 * characters. */
bool ws_alphabet_read(struct ws_bytes text, uint8_t *out, size_t *size);

/* Words ---------------------------------------------------------------------------------------- */

enum ws_split_step {
    WS_SPLIT_DIGITS,       /* numbers apart from the rest */
    WS_SPLIT_EACH_DIGIT,   /* every digit by itself */
    WS_SPLIT_WORDS,        /* by GPT-2's regular expression */
    WS_SPLIT_PREFIX_SPACE, /* does not cut: a space before what does not begin with one */
};
enum { WS_SPLIT_STEPS = 8 };

#define WS_GPT2_REGEX                                                                              \
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

/* The size of the first piece that `step` cuts from a text of at least one byte. */
size_t ws_split_piece(enum ws_split_step step, struct ws_bytes text);

/* Merges --------------------------------------------------------------------------------------- */

struct ws_merge {
    uint32_t left, right, product; /* ids */
};

struct ws_pair_slot {
    uint32_t left, right;
    uint32_t rank; /* 1 + the index of the merge; 0: empty */
};

struct ws_word_slot {
    uint32_t hash;
    uint32_t token; /* 1 + id; 0: empty */
};

/* Added tokens --------------------------------------------------------------------------------- */

struct ws_added_token {
    const char *text;
    uint32_t id;
    bool special, single_word, lstrip, rstrip, normalized;
};

struct ws_trie_node {
    uint32_t child, sibling; /* 0: none */
    uint32_t added;          /* 1 + the index of the added token that ends here; 0: none */
    uint8_t byte;
};

/* Added tokens by their bytes. */
struct ws_trie {
    struct ws_trie_node *nodes; /* from 1 */
    uint32_t node_count;
    uint32_t roots[256];
};

struct ws_added_match {
    size_t start, end; /* with the white space that is stripped */
    const struct ws_added_token *token;
};

/* Walks over the added tokens of a text from the front. */
struct ws_added_scan {
    const struct ws_tokenizer *tokenizer;
    const struct ws_trie *trie;
    struct ws_bytes text;
    bool plain;  /* special tokens are text */
    size_t next; /* where to go on looking */
    size_t done; /* the end of the last match */
};
bool ws_added_next(struct ws_added_scan *scan, struct ws_added_match *out);

/* The tokenizer -------------------------------------------------------------------------------- */

enum {
    WS_TOKEN_SPELT = 1, /* stands in files spelt in the byte alphabet */
    WS_TOKEN_WHOLE = 2, /* a word with these bytes becomes this token */
    WS_TOKEN_SPECIAL = 4,
};

struct ws_tokenizer {
    const struct ws_allocator *allocator;
    const char *name;          /* of the file with the vocabulary */
    const char *merges_name;   /* and of the one with the merges */
    uint32_t count;            /* of all tokens */
    uint32_t vocabulary_count; /* those of the model come first */
    uint8_t *letters;          /* the pieces, one behind the other */
    uint32_t *starts;          /* (count + 1) of each piece in `letters` */
    uint8_t *traits;           /* (count) WS_TOKEN_ */
    uint32_t bytes[256];       /* the token of each byte, or WS_NO_TOKEN */

    struct ws_merge *merges; /* by rank */
    uint32_t merge_count;
    struct ws_pair_slot *pairs;
    uint32_t pair_shift; /* a hash of 64 bits shifted by it is an index into `pairs` */
    struct ws_word_slot *words;
    uint32_t word_mask;
    uint32_t longest_word; /* bytes */

    bool nfc;
    bool ignore_merges; /* a word that is a token is never taken apart */
    bool can_cut;
    enum ws_split_step steps[WS_SPLIT_STEPS];
    uint32_t step_count;

    struct ws_added_token *added; /* by id */
    uint32_t added_count;
    struct ws_trie exact;      /* looked for in the text as it is */
    struct ws_trie normalized; /* looked for in the normalised text */

    uint32_t *front, *back;
    uint32_t front_count, back_count;
    uint32_t end_of_text;

    /* Parts of tokenizer.json as they were read; NULL: null. */
    const char *normalizer_json, *pre_tokenizer_json, *post_processor_json, *decoder_json;
};

/* Making one: a tokenizer with name and allocator; its vocabulary; then merges, settings and added
 * tokens are filled in; then it is completed. */
struct ws_tokenizer *ws_tokenizer_new(const char *name, struct ws_arena *arena);
/* `texts` (count), spelt as in files, followed by those of added tokens that are not among them. */
WS_MUST_CHECK enum ws_status ws_tokenizer_set_vocabulary(struct ws_tokenizer *tokenizer,
                                                         const char *const *texts, uint32_t count,
                                                         struct ws_arena *arena,
                                                         struct ws_error *err);
/* Words by GPT-2's regular expression, and what the files say of that. */
void ws_tokenizer_set_byte_level(struct ws_tokenizer *tokenizer, bool prefix_space);
WS_MUST_CHECK enum ws_status ws_tokenizer_complete(struct ws_tokenizer *tokenizer,
                                                   struct ws_arena *arena, struct ws_error *err);

uint32_t ws_word_hash(struct ws_bytes word);
/* The token of the vocabulary with these bytes, or WS_NO_TOKEN. */
uint32_t ws_tokenizer_find_word(const struct ws_tokenizer *tokenizer, struct ws_bytes word);

/* The next merge, of parts that are spelt as in files, into `merges`, which has room. */
WS_MUST_CHECK enum ws_status ws_tokenizer_add_merge(struct ws_tokenizer *tokenizer,
                                                    struct ws_bytes left, struct ws_bytes right,
                                                    struct ws_buffer *scratch,
                                                    struct ws_error *err);
/* The same from a line, "left right"; lines that begin with "#version" say nothing. */
WS_MUST_CHECK enum ws_status ws_tokenizer_add_merge_line(struct ws_tokenizer *tokenizer,
                                                         struct ws_bytes line,
                                                         struct ws_buffer *scratch,
                                                         struct ws_error *err);

/* Makes the table of pairs. WS_CORRUPT for a merge that is there twice. */
WS_MUST_CHECK enum ws_status ws_merge_index(struct ws_tokenizer *tokenizer, struct ws_arena *arena,
                                            struct ws_error *err);
/* Joins the bytes of a word: `out` has room for `word.size` ids. `scratch` is for long words. */
WS_MUST_CHECK enum ws_status ws_merge_word(const struct ws_tokenizer *tokenizer,
                                           struct ws_bytes word, uint32_t *out, size_t *count,
                                           struct ws_buffer *scratch, struct ws_error *err);

WS_MUST_CHECK enum ws_status ws_added_index(struct ws_tokenizer *tokenizer, struct ws_arena *arena,
                                            struct ws_error *err);

/* Reading JSON --------------------------------------------------------------------------------- */

/* A file being read. Places, as "tokenizer.json: pre_tokenizer", begin the messages. */
struct ws_reading {
    struct ws_tokenizer *tokenizer;
    struct ws_arena *arena;
    struct ws_arena *scratch;
    struct ws_error *err;
};

enum ws_status ws_reading_no_memory(struct ws_reading *r);
enum ws_status ws_reading_fail_type(struct ws_reading *r, const char *place, const char *type,
                                    const char *wanted);
/* "place: member", or NULL without memory. */
const char *ws_reading_place(struct ws_reading *r, const char *place, const char *member);
/* An object in a list, and its place. */
WS_MUST_CHECK enum ws_status ws_reading_item(struct ws_reading *r, const json_t *list, size_t index,
                                             const char *place, const char **item_place,
                                             const json_t **out);
/* Refuses members other than `known`: names between bars, "|type|id|". */
WS_MUST_CHECK enum ws_status ws_reading_only(struct ws_reading *r, const json_t *object,
                                             const char *known, const char *place);
/* A member that is a flag when it is there. */
WS_MUST_CHECK enum ws_status ws_reading_flag(struct ws_reading *r, const json_t *object,
                                             const char *key, const char *place, bool initial,
                                             bool *out);
/* The text of a part of the file, to be written back as it is; NULL for null. */
WS_MUST_CHECK enum ws_status ws_reading_keep(struct ws_reading *r, const json_t *part,
                                             const char **out);

WS_MUST_CHECK enum ws_status ws_reading_normalizer(struct ws_reading *r, const json_t *root,
                                                   const char *place);
WS_MUST_CHECK enum ws_status ws_reading_pre_tokenizer(struct ws_reading *r, const json_t *root,
                                                      const char *place);
WS_MUST_CHECK enum ws_status ws_reading_decoder(struct ws_reading *r, const json_t *root,
                                                const char *place);
/* After the vocabulary: it speaks of ids. */
WS_MUST_CHECK enum ws_status ws_reading_post_processor(struct ws_reading *r, const json_t *root,
                                                       const char *place);

/* An added token with id `said`; `next` is the first id that no token has. */
WS_MUST_CHECK enum ws_status ws_reading_added(struct ws_reading *r, const json_t *json,
                                              uint64_t said, const json_t *vocabulary,
                                              uint32_t next, const char *place,
                                              struct ws_added_token *out);
/* After the added tokens: it makes room for them. */
WS_MUST_CHECK enum ws_status ws_reading_vocabulary(struct ws_reading *r, const json_t *vocabulary,
                                                   const char *place);

#endif
