/*
 * Human data of one seed: the original training set, a fresh stream, a held-out reference, and what
 * a fit may stop early by.
 *
 * Two kinds of source. A corpus, of text or vectors, is finite: it is cut in items, and each seed
 * deals the items into training, test, fresh stream and validation, never overlapping; test and
 * validation may come from corpora of their own. A generator (uniform, Zipf, the vectors of
 * data/law.h, and a teacher, a model that writes texts) is a known truth: its fresh stream never
 * ends, and metrics may use the truth itself.
 * A corpus may be larger than memory (base/spill.h).
 *
 * Everything is a function of (settings, corpus, seed): the data stream's keys leave the arm out,
 * so all arms of a seed see the same human items. Contract: tests/unit/test_human.c.
 */
#ifndef WS_DATA_HUMAN_H
#define WS_DATA_HUMAN_H

#include "base/hash.h"
#include "base/option.h"
#include "data/csv.h"
#include "data/dataset.h"
#include "data/law.h"
#include "data/text.h"
#include "data/tokenizer.h"
#include "data/truth.h"

/* What a token is. */
enum ws_human_unit {
    WS_UNIT_WORDS, /* data/text.h */
    WS_UNIT_BYTES, /* any byte is a token */
    WS_UNIT_BPE,   /* byte-level byte-pair encoding (data/tokenizer.h) */
};

enum ws_human_source {
    WS_HUMAN_TEXT,      /* token sequences: blocks of `block` tokens */
    WS_HUMAN_WORDS,     /* the corpus's tokens as independent symbols, by counts */
    WS_HUMAN_CSV,       /* vectors: the rows of a table of text */
    WS_HUMAN_NPY,       /* vectors: the rows of a NumPy array */
    WS_HUMAN_UNIFORM,   /* `types` symbols of equal probability */
    WS_HUMAN_ZIPF,      /* p(i) ~ 1 / (i + shift)^exponent, i = 1 .. types */
    WS_HUMAN_BERNOULLI, /* 0 and 1, by counts */
    WS_HUMAN_POISSON,   /* counts, by counts: type k is the count k */
    WS_HUMAN_TEACHER,   /* token sequences: blocks of `block` tokens that a model makes */
/* ... and the generators of vectors. */
#define X(id, name, row) WS_HUMAN_##id,
    WS_LAW_MAP(X)
#undef X
        WS_HUMAN_SOURCE_COUNT
};

struct ws_human_settings;

/* How teachers are opened and drawn from. Models are above this layer: models/teacher.h has them.
 */
struct ws_teachers {
    /* The model that the settings name. `texts`: all blocks of the corpus, to be fitted to; of a
     * model in a directory no items, but the types they have, and then `identity` is what it is,
     * wherever it lies. It lives in `arena`. */
    enum ws_status (*open)(const struct ws_human_settings *settings, const struct ws_dataset *texts,
                           struct ws_arena *arena, const void **model, struct ws_hash *identity,
                           struct ws_error *err);
    /* `count` >= 1 blocks, a function of the key; from several threads at once. */
    enum ws_status (*draw)(const void *model, uint64_t count, struct ws_rng_key key,
                           struct ws_arena *arena, const struct ws_payload **out,
                           struct ws_error *err);
};

/* The settings of all sources; which are used depends on `source`. */
struct ws_human_settings {
    uint32_t source;               /* enum ws_human_source */
    const char *corpus;            /* text, words: a file or directory; .gz and .zst are inflated;
                                      csv, npy: a file */
    const char *test_corpus;       /* all but words: the same for the reference; "": it is dealt */
    const char *validation_corpus; /* text: the same for validation */
    uint32_t unit;                 /* enum ws_human_unit */
    const char *tokenizer;     /* bpe: a tokenizer's file or directory; "": trained on the corpus */
    uint64_t vocabulary;       /* bpe, trained: tokens, WS_END_OF_TEXT the first of them */
    uint64_t block;            /* text: tokens in an item */
    uint64_t items;            /* base number of training items; 0: all that the others leave */
    uint64_t test_items;       /* items of the reference; 0 with a test_corpus: all of it */
    uint64_t validation_items; /* text; likewise */
    uint64_t fresh_items;      /* corpora: items of the fresh stream */
    uint64_t types;            /* uniform, zipf */
    double exponent;           /* zipf */
    double shift;              /* zipf */
    double probability;        /* bernoulli: of 1 */
    double rate;               /* poisson: the mean */
    const char *teacher;       /* teacher: a model's directory; "": an n-gram of the corpus ... */
    uint64_t teacher_order;    /* ... of this order */
    const struct ws_teachers *teachers; /* teacher; no setting: whoever opens the data gives it */
    struct ws_text_list columns;        /* csv, npy: those that make a vector; none: all */
    struct ws_csv_form csv;
    struct ws_law_settings law;
};

/* NULL when the source is no generator of vectors. */
const struct ws_law_row *ws_human_law(const struct ws_human_settings *settings);
/* The setting because of which the source does not read the setting `name` of ws_human_options:
 * "source" itself, "unit", or one beside which it has no meaning. NULL when it is read. */
const char *ws_human_obstacle(const struct ws_human_settings *settings, const char *name);
/* The default of `option` for the source. */
const char *ws_human_initial(const struct ws_human_settings *settings,
                             const struct ws_option *option);

extern const struct ws_option_table ws_human_options;

/* The special token, number 0, of a tokenizer that is trained here. */
#define WS_END_OF_TEXT "<|endoftext|>"

/* What is loaded once and shared by all seeds and threads: the corpus, its vocabulary, its hash.
 * For generators it holds only the truth. */
struct ws_human;

/* WS_INVALID when a corpus is too small for the settings; WS_NOT_FOUND, WS_UNSUPPORTED (empty, or
 * binary), WS_CORRUPT, WS_LIMIT when it is a corpus's fault. `at_fault`, if not NULL, then names
 * the setting. */
WS_MUST_CHECK enum ws_status ws_human_open(const struct ws_human_settings *settings,
                                           const struct ws_allocator *allocator,
                                           struct ws_human **out, const char **at_fault,
                                           struct ws_error *err);
void ws_human_close(struct ws_human *human); /* NULL is fine */

/* Opens data of other settings beside `human`; they are closed with it. They become variant 1, 2,
 * ... in the order in which they are opened. Fails like ws_human_open. */
WS_MUST_CHECK enum ws_status ws_human_open_variant(struct ws_human *human,
                                                   const struct ws_human_settings *settings,
                                                   const char **at_fault, struct ws_error *err);
/* Variant 0 is `human` itself. */
const struct ws_human *ws_human_variant(const struct ws_human *human, size_t variant);

/* A dataset of no items that has the kind, types and dimension of all that are dealt. */
const struct ws_dataset *ws_human_shape(const struct ws_human *human);
/* Numbers (vectors) or tokens in an item; 1 for symbols. */
uint64_t ws_human_item_size(const struct ws_human *human);
/* How many items every deal's original data have. */
uint64_t ws_human_items(const struct ws_human *human);

/* What results depend on beside settings, wherever it lies: a corpus is its bytes, of text after
 * inflation, a tokenizer its tokenizer.json as it is written here. None for generators. */
struct ws_human_input {
    const char *name; /* of the setting: "corpus" */
    struct ws_hash hash;
};
const struct ws_human_input *ws_human_inputs(const struct ws_human *human, size_t *count);

/* NULL for vectors, generators and bpe ... */
const struct ws_vocabulary *ws_human_vocabulary(const struct ws_human *human);
/* ... and NULL for anything else. */
const struct ws_tokenizer *ws_human_tokenizer(const struct ws_human *human);
/* Appends tokens as they are read; sources of token sequences only. */
WS_MUST_CHECK enum ws_status ws_human_text(const struct ws_human *human, const uint32_t *ids,
                                           size_t count, struct ws_buffer *out,
                                           struct ws_error *err);
/* NULL unless the source is uniform or Zipf. */
const struct ws_truth *ws_human_truth(const struct ws_human *human);
/* The model behind the source `teacher`, as `teachers` opened it; NULL for any other. */
const void *ws_human_teacher(const struct ws_human *human);
/* The true mean of counts; NaN unless the source is bernoulli or poisson. */
double ws_human_mean(const struct ws_human *human);

/* The deal of one seed. All datasets live in `arena`. */
struct ws_deal {
    const struct ws_human *human;
    uint64_t seed;
    struct ws_dataset original;   /* `items` items */
    struct ws_dataset reference;  /* `test_items` items; empty when that is 0 */
    struct ws_dataset validation; /* likewise */
    struct ws_dataset fresh;      /* corpora: the stream, `fresh_items` items. Generators: empty */
    const struct ws_law *law;     /* NULL when the source is no generator of vectors */
    const uint32_t *stream; /* the order of `fresh`, a random one: numbers of blocks, or symbols */
};
WS_MUST_CHECK enum ws_status ws_human_deal(const struct ws_human *human, uint64_t seed,
                                           struct ws_arena *arena, struct ws_deal *out,
                                           struct ws_error *err);

/* `count` fresh items for `step`, never given before: for a corpus the next ones of the stream
 * after the `used` items that earlier steps took (WS_INVALID when it is exhausted); for a generator
 * new draws keyed by the step. */
WS_MUST_CHECK enum ws_status ws_deal_fresh(const struct ws_deal *deal, uint32_t step, uint64_t used,
                                           uint64_t count, struct ws_arena *arena,
                                           struct ws_dataset *out, struct ws_error *err);

/* `count` human items for a control or a noise floor: a corpus gives them without replacement from
 * original and fresh together, drawn with `key` (WS_INVALID when they are fewer); a generator makes
 * new ones from `key`, of source fresh. */
WS_MUST_CHECK enum ws_status ws_deal_human(const struct ws_deal *deal, uint64_t count,
                                           struct ws_rng_key key, struct ws_arena *arena,
                                           struct ws_dataset *out, struct ws_error *err);

/* `count` more human items, none of which is in `taken`, that ws_deal_human gave. Empty where a
 * corpus has fewer left. */
WS_MUST_CHECK enum ws_status ws_deal_human_other(const struct ws_deal *deal,
                                                 const struct ws_dataset *taken, uint64_t count,
                                                 struct ws_rng_key key, struct ws_arena *arena,
                                                 struct ws_dataset *out, struct ws_error *err);

#endif
