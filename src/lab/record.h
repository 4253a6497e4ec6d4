/*
 * Metric records: what is measured of one model of one chain.
 *
 * They are kept in a compact form, one chain and one generation after the other: a name is written
 * once and has a number from then on, a sample size once until it changes, and a value takes eight
 * bytes. `wellspring export` shows them as CSV, JSON lines or Parquet.
 *
 * The realised mix comes first: "mix/human", the share of human items among the n items that the
 * generation was trained on, then one record for each origin that is there, "mix/<source>/<depth>".
 * Where a policy trains on its whole pool, depths with equally many items share one record,
 * "mix/<source>/<first>..<last>": a pool of every generation would else write a record for each at
 * each. Format: docs/formats/metrics.md. Contract: tests/unit/test_record.c; the reader's fuzz
 * target is tests/fuzz/fuzz_record.c.
 */
#ifndef WS_LAB_RECORD_H
#define WS_LAB_RECORD_H

#include "lab/filter.h"
#include "measure/metric.h"

struct ws_record_place {
    const char *arm;
    uint64_t seed;
    uint32_t generation;
};

struct ws_record {
    struct ws_record_place place;
    const char *metric;
    const char *definition;
    uint64_t n;
    double value;
};

#define WS_MIX_DEFINITION    "mix.items/1"
#define WS_FILTER_DEFINITION "filter.items/1"
#define WS_EDIT_DEFINITION   "filter.tokens/1"
/* The noise floor of a metric (measure/metric.h): before its name, and before its definition. */
#define WS_FLOOR_NAME            "floor/"
#define WS_FLOOR_DEFINITION      "floor."
#define WS_TRAINING_DEFINITION   "loss.training/1"
#define WS_VALIDATION_DEFINITION "loss.validation/1"

/* The metrics that were named so far, numbered in the order in which they came. A name is a stem
 * and the number it ends with, if any: "mix/model/17" is of "mix/model/". */
struct ws_record_keys {
    struct ws_buffer known; /* struct key */
    size_t next;            /* the one to try first */
};

/* Writing -------------------------------------------------------------------------------------- */

/* Records of consecutive generations of one chain. */
struct ws_records {
    struct ws_buffer bytes;
    struct ws_record_keys keys;
};

void ws_records_init(struct ws_records *records, const struct ws_allocator *allocator);
void ws_records_reset(struct ws_records *records); /* empty; what follows stands by itself */
void ws_records_release(struct ws_records *records);

/* What was written before becomes the beginning of `records`, which is empty. WS_CORRUPT. */
WS_MUST_CHECK enum ws_status ws_records_resume(struct ws_records *records, struct ws_bytes bytes,
                                               struct ws_error *err);

/* Takes back what lies behind the first `size` bytes. A failure shows in the next ws_records_end.
 */
void ws_records_cut(struct ws_records *records, size_t size);

/* The records of a generation lie between begin and end. */
void ws_records_begin(struct ws_records *records, uint32_t generation);
void ws_records_add(struct ws_records *records, const char *metric, const char *definition,
                    uint64_t n, double value);
WS_MUST_CHECK enum ws_status ws_records_end(struct ws_records *records, struct ws_error *err);

/* `whole_pool`: depths are joined, which all seeds of such an arm do alike. */
void ws_record_mix(struct ws_records *records, const struct ws_mix_part *parts, size_t part_count,
                   uint64_t items, bool whole_pool);
void ws_record_measurements(struct ws_records *records, const struct ws_measurement *measurements,
                            size_t count);
/* "floor/<metric>", once for each chain, at generation 0. */
void ws_record_floors(struct ws_records *records, const struct ws_measurement *measurements,
                      size_t count);
/* What filters removed: for each filter and each source that it saw, items that came and that went
 * on, "filter/<number>/<name>/<source>/in" and ".../out"; of an editor also the share of tokens
 * that it drew anew, "filter/<number>/edit/changed"; and "filter/kept", the items that passed all
 * over those that came to the first. */
void ws_record_filters(struct ws_records *records, const struct ws_filtered *filtered,
                       size_t count);
/* Whether it is the share of an origin or of a histogram's bin: what has none has no record of it.
 */
bool ws_record_is_share(const char *metric);
/* "training_loss/<step>" and "validation_loss/<step>". */
void ws_record_curve(struct ws_records *records, const struct ws_loss_point *points, size_t count);

/* Reading -------------------------------------------------------------------------------------- */

enum { WS_METRIC_NAME_SIZE = 128 };

struct ws_records_reader {
    struct ws_reader in;
    const char *start;
    struct ws_record_keys keys;
    uint32_t generation; /* of the records that come next */
    bool inside;         /* of a generation */
    char name[WS_METRIC_NAME_SIZE];
};

/* A pure function of bytes, which must stay where they are. */
void ws_records_open(struct ws_records_reader *reader, struct ws_bytes bytes,
                     const struct ws_allocator *allocator);
void ws_records_close(struct ws_records_reader *reader);

/* Goes to the next generation; false at the end. Its records must have been read. WS_CORRUPT. */
WS_MUST_CHECK enum ws_status ws_records_next_generation(struct ws_records_reader *reader, bool *out,
                                                        struct ws_error *err);
/* The next record of the generation, all but its place; false when it has no more. The metric's
 * name lives until the next one is read, the definition as long as the bytes. */
WS_MUST_CHECK enum ws_status ws_records_next(struct ws_records_reader *reader,
                                             struct ws_record *record, bool *out,
                                             struct ws_error *err);

#endif
